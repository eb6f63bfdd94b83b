import type { CodecName } from "../../codec/names.ts";
import type { FileOutcome, FilesJob } from "../repack_files.ts";
import type { PackedError } from "./thread_errors.ts";
import type { Job, WorkerReport } from "./worker.ts";

/** What a thread can be told to do, and what it answers. */
export interface Tasks {
  /** Its share of a repack, as the worker of a number. */
  blocks: {
    task: { job: Job; memory: SharedArrayBuffer; worker: number };
    answer: WorkerReport;
  };
  /** Unpacking a source that is compressed as a whole. */
  spool: {
    task: { job: Job; memory: SharedArrayBuffer };
    answer: WorkerReport;
  };
  /** Its share of many small files. */
  files: { task: FilesJob; answer: FileOutcome[] };
}

/** The message that starts a task. */
export interface TaskMessage<Kind extends keyof Tasks = keyof Tasks> {
  /** What to do. */
  kind: Kind;
  /** What to do it with. */
  task: Tasks[Kind]["task"];
  /** Engines that the starting thread prefers, with the codecs they are for. */
  preferences: [string, CodecName | undefined][];
}

/** The message that ends it. */
export type TaskAnswer<Kind extends keyof Tasks = keyof Tasks> =
  | { answer: Tasks[Kind]["answer"] }
  | { error: PackedError };
