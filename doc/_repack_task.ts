/** What the threads of a repack do. */
import type { CodecName } from "../codec/codec.ts";
import { preferEngine } from "../codec/engines.ts";
import { pauseThread, RepackControl } from "./_repack_control.ts";
import { type RepackJob, runJob, type WorkerReport } from "./_repack_job.ts";
import { fillSpool } from "./_spool.ts";
import { type PackedError, packError } from "./_thread_errors.ts";

/** What a thread is told. */
export interface WorkerTask {
  /** The job. */
  job: RepackJob;
  /** The memory that all threads of the job share. */
  memory: SharedArrayBuffer;
  /** Number of the worker, or `spool` to unpack the source. */
  role: number | "spool";
  /** Engines that the starting thread prefers, with the codecs they are for. */
  preferences: [string, CodecName | undefined][];
}

/** What a thread answers when it is done. */
export type WorkerAnswer = { report: WorkerReport } | { error: PackedError };

/** Does the {@linkcode WorkerTask} that a thread was sent. */
export async function perform(message: unknown): Promise<WorkerAnswer> {
  const { job, memory, role, preferences } = message as WorkerTask;
  const control = new RepackControl(memory, pauseThread);
  try {
    for (const [preference, codec] of preferences) {
      await preferEngine(preference, codec);
    }
    const report = role === "spool"
      ? { skipped: fillSpool(job, control), dropped: 0, recovered: 0 }
      : await runJob(job, control, role);
    return { report };
  } catch (error) {
    // The others must not wait for this one.
    control.cancel();
    return { error: packError(error) };
  }
}
