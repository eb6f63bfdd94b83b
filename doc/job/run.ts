import { delegate } from "./spawn.ts";
import type { SkippedRegion } from "../damage/block_reader.ts";
import { reportOf, runJob, type WorkerReport } from "./worker.ts";
import { JobControl, type JobProgress, type Pause } from "./shared_state.ts";
import type { Plan } from "./plan.ts";
import { nextEvent } from "./yield.ts";
import { RecordSpool } from "./record_spool.ts";
import { readSums } from "../damage/read_sums.ts";
import { removeSpool } from "./spool_file.ts";
import { mergeTallies, type Tally } from "./tally.ts";
import { BackgroundFlush, createTemporary } from "../target/temporary.ts";
import { CancelledError, FileError } from "../errors.ts";
import type { JobOptions } from "./options.ts";

/** The pause of the calling thread, which has other events to handle. */
const pauseBetweenEvents: Pause = async (words, index, value) => {
  Atomics.wait(words, index, value, 2);
  await nextEvent();
};

/** Shortest time between two reports of progress, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** What a job has done. */
export interface JobOutcome {
  /** How much that was. */
  progress: JobProgress;
  /** Number of parts of the output that were begun; at least one. */
  parts: number;
  /** Ranges of the (unpackaged) source that were left out, in order. */
  skipped: SkippedRegion[];
  /** What was counted, if documents were only looked at. */
  tally: Tally;
}

/** How and where to run a job. */
export interface RunOptions
  extends Pick<JobOptions, "signal" | "onProgress" | "onWarning"> {
  /** Returns a path beside which a spool file may be made. */
  near(): string;
  /** What is in the output before the job begins to write. Default: nothing. */
  before?: JobProgress;
}

/**
 * Runs a job on all its threads, of which the calling one is the first, and
 * makes sure that no record that was taken is missing in the end.
 *
 * @throws {RecordError | CorruptDataError | FileError | CancelledError} As `repack`.
 */
export async function runPlan(
  plan: Plan,
  options: RunOptions,
): Promise<JobOutcome> {
  const { job } = plan;
  try {
    if (job.sourcePackage !== "none" || plan.fill !== undefined) {
      job.spool = createTemporary(options.near());
    } else if (job.skipErrors) {
      const { source: path, from: codec } = job;
      const file = { path, codec, size: plan.sourceSize };
      job.known = readSums(file, options.onWarning)?.memory;
    }
    const control = new JobControl(plan.workers, pauseBetweenEvents);
    control.inputPosition = job.start;
    control.reserveOutput(0, options.before?.bytesWritten ?? 0);
    control.reserveDocuments(options.before?.documents ?? 0);
    const reports = await runThreads(plan, control, options);
    const progress = control.progress();
    const missing = reports.reduce(
      (sum, { dropped, recovered, omitted }) =>
        sum + dropped - recovered + omitted,
      0,
    );
    if (!control.isComplete(progress.documents + missing)) {
      throw new FileError(
        job.name,
        `Not every document of ${job.name} was seen to. ` +
          "This is a fault of binfiles; please report it.",
      );
    }
    return {
      progress,
      parts: control.parts,
      skipped: reports.flatMap(({ skipped }) => skipped)
        .sort((a, b) => a.offset - b.offset),
      tally: mergeTallies(reports.flatMap(({ tally }) => tally ?? [])),
    };
  } finally {
    if (job.spool !== undefined) removeSpool(job.spool);
    // Other sources of a merge have tables of their own.
    job.known = undefined;
  }
}

async function runThreads(
  plan: Plan,
  control: JobControl,
  { signal, onProgress }: RunOptions,
): Promise<WorkerReport[]> {
  const { job, workers, sourceSize } = plan;
  const stop = new AbortController();
  const cancel = () => {
    control.cancel();
    stop.abort();
  };
  signal?.addEventListener("abort", cancel);
  let lastReport = performance.now();
  const flush = job.output === undefined
    ? undefined
    : new BackgroundFlush(job.output);
  const afterBlock = async () => {
    flush?.advance(control.progress().bytesWritten);
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
      thread.catch(cancel);
    };
    if (plan.fill !== undefined) start(fill(plan, control, stop.signal));
    else if (job.spool !== undefined) {
      start(delegate("spool", { job, memory }, job.name));
    }
    // Reading a spool file blocks, which this thread must not; it watches then, or fills it.
    const helps = job.spool === undefined;
    for (let worker = helps ? 1 : 0; worker < workers; worker++) {
      start(delegate("blocks", { job, memory, worker }, job.name));
    }
    const own = helps ? [await runJob(job, control, 0, afterBlock)] : [];
    const watch = setInterval(() => void afterBlock(), PROGRESS_INTERVAL);
    const reports = await Promise.all(threads)
      .finally(() => clearInterval(watch));
    if (signal?.aborted) throw new CancelledError();
    return [...own, ...reports];
  } catch (error) {
    cancel();
    const outcomes = await Promise.allSettled(threads);
    if (signal?.aborted) throw new CancelledError();
    // A thread's failure is what made the others stop.
    const failure = outcomes.find(({ status }) => status === "rejected");
    throw (failure as PromiseRejectedResult | undefined)?.reason ?? error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    await flush?.close();
  }
}

/** Fills the spool file with records. */
async function fill(
  plan: Plan,
  control: JobControl,
  stop: AbortSignal,
): Promise<WorkerReport> {
  const spool = new RecordSpool(plan.job.spool!, control);
  try {
    await plan.fill!(spool, stop);
    spool.finish();
    return reportOf([]);
  } finally {
    spool[Symbol.dispose]();
  }
}
