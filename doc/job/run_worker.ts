import {
  type Block,
  BlockReader,
  type SkippedRegion,
} from "../damage/block_reader.ts";
import { ContentCheck } from "../damage/content_check.ts";
import { BlockTransformer } from "./block_transformer.ts";
import type { Job } from "./job.ts";
import type { WorkerIo } from "./job_files.ts";
import { Packer } from "./packer.ts";
import type { SharedState } from "./shared_state.ts";
import { createStep } from "./steps/create_step.ts";
import type { RecordStep } from "./steps/record_step.ts";
import { createReport, type WorkerReport } from "./worker_report.ts";

/**
 * Does a thread's share of a job. For each block: takes the input cursor, reads
 * the block and releases the cursor; transforms the block; waits for its turn at
 * the output cursor, reserves a range and releases the cursor; writes.
 *
 * @param io Open files; the caller closes them.
 * @param worker Number of the thread, for its progress.
 * @param afterBlock Called after each block. The next one waits for it.
 */
export async function runWorker(
  job: Job,
  io: WorkerIo,
  state: SharedState,
  worker: number,
  afterBlock?: () => Promise<void>,
): Promise<WorkerReport> {
  const share = new Share(job, io, state, worker);
  try {
    while (await state.lockInput()) {
      const task = share.take();
      if (task === undefined) break;
      await share.process(task);
      await afterBlock?.();
    }
    return share.report();
  } finally {
    share[Symbol.dispose]();
  }
}

/** A block and its place in the order of the target. */
interface BlockTask {
  /** The block, or why it cannot be read. */
  block: Block | Error;
  /** Its number. */
  ticket: number;
  /** The part of the target that it belongs to. */
  part: number;
}

/** A thread's share of a job. */
class Share implements Disposable {
  readonly #job: Job;
  readonly #io: WorkerIo;
  readonly #state: SharedState;
  readonly #worker: number;
  readonly #reader: BlockReader;
  /** Undefined if blocks are copied, or just counted. */
  readonly #transformer: BlockTransformer | undefined;
  /** Undefined if the output is not compressed in blocks. */
  readonly #packer: Packer | undefined;
  readonly #skipped: SkippedRegion[] = [];

  constructor(job: Job, io: WorkerIo, state: SharedState, worker: number) {
    this.#job = job;
    this.#io = io;
    this.#state = state;
    this.#worker = worker;
    const { source, skipErrors, intact, keySizeLimit, maxSize } = job;
    const { pool, known } = io;
    const checkContent = skipErrors && !intact
      ? new ContentCheck(source.codec, { maxSize, pool, known })
      : undefined;
    this.#reader = new BlockReader(io.source, {
      blockSize: job.blockSize,
      keySizeLimit,
      checkContent,
      end: job.end,
      headersOnly: job.steps.length === 0 && io.output === undefined,
    });
    if (job.steps.length > 0) {
      this.#transformer = new BlockTransformer(
        createSteps(job, io),
        io.output === undefined ? 0 : job.blockSize,
        { file: source.name, keySizeLimit, skipErrors, checkContent },
      );
    }
    try {
      if (job.blockCodec !== "none") {
        this.#packer = new Packer(job.blockCodec, pool);
      }
    } catch (error) {
      this.#transformer?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Reads the next block and releases the input cursor, which the thread must hold. */
  take(): BlockTask | undefined {
    const { limit, split } = this.#job;
    const state = this.#state;
    try {
      const taken = state.recordsTaken;
      // For all threads, so that a package is not unpacked any further either.
      if (taken >= limit) state.inputDone = true;
      if (state.inputDone) return undefined;
      const isSplit = split !== Infinity;
      const leftInPart = isSplit ? split - taken % split : Infinity;
      const part = isSplit ? Math.floor(taken / split) : 0;
      let block: Block | Error | undefined;
      try {
        const maxRecords = Math.min(limit - taken, leftInPart);
        block = this.#reader.read(state.inputPosition, maxRecords);
      } catch (error) {
        block = error as Error;
      }
      if (block === undefined || block instanceof Error) state.inputDone = true;
      else {
        state.inputPosition = block.next;
        state.recordsTaken = taken + block.records;
      }
      return block && { block, ticket: state.takeTicket(), part };
    } finally {
      state.unlockInput();
    }
  }

  /** Transforms and writes a block. */
  async process({ block, ticket, part }: BlockTask): Promise<void> {
    const state = this.#state;
    // Thrown in its turn, so that the first error in the file is reported.
    if (block instanceof Error) {
      if (await state.waitTurn(ticket)) throw block;
      return;
    }
    if (block.skipped !== undefined) this.#skipped.push(block.skipped);
    const { output } = this.#io;
    const transformer = this.#transformer;
    let at = 0;
    let hasTurn = false;
    do {
      let bytes = block.bytes.subarray(0, block.end);
      let documents = block.records;
      if (transformer === undefined) at = block.end;
      else {
        try {
          at = transformer.transform(block, at);
        } catch (error) {
          if (await state.waitTurn(ticket)) throw error;
          return;
        }
        const slab = transformer.output;
        bytes = slab.bytes.subarray(0, slab.length);
        documents = transformer.documents;
      }
      if (output === undefined) bytes = NOTHING;
      else if (this.#packer !== undefined && bytes.length > 0) {
        bytes = this.#packer.pack(bytes);
      }
      if (!hasTurn && !await state.waitTurn(ticket)) return;
      hasTurn = true;
      const position = state.reserveOutput(part, bytes.length);
      const first = state.reserveDocuments(documents);
      // The next block's turn starts while this one is written.
      if (at >= block.end) state.passTurn();
      await output?.write(part, bytes, position);
      await transformer?.flush(part, first);
      state.count(this.#worker, documents, 0, bytes.length);
    } while (at < block.end);
    state.count(this.#worker, 0, block.next - block.position, 0);
  }

  report(): WorkerReport {
    const report = createReport(this.#skipped);
    this.#transformer?.report(report);
    return report;
  }

  [Symbol.dispose](): void {
    this.#transformer?.[Symbol.dispose]();
    this.#packer?.[Symbol.dispose]();
  }
}

const NOTHING = new Uint8Array(0);

function createSteps(job: Job, io: WorkerIo): RecordStep[] {
  const steps: RecordStep[] = [];
  try {
    for (const plan of job.steps) {
      const { pool, sums } = io;
      steps.push(createStep(plan, { pool, maxSize: job.maxSize, sums }));
    }
    return steps;
  } catch (error) {
    for (const step of steps) step[Symbol.dispose]?.();
    throw error;
  }
}
