import type { CodecName } from "../../codec/names.ts";
import { leaseCompressor } from "../../codec/lease.ts";
import { fitting, maxCompressedSize } from "../../codec/output_size.ts";
import { globalMemoryPool, MemoryPool } from "../../pool/memory_pool.ts";
import {
  type Block,
  BlockReader,
  type SkippedRegion,
} from "../damage/block_reader.ts";
import { BlockTransformer } from "./block_transformer.ts";
import type { JobControl } from "./shared_state.ts";
import { SUM_SIZE, SUMS_HEADER_SIZE } from "../format/sums.ts";
import type { Tally } from "./tally.ts";
import { openSpool } from "./spool_file.ts";
import {
  type ByteSource,
  fileError,
  type FileIdentity,
  nodeFs,
  openSame,
} from "../source/byte_source.ts";
import { writeFully } from "../target/write_fully.ts";
import { ContentCheck } from "../damage/content_check.ts";
import { KnownDocuments } from "../damage/known_documents.ts";

/** Everything a thread needs to know of a job. */
export interface Job {
  /** Path of the source. */
  source: string;
  /** Which file that is, so that all threads read the same. */
  identity?: FileIdentity;
  /** What users know it by. */
  name: string;
  /** Path of the spool file, for sources that are not plain bin files. */
  spool?: string;
  /** Codec of the source as a whole. */
  sourcePackage: CodecName;
  /** Path of the file that is written before it becomes the target; undefined when documents are only looked at. */
  output?: string;
  /** Path of the file that the sums of documents are written to, if any. */
  sums?: string;
  /** Codec of the source's contents. */
  from: CodecName;
  /** Codec of the target's contents. */
  to: CodecName;
  /** Whether records stay as they are, because they have the target's codec already. */
  copies: boolean;
  /** Level of the target's contents; the codec's default when not given. */
  level?: number;
  /** Codec of the target as a whole, if its streams can be put one after the other; else `none`. */
  package: CodecName;
  /** Offset of the first record. */
  start: number;
  /** Offset before which records have to start; Infinity for all. */
  end: number;
  /** Most documents to take; Infinity for all. */
  limit: number;
  /** Documents per part of the target; Infinity for a single part. */
  split: number;
  /** Whether to write contents only. */
  contentOnly: boolean;
  /** Whether contents do not matter: records are only counted. */
  headersOnly: boolean;
  /** Offsets of records to leave out, in order, in shared memory. */
  omitted?: Float64Array;
  /** Memory of the {@linkcode KnownDocuments} of the source, if there are any. */
  known?: SharedArrayBuffer;
  /** Whether to leave out what is damaged. */
  skipErrors: boolean;
  /** Whether the records are known to be whole, so that only contents can be damaged. */
  intact: boolean;
  /** Whether to work with pooled memory. */
  pooled: boolean;
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Most bytes a content may decompress to. */
  maxSize: number;
  /** Bytes to read at a time. */
  blockSize: number;
}

/** What a thread has to say at the end. */
export interface WorkerReport {
  /** Ranges of the source that were skipped. */
  skipped: SkippedRegion[];
  /** Records among them whose contents did not decompress. */
  dropped: number;
  /** Records that others had swallowed, and that were found again. */
  recovered: number;
  /** Records that were left out because they were to be. */
  omitted: number;
  /** What was counted, if documents were only looked at. */
  tally?: Tally;
}

/** A report of nothing but ranges that were skipped. */
export function reportOf(skipped: SkippedRegion[]): WorkerReport {
  return { skipped, dropped: 0, recovered: 0, omitted: 0 };
}

/** Path of the file that a part of the output, or of its sums, is written to. */
export function partPath(
  { split }: Job,
  output: string,
  part: number,
): string {
  return split === Infinity ? output : `${output}.${part + 1}`;
}

/**
 * Does a thread's share of a job: takes the input cursor, reads a block and
 * lets go; transforms it; waits for its turn at the output cursor, reserves its
 * range and lets go; writes.
 *
 * @param worker Number of the thread, under which its progress is counted.
 * @param afterBlock Called between blocks; may wait.
 */
export async function runJob(
  job: Job,
  control: JobControl,
  worker: number,
  afterBlock?: () => Promise<void>,
): Promise<WorkerReport> {
  const share = new JobShare(job, control, worker);
  try {
    while (await control.lockInput()) {
      const task = takeBlock(job, control, share.reader);
      if (task === undefined) break;
      await share.process(task);
      await afterBlock?.();
    }
    return share.report();
  } finally {
    share[Symbol.dispose]();
  }
}

const NOTHING = new Uint8Array(0);

/** What a thread works with. */
class JobShare implements Disposable {
  readonly reader: BlockReader;
  readonly #control: JobControl;
  readonly #worker: number;
  readonly #source: ByteSource;
  /** Undefined when documents are only looked at. */
  readonly #output: OutputFile | undefined;
  /** Undefined when no sums are wanted. */
  readonly #sums: OutputFile | undefined;
  /** Undefined when records are copied unseen. */
  readonly #transformer: BlockTransformer | undefined;
  /** Undefined when the target is not compressed as a whole. */
  readonly #packer: Packer | undefined;
  readonly #skipped: SkippedRegion[] = [];

  constructor(job: Job, control: JobControl, worker: number) {
    this.#control = control;
    this.#worker = worker;
    const { name: file, blockSize, headersOnly } = job;
    const pool = job.pooled
      ? globalMemoryPool
      : new MemoryPool({ enabled: false });
    const checkContent = job.skipErrors
      ? new ContentCheck(job.from, {
        maxSize: job.maxSize,
        pool,
        known: job.known && new KnownDocuments(job.known),
      })
      : undefined;
    this.#source = job.spool === undefined
      ? openSame(job.source, file, job.identity)
      : openSpool(job.spool, file, control);
    try {
      const discards = job.output === undefined;
      if (!discards) this.#output = new OutputFile(job, job.output!);
      if (job.sums !== undefined) this.#sums = new OutputFile(job, job.sums);
      const sums = job.sums !== undefined;
      // Who wants damage left out wants contents looked at, even if they stay.
      // Contents that come from elsewhere have yet to prove what they are.
      const verifies = job.skipErrors || sums ||
        job.intact && job.from !== "none";
      const isPlainCopy = job.copies && !verifies && job.omitted === undefined;
      if (!headersOnly && (discards || !isPlainCopy)) {
        this.#transformer = new BlockTransformer(
          { ...job, file, pool, checkContent, verifies, discards, sums },
          blockSize,
        );
      }
      if (job.package !== "none") this.#packer = new Packer(job.package, pool);
      this.reader = new BlockReader(this.#source, {
        ...job,
        checkContent: job.intact ? undefined : checkContent,
      });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Transforms and writes a block. */
  async process({ block, ticket, part }: Task): Promise<void> {
    // Errors are thrown in their turn, so that the first of the file is the one reported.
    if (block instanceof Error) {
      if (await this.#control.waitTurn(ticket)) throw block;
      return;
    }
    if (block.skipped !== undefined) this.#skipped.push(block.skipped);
    let at = 0;
    let hasTurn = false;
    do {
      let bytes = this.#output === undefined
        ? NOTHING
        : block.bytes.subarray(0, block.end);
      if (this.#transformer === undefined) at = block.end;
      else {
        try {
          at = this.#transformer.transform(block, at);
        } catch (error) {
          if (await this.#control.waitTurn(ticket)) throw error;
          return;
        }
        const { output, outputLength } = this.#transformer;
        bytes = output.subarray(0, outputLength);
      }
      if (this.#packer !== undefined && bytes.length > 0) {
        bytes = this.#packer.pack(bytes);
      }
      if (!hasTurn && !await this.#control.waitTurn(ticket)) return;
      hasTurn = true;
      const position = this.#control.reserveOutput(part, bytes.length);
      const sums = this.#transformer?.sums?.entries ?? NOTHING;
      const first = this.#control.reserveDocuments(sums.length / SUM_SIZE);
      // Writing goes on beside the next block's turn.
      if (at >= block.end) this.#control.passTurn();
      this.#output?.write(part, bytes, position);
      this.#sums?.write(part, sums, SUMS_HEADER_SIZE + SUM_SIZE * first);
      this.#control.count(this.#worker, 0, 0, bytes.length);
    } while (at < block.end);
    const documents = this.#transformer?.takeCount() ?? block.records;
    const size = block.next - block.position;
    this.#control.count(this.#worker, documents, size, 0);
  }

  report(): WorkerReport {
    const dropped = this.#transformer?.skipped ?? [];
    return {
      skipped: [...this.#skipped, ...dropped],
      dropped: dropped.length,
      recovered: this.#transformer?.recovered ?? 0,
      omitted: this.#transformer?.omitted ?? 0,
      tally: this.#transformer?.tally,
    };
  }

  /** Gives back all there is, which is not everything if the constructor has thrown. */
  [Symbol.dispose](): void {
    this.#source?.close();
    this.#output?.[Symbol.dispose]();
    this.#sums?.[Symbol.dispose]();
    this.#transformer?.[Symbol.dispose]();
    this.#packer?.[Symbol.dispose]();
  }
}

/** A block and its place in the order of things. */
interface Task {
  block: Block | Error;
  ticket: number;
  part: number;
}

/** Reads the next block and lets go of the input cursor, which must be held. */
function takeBlock(
  job: Job,
  control: JobControl,
  reader: BlockReader,
): Task | undefined {
  try {
    const taken = control.recordsTaken;
    // Said to all, so that a package is not unpacked any further either.
    if (taken >= job.limit) control.inputDone = true;
    if (control.inputDone) return undefined;
    const leftInPart = job.split === Infinity
      ? Infinity
      : job.split - taken % job.split;
    const part = job.split === Infinity ? 0 : Math.floor(taken / job.split);
    let block: Block | Error | undefined;
    try {
      block = reader.read(
        control.inputPosition,
        Math.min(job.limit - taken, leftInPart),
      );
    } catch (error) {
      block = error as Error;
    }
    if (block === undefined || block instanceof Error) control.inputDone = true;
    else {
      control.inputPosition = block.next;
      control.recordsTaken = taken + block.records;
    }
    return block && { block, ticket: control.takeTicket(), part };
  } finally {
    control.unlockInput();
  }
}

/** Compresses blocks of output as a whole, each as a stream of its own. */
class Packer implements Disposable {
  readonly #codec: CodecName;
  readonly #compressor;
  #packed = new Uint8Array(0);

  constructor(codec: CodecName, pool: MemoryPool) {
    this.#codec = codec;
    this.#compressor = leaseCompressor(codec, { pool });
  }

  /** @returns The stream, valid until the next call. */
  pack(bytes: Uint8Array): Uint8Array {
    const room = maxCompressedSize(bytes.length);
    if (room > this.#packed.length) this.#packed = new Uint8Array(room);
    // The stream must not depend on which ones this thread has made before.
    this.#compressor.restart?.();
    const size = this.#compressor.compress(bytes, this.#packed, 0);
    return this.#packed.subarray(0, fitting(size, this.#codec, bytes.length));
  }

  [Symbol.dispose](): void {
    this.#compressor[Symbol.dispose]();
  }
}

/** The output, of which several threads write different ranges. */
class OutputFile implements Disposable {
  readonly #job: Job;
  readonly #path: string;
  readonly #fs = nodeFs();
  #part = -1;
  #descriptor = -1;

  constructor(job: Job, path: string) {
    this.#job = job;
    this.#path = path;
  }

  write(part: number, bytes: Uint8Array, position: number): void {
    const path = partPath(this.#job, this.#path, part);
    try {
      if (part !== this.#part) this.#open(part, path);
      writeFully(this.#descriptor, bytes, position);
    } catch (error) {
      throw fileError("write", path, error);
    }
  }

  [Symbol.dispose](): void {
    if (this.#part >= 0) this.#fs.closeSync(this.#descriptor);
    this.#part = -1;
  }

  #open(part: number, path: string): void {
    this[Symbol.dispose]();
    const { O_WRONLY, O_CREAT } = this.#fs.constants;
    // Not truncated: another thread may have written to it already.
    this.#descriptor = this.#fs.openSync(path, O_WRONLY | O_CREAT, 0o666);
    this.#part = part;
  }
}
