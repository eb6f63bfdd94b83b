import type { CodecName } from "../../codec/names.ts";
import type { Job } from "./job.ts";
import type { JobFiles } from "./job_files.ts";
import type { PackedError } from "./packed_error.ts";
import type { WorkerReport } from "./worker_report.ts";

/** Name of a task that a thread can run, with the types of its input and its result. */
export type TaskKind<Input, Result> = string & {
  readonly types?: (input: Input) => Result;
};

/** A worker's share of a job. */
export interface BlocksInput {
  job: Job;
  files: JobFiles;
  /** Memory of the `SharedState`. */
  memory: SharedArrayBuffer;
  /** Number of the worker. */
  worker: number;
}

/** Runs a worker's share of a job. */
export const blocksTask: TaskKind<BlocksInput, WorkerReport> = "blocks";

/** Unpacks the source of a job, which is a package, to the spool file. */
export const spoolTask: TaskKind<Omit<BlocksInput, "worker">, WorkerReport> =
  "spool";

/** The message that starts a task. */
export interface TaskMessage {
  /** The task. */
  kind: string;
  /** What it works on. */
  input: unknown;
  /** Engines that the starting thread prefers, with their codecs. */
  preferences: [string, CodecName | undefined][];
}

/** The message that ends it. */
export type TaskAnswer = { result: unknown } | { error: PackedError };
