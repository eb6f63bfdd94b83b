/** What the threads of a repack do. */
import type { CodecName } from "../codec/names.ts";
import { loadEngines, preferEngine } from "../codec/engines.ts";
import { JobControl, pauseThread } from "./_job_control.ts";
import {
  type FileOutcome,
  type FilesJob,
  repackFiles,
} from "./_repack_files.ts";
import { type Job, runJob, type WorkerReport } from "./_job.ts";
import { fillSpool } from "./_fill_spool.ts";
import { type PackedError, packError } from "./_thread_errors.ts";

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

/** Does what a {@linkcode TaskMessage} says. */
export async function perform(message: unknown): Promise<TaskAnswer> {
  const { kind, task, preferences } = message as TaskMessage;
  try {
    for (const [preference, codec] of preferences) {
      await preferEngine(preference, codec);
    }
    if (kind === "files") {
      return { answer: await repackFiles(task as FilesJob) };
    }
    const { job, memory, worker } = task as Tasks["blocks"]["task"];
    const control = new JobControl(memory, pauseThread);
    try {
      await loadEngines([job.from, job.to, job.package, job.sourcePackage]);
      return {
        answer: kind === "spool"
          ? fillSpool(job, control)
          : await runJob(job, control, worker),
      };
    } catch (error) {
      // The others must not wait for this one.
      control.cancel();
      throw error;
    }
  } catch (error) {
    return { error: packError(error) };
  }
}
