import type { MemoryPool } from "../../pool/memory_pool.ts";
import { KnownDocuments } from "../damage/known_documents.ts";
import { type ByteSource, openSame } from "../source/byte_source.ts";
import type { ByteSink } from "../target/byte_sink.ts";
import {
  openFileParts,
  type PartSink,
  singlePart,
} from "../target/part_sink.ts";
import type { Job } from "./job.ts";
import type { SharedState } from "./shared_state.ts";
import { spoolSource } from "./spool_file.ts";

/** The files of a job that is running: plain data, from which every thread opens its own. */
export interface JobFiles {
  /** Path of the spool file, if the records do not come straight from the source. */
  readonly spool?: string;
  /** Path of the file, or of its parts, that becomes the target; undefined if nothing is written. */
  readonly output?: string;
  /** Path of the file of checksums, if there are any. */
  readonly sums?: string;
  /** Memory of the {@linkcode KnownDocuments} of the source, if there are any. */
  readonly known?: SharedArrayBuffer;
}

/** What a thread reads from and writes to. */
export interface WorkerIo {
  /** Where the records come from. */
  readonly source: ByteSource;
  /** Where they are written; undefined if nothing is. */
  readonly output?: PartSink;
  /** Where checksums are written, if there are any. */
  readonly sums?: PartSink;
  /** Documents that are known by their checksums. */
  readonly known?: KnownDocuments;
  /** The pool. */
  readonly pool: MemoryPool;
}

/**
 * Calls `use` with the files of a job, open in this thread.
 *
 * @throws {FileError} The source cannot be opened, or was replaced since it was inspected.
 */
export async function withJobFiles<T>(
  job: Job,
  { spool, output, sums, known }: JobFiles,
  state: SharedState,
  pool: MemoryPool,
  use: (io: WorkerIo) => Promise<T>,
): Promise<T> {
  const { path, name, identity } = job.source;
  const io: WorkerIo = {
    source: spool === undefined
      ? openSame(path!, name, identity)
      : spoolSource(spool, name, state),
    output: openOutput(output, job.split),
    sums: openOutput(sums, job.split),
    known: known && new KnownDocuments(known),
    pool,
  };
  try {
    return await use(io);
  } finally {
    closeIo(io);
  }
}

/** Opens an output of `split` documents per part: a file, a sink, or nothing. */
export function openOutput(
  output: string | ByteSink | undefined,
  split: number,
): PartSink | undefined {
  if (output === undefined) return undefined;
  return typeof output === "string"
    ? openFileParts(output, split)
    : singlePart(output);
}

/** Closes the files of a thread. */
export function closeIo({ source, output, sums }: WorkerIo): void {
  source.close();
  output?.close();
  sums?.close();
}
