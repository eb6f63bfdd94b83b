/** What the threads of a repack do. */
import type { TaskAnswer, TaskMessage, Tasks } from "./job/tasks.ts";
import { loadEngines, preferEngine } from "../codec/engines.ts";
import { JobControl, pauseThread } from "./job/shared_state.ts";
import { type FilesJob, repackFiles } from "./repack_files.ts";
import { runJob } from "./job/worker.ts";
import { fillSpool } from "./job/unpack_spool.ts";
import { packError } from "./job/thread_errors.ts";

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
