import { globalMemoryPool } from "../../pool/memory_pool.ts";
import type { SkippedRegion } from "../damage/block_reader.ts";
import type { KnownDocuments } from "../damage/known_documents.ts";
import { readSums } from "../damage/read_sums.ts";
import { SourceUntilDamage } from "../damage/source_until_damage.ts";
import { checkSignal, FileError } from "../errors.ts";
import { type ByteSource, openSame } from "../source/byte_source.ts";
import { packageSource } from "../source/sequential_source.ts";
import type { ByteSink } from "../target/byte_sink.ts";
import { BackgroundFlush, createTemporary } from "../target/temporary.ts";
import {
  closeIo,
  type JobFiles,
  openOutput,
  withJobFiles,
  type WorkerIo,
} from "./job_files.ts";
import type { JobOptions, JobTotals } from "./options.ts";
import { nextEvent } from "./pacer.ts";
import type { JobSource, Plan } from "./plan.ts";
import { RecordSpool } from "./record_spool.ts";
import { describeStartFailure, runTask, ThreadStartError } from "./run_task.ts";
import { runWorker } from "./run_worker.ts";
import { type Pause, SharedState } from "./shared_state.ts";
import { removeSpool } from "./spool_file.ts";
import { mergeTallies, type Tally } from "./steps/tally.ts";
import { blocksTask, spoolTask } from "./tasks.ts";
import { createReport, type WorkerReport } from "./worker_report.ts";

/** The pause of the calling thread, which has other events to handle. */
const pauseBetweenEvents: Pause = async (words, index, value) => {
  Atomics.wait(words, index, value, 2);
  await nextEvent();
};

/** Minimum time between two progress reports, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** What a job has done. */
export interface JobOutcome {
  /** How much it was. */
  totals: JobTotals;
  /** Number of parts of the target that were started; at least 1. */
  parts: number;
  /** Skipped regions of the (unpackaged) source, in order. */
  skipped: SkippedRegion[];
  /** Number and sizes of documents, if the job adds them up. */
  tally: Tally;
}

/** Where a job writes, and what it reports. */
export interface RunOptions
  extends Pick<JobOptions, "pool" | "signal" | "onProgress" | "onWarning"> {
  /** Path of the file to write, or a sink, to which the calling thread writes. Default: nothing is written. */
  output?: string | ByteSink;
  /** Path of the file of checksums to write, if the job computes them. */
  sums?: string;
  /** Totals of earlier jobs, whose output this one continues. */
  before?: JobTotals;
  /**
   * Returns a path beside which a spool file may be created, for packages and
   * functions as sources.
   */
  near?(): string;
}

/**
 * Runs a job on all its threads, of which the calling thread is the first. If the
 * source is open already, or the output is a sink, it is the only one.
 *
 * @throws {RecordError | CorruptDataError | FileError | CancelledError} As `repack`.
 */
export async function runPlan(
  plan: Plan,
  options: RunOptions,
): Promise<JobOutcome> {
  const { job, source } = plan;
  const { output, before, signal } = options;
  const isLocal = plan.workers === 0 || source.bytes !== undefined ||
    typeof output === "object";
  const state = new SharedState(
    isLocal ? 1 : plan.workers,
    pauseBetweenEvents,
  );
  state.inputPosition = job.start;
  state.reserveOutput(0, before?.bytesWritten ?? 0);
  state.reserveDocuments(before?.documents ?? 0);
  const flush = typeof output === "string"
    ? new BackgroundFlush(output)
    : undefined;
  const stop = new AbortController();
  const abort = () => stop.abort();
  stop.signal.addEventListener("abort", () => state.cancel());
  signal?.addEventListener("abort", abort);
  const afterBlock = createReporter(plan, options, state, flush);
  try {
    checkSignal(signal);
    const reports = isLocal
      ? [await runLocally(plan, options, state, afterBlock)]
      : await runThreads(plan, options, state, afterBlock, stop);
    checkSignal(signal);
    return outcomeOf(plan, state, reports);
  } catch (error) {
    checkSignal(signal);
    if (!(error instanceof ThreadStartError)) throw error;
    options.onWarning?.(describeStartFailure(error));
  } finally {
    signal?.removeEventListener("abort", abort);
    await flush?.close();
  }
  // Nothing was read or written yet.
  return await runPlan({ ...plan, workers: 0 }, options);
}

/** Creates the function that a worker of the calling thread calls after each block. */
function createReporter(
  plan: Plan,
  { onProgress }: RunOptions,
  state: SharedState,
  flush: BackgroundFlush | undefined,
): () => Promise<void> {
  const totalBytes = totalBytesOf(plan);
  let lastReport = performance.now();
  return async () => {
    flush?.advance(state.totals().bytesWritten);
    await nextEvent();
    const now = performance.now();
    if (onProgress === undefined || now - lastReport < PROGRESS_INTERVAL) {
      return;
    }
    lastReport = now;
    onProgress({ ...state.totals(), totalBytes });
  };
}

/** Bytes of records that a job has to read; undefined if unknown. */
export function totalBytesOf({ source }: Plan): number | undefined {
  return source.packageCodec === "none" ? source.size : undefined;
}

/** Runs a job in the calling thread alone. */
async function runLocally(
  plan: Plan,
  options: RunOptions,
  state: SharedState,
  afterBlock: () => Promise<void>,
): Promise<WorkerReport> {
  const { job, source: { bytes, path, name, identity, packageCodec } } = plan;
  const { output, sums, pool = globalMemoryPool } = options;
  // First, because it may throw, and nothing is open yet.
  const known = knownDocuments(plan, options);
  const source = bytes === undefined
    ? openSame(path!, name, identity)
    : borrow(bytes);
  const unpacked = packageCodec === "none" ? undefined : new SourceUntilDamage(
    packageSource(source, packageCodec),
    job.skipErrors,
  );
  const io: WorkerIo = {
    source: unpacked ?? source,
    output: openOutput(output, job.split),
    sums: openOutput(sums, job.split),
    known,
    pool,
  };
  try {
    const report = await runWorker(job, io, state, 0, afterBlock);
    if (unpacked?.damage !== undefined) {
      const { offset, reason } = unpacked.damage;
      report.skipped.push({ offset: offset!, size: 0, reason });
    }
    return report;
  } finally {
    closeIo(io);
  }
}

/** A source whose owner closes it. */
function borrow(source: ByteSource): ByteSource {
  return {
    file: source.file,
    get size() {
      return source.size;
    },
    read: (dst, offset, length, position) =>
      source.read(dst, offset, length, position),
    close() {},
  };
}

/** Runs a job in threads, and one share of it in the calling thread. */
async function runThreads(
  plan: Plan,
  options: RunOptions,
  state: SharedState,
  afterBlock: () => Promise<void>,
  stop: AbortController,
): Promise<WorkerReport[]> {
  const { job, source, workers, workerUrl } = plan;
  const { name, packageCodec } = source;
  const { memory } = state;
  const hasSpool = packageCodec !== "none" || source.fill !== undefined;
  const known = knownDocuments(plan, options)?.memory;
  const files: JobFiles = {
    spool: hasSpool ? createTemporary(options.near!()) : undefined,
    output: options.output as string | undefined,
    sums: options.sums,
    known,
  };
  const threads: Promise<WorkerReport>[] = [];
  const start = (thread: Promise<WorkerReport>) => {
    threads.push(thread);
    // The others must not wait for a thread that failed.
    thread.catch(() => stop.abort());
  };
  const work = () =>
    withJobFiles(
      job,
      files,
      state,
      options.pool ?? globalMemoryPool,
      (io) => runWorker(job, io, state, 0, afterBlock),
    );
  /** Why threads did not start. */
  const failures: ThreadStartError[] = [];
  const share = (worker: number) =>
    runTask(blocksTask, { job, files, memory, worker }, name, workerUrl)
      .catch((error) => {
        // The other threads, or the calling thread, do its share.
        if (!(error instanceof ThreadStartError)) throw error;
        failures.push(error);
        if (failures.length < workers || !hasSpool) return createReport();
        // There is no other.
        if (source.fill === undefined) throw error;
        state.fillSpoolFirst();
        return createReport();
      });
  try {
    if (source.fill !== undefined) {
      start(fillSpool(source.fill, files.spool!, state, stop.signal));
    } else if (hasSpool) {
      start(runTask(spoolTask, { job, files, memory }, name, workerUrl));
    }
    // Reading a spool file blocks, so the calling thread just fills it, or waits.
    for (let worker = hasSpool ? 0 : 1; worker < workers; worker++) {
      start(share(worker));
    }
    const own = hasSpool ? [] : [await work()];
    const watch = setInterval(() => void afterBlock(), PROGRESS_INTERVAL);
    const reports = await Promise.all(threads)
      .finally(() => clearInterval(watch));
    if (failures.length > 0) {
      options.onWarning?.(describeStartFailure(failures[0]));
      if (failures.length === workers) own.push(await work());
    }
    return [...own, ...reports];
  } catch (error) {
    stop.abort();
    const outcomes = await Promise.allSettled(threads);
    // The failure of a thread is what stopped the others.
    const failure = outcomes.find(({ status }) => status === "rejected");
    throw (failure as PromiseRejectedResult | undefined)?.reason ?? error;
  } finally {
    if (files.spool !== undefined) removeSpool(files.spool);
  }
}

/** Has a source write its records to the spool file. */
async function fillSpool(
  fill: NonNullable<JobSource["fill"]>,
  path: string,
  state: SharedState,
  stop: AbortSignal,
): Promise<WorkerReport> {
  const spool = new RecordSpool(path, state);
  try {
    await fill(spool, stop);
    spool.finish();
    return createReport();
  } finally {
    spool[Symbol.dispose]();
  }
}

/** Documents of the source that are known by their checksums, where they help to skip errors. */
function knownDocuments(
  { job, source }: Plan,
  { onWarning }: RunOptions,
): KnownDocuments | undefined {
  const { path, codec, packageCodec, size = Infinity } = source;
  if (!job.skipErrors || packageCodec !== "none") return undefined;
  if (source.known !== undefined || path === undefined) return source.known;
  return readSums({ path, codec, size }, onWarning);
}

/**
 * Adds up the reports of the threads.
 *
 * @throws {FileError} A record is not accounted for.
 */
function outcomeOf(
  { source: { name } }: Plan,
  state: SharedState,
  reports: WorkerReport[],
): JobOutcome {
  const totals = state.totals();
  const missing = reports.reduce(
    (sum, { dropped, recovered, omitted }) =>
      sum + dropped - recovered + omitted,
    0,
  );
  if (!state.isComplete(totals.documents + missing)) {
    throw new FileError(
      name,
      `Cannot process ${name}: not every record was processed. ` +
        "This is a bug of binfiles; please report it.",
    );
  }
  return {
    totals,
    parts: state.parts,
    skipped: reports.flatMap(({ skipped }) => skipped)
      .sort((a, b) => a.offset - b.offset),
    tally: mergeTallies(reports.flatMap(({ tally }) => tally ?? [])),
  };
}
