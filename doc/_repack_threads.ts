import { delegate } from "./_delegate.ts";
import type { Pause, RepackControl } from "./_repack_control.ts";
import { runJob, type WorkerReport } from "./_repack_job.ts";
import type { Plan } from "./_repack_plan.ts";
import { BackgroundFlush } from "./_target.ts";
import { CancelledError } from "./errors.ts";
import type { RepackOptions } from "./repack.ts";

/** The pause of the calling thread, which has other events to handle. */
export const pauseBetweenEvents: Pause = async (words, index, value) => {
  Atomics.wait(words, index, value, 2);
  await nextEvent();
};

/** Lets other events be handled. */
export function nextEvent(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Shortest time between two reports of progress, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** Runs a job on all its threads; this one is the first of them. */
export async function runThreads(
  { job, workers, sourceSize }: Plan,
  control: RepackControl,
  { signal, onProgress }: RepackOptions,
): Promise<WorkerReport[]> {
  const cancel = () => control.cancel();
  signal?.addEventListener("abort", cancel);
  let lastReport = performance.now();
  const flush = new BackgroundFlush(job.output);
  const afterBlock = async () => {
    flush.advance(control.progress().bytesWritten);
    await nextEvent();
    const now = performance.now();
    if (onProgress === undefined || now - lastReport < PROGRESS_INTERVAL) {
      return;
    }
    lastReport = now;
    onProgress(control.progress(), job.spool === undefined ? sourceSize : 0);
  };
  const threads: Promise<WorkerReport>[] = [];
  try {
    if (signal?.aborted) throw new CancelledError();
    const { memory } = control;
    /** A thread that has failed must not keep the others waiting. */
    const start = (thread: Promise<WorkerReport>) => {
      threads.push(thread);
      thread.catch(() => control.cancel());
    };
    if (job.spool !== undefined) {
      start(delegate("spool", { job, memory }, job.source));
    }
    // Reading a spool file blocks, which this thread must not; it only watches then.
    const helps = job.spool === undefined;
    for (let worker = helps ? 1 : 0; worker < workers; worker++) {
      start(delegate("blocks", { job, memory, worker }, job.source));
    }
    const own = helps ? [await runJob(job, control, 0, afterBlock)] : [];
    const watch = setInterval(() => void afterBlock(), PROGRESS_INTERVAL);
    const reports = await Promise.all(threads)
      .finally(() => clearInterval(watch));
    if (signal?.aborted) throw new CancelledError();
    return [...own, ...reports];
  } catch (error) {
    control.cancel();
    const outcomes = await Promise.allSettled(threads);
    if (signal?.aborted) throw new CancelledError();
    // A thread's failure is what made the others stop.
    const failure = outcomes.find(({ status }) => status === "rejected");
    throw (failure as PromiseRejectedResult | undefined)?.reason ?? error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    await flush.close();
  }
}
