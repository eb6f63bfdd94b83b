import { preferEngine } from "../codec/engines.ts";
import { loadAllEngines, loadEngines } from "../codec/load_engines.ts";
import { globalMemoryPool, MemoryPool } from "../pool/memory_pool.ts";
import { withJobFiles } from "./job/job_files.ts";
import { packError } from "./job/packed_error.ts";
import { runWorker } from "./job/run_worker.ts";
import { pauseThread, SharedState } from "./job/shared_state.ts";
import {
  type BlocksInput,
  spoolTask,
  type TaskAnswer,
  type TaskMessage,
} from "./job/tasks.ts";
import { unpackToSpool } from "./job/unpack_to_spool.ts";
import type { WorkerReport } from "./job/worker_report.ts";
import { type FilesInput, filesTask, repackFiles } from "./repack_files.ts";

/** Runs the task of a {@linkcode TaskMessage} in this thread. */
export async function performTask(message: unknown): Promise<TaskAnswer> {
  const { kind, input, preferences } = message as TaskMessage;
  try {
    if (preferences.length > 0) await loadAllEngines();
    for (const [preference, codec] of preferences) {
      preferEngine(preference, codec);
    }
    const result = kind === filesTask
      ? await repackFiles(input as FilesInput)
      : await performShare(kind, input as BlocksInput);
    return { result };
  } catch (error) {
    return { error: packError(error) };
  }
}

/** Runs a share of a job. If it fails, the other threads are stopped. */
async function performShare(
  kind: string,
  { job, files, memory, worker }: BlocksInput,
): Promise<WorkerReport> {
  const state = new SharedState(memory, pauseThread);
  try {
    await loadEngines(job.codecs);
    if (kind === spoolTask) return unpackToSpool(job, files.spool!, state);
    return await withJobFiles(
      job,
      files,
      state,
      job.pooled ? globalMemoryPool : new MemoryPool({ enabled: false }),
      (io) => runWorker(job, io, state, worker),
    );
  } catch (error) {
    state.cancel();
    throw error;
  }
}
