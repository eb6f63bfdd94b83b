import type NodeOs from "node:os";
import type { CodecName } from "../codec/codec.ts";
import { checkLevel, findCodec } from "../codec/codecs.ts";
import { compress, MAX_DOCUMENT_SIZE } from "../codec/compress.ts";
import { engineFor, enginePreferences } from "../codec/engines.ts";
import { createEncoder } from "../codec/stream_coders.ts";
import { globalMemoryPool } from "../pool/memory_pool.ts";
import { nodeModule } from "../pool/runtime.ts";
import type { SkippedRange } from "./_block_reader.ts";
import {
  type Pause,
  RepackControl,
  type RepackProgress,
} from "./_repack_control.ts";
import {
  partPath,
  type RepackJob,
  runJob,
  type WorkerReport,
} from "./_repack_job.ts";
import type { WorkerAnswer, WorkerTask } from "./_repack_task.ts";
import {
  BackgroundFlush,
  checkTarget,
  commitTemporary,
  createTemporary,
  removeTemporaries,
} from "./_target.ts";
import { startThread } from "./_thread.ts";
import { unpackError } from "./_thread_errors.ts";
import { fileError, nodeFs, openFile } from "./byte_source.ts";
import { detectSource } from "./detect_source.ts";
import { CancelledError, FileError } from "./errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "./record.ts";

/** Bytes that a worker reads at a time. */
const BLOCK_SIZE = 1024 * 1024;

/** The same for package compression, where larger blocks compress better. */
const PACKAGE_BLOCK_SIZE = 4 * 1024 * 1024;

/** How to repack a bin file. */
export interface RepackOptions {
  /** Path of the bin file. Compression of the file as a whole is detected. */
  source: string;
  /** Path of the file to make. */
  target: string;
  /** Codec of the source's contents: a name, alias or number. Default: detected. */
  sourceCodec?: string | number;
  /** Codec of the target's contents. Default `none`, as in the original. */
  targetCodec?: string | number;
  /** Codec of the target as a whole. Default `none`. */
  packageCodec?: string | number;
  /**
   * Level of the target's contents; the codec's default when not given. When
   * given, contents are compressed anew even if the codec stays the same.
   */
  level?: number;
  /** Number of threads. Default: as many as there are cores. */
  workers?: number;
  /** Most documents to take; 0 for all. Default 0. */
  limit?: number;
  /**
   * Documents per file; 0 for a single file. Default 0. When set, the files are
   * named after the target with `.1`, `.2` and so on.
   */
  split?: number;
  /** Whether to write contents only, uncompressed, each followed by a newline. Default false. */
  contentOnly?: boolean;
  /** Whether to leave out what is damaged and report it, instead of failing. Default false. */
  skipErrors?: boolean;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /** Whether to work with pooled memory. Default: unless `BINFILES_POOL=off` is set. */
  optimized?: boolean;
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Most bytes a document may decompress to. Default: 1 GiB. */
  maxSize?: number;
  /** Cancels the work. */
  signal?: AbortSignal;
  /** Called now and then with what has been done, and at the end. */
  onProgress?(progress: RepackProgress, sourceSize: number): void;
}

/** What a repack has done. */
export interface RepackResult extends RepackProgress {
  /** Path of the source. */
  source: string;
  /** Paths of the files that were made. */
  targets: string[];
  /** Codec of the source's contents. */
  sourceCodec: CodecName;
  /** Codec of the source as a whole. */
  sourcePackageCodec: CodecName;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the source file, in bytes. */
  sourceSize: number;
  /** Size of the files that were made, in bytes. */
  targetSize: number;
  /** Ranges of the (unpackaged) source that were left out, in order. */
  skipped: SkippedRange[];
  /** How long it took, in seconds. */
  seconds: number;
}

/**
 * Rewrites a bin file with another compression, on all cores.
 *
 * Documents keep their order, and the result is the same for any number of
 * workers. The target appears whole or not at all: it is written beside its
 * place, flushed, and renamed. The calling thread is one of the workers; it
 * pauses between blocks, so that other events are handled.
 *
 * @throws {RecordError} A record is damaged, and `skipErrors` is not set.
 * @throws {CorruptDataError} The source is damaged as a package.
 * @throws {TargetExistsError} The target exists, and `force` is not set.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | RangeError} A codec or level is not to be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { repack } from "@binfiles/binfiles/doc";
 *
 * const target = `${Deno.makeTempDirSync()}/docs.bin`;
 * const result = await repack({
 *   source: "tests/fixtures/gzip.bin",
 *   target,
 *   targetCodec: "zstd",
 * });
 * assertEquals(result.documents, 32);
 * ```
 */
export async function repack(options: RepackOptions): Promise<RepackResult> {
  const started = performance.now();
  const { source, target, force = false, onProgress } = options;
  const plan = makePlan(options);
  const { job } = plan;
  checkTarget(partName(job, target, 0), [source], force);
  const temporaries = new Set<string>();
  const temporary = () => {
    const path = createTemporary(target);
    temporaries.add(path);
    return path;
  };
  try {
    job.output = temporary();
    if (job.sourcePackage !== "none") job.spool = temporary();
    const control = new RepackControl(plan.workers, pauseBetweenEvents);
    const reports = await runThreads(plan, control, options).finally(() => {
      for (let part = 0; part < control.parts; part++) {
        temporaries.add(partPath(job, part));
      }
    });
    const progress = control.progress();
    const skipped = reports.flatMap((report) => report.skipped);
    const dropped = reports.reduce((sum, report) => sum + report.dropped, 0);
    const written = Array.from(
      { length: control.parts },
      (_, part) => nodeFs().statSync(partPath(job, part)).size,
    ).reduce((sum, size) => sum + size);
    if (
      !control.isComplete(progress.documents + dropped) ||
      written !== progress.bytesWritten
    ) {
      throw new FileError(
        target,
        `Cannot write ${target}: not every document of ${source} arrived. ` +
          "This is a fault of binfiles; please report it.",
      );
    }
    const parts = Array.from({ length: control.parts }, (_, part) => ({
      path: partName(job, target, part),
      output: finishPart(partPath(job, part), plan, temporary),
    }));
    for (const { path } of parts) checkTarget(path, [source], force);
    const targetSize = parts.reduce(
      (sum, { output }) => sum + nodeFs().statSync(output).size,
      0,
    );
    for (const { output, path } of parts) commitTemporary(output, path, force);
    onProgress?.(progress, plan.sourceSize);
    return {
      ...progress,
      source,
      targets: parts.map(({ path }) => path),
      sourceCodec: job.from,
      sourcePackageCodec: job.sourcePackage,
      targetCodec: job.to,
      packageCodec: plan.packageCodec,
      sourceSize: plan.sourceSize,
      targetSize,
      skipped: skipped.sort((a, b) => a.offset - b.offset),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    removeTemporaries(temporaries);
  }
}

/** What is decided before a repack begins. */
interface Plan {
  job: RepackJob;
  workers: number;
  packageCodec: CodecName;
  sourceSize: number;
}

function makePlan(options: RepackOptions): Plan {
  const {
    source,
    limit = 0,
    split = 0,
    keySizeLimit = DEFAULT_KEY_SIZE_LIMIT,
    maxSize = MAX_DOCUMENT_SIZE,
  } = options;
  for (const [name, value] of Object.entries({ limit, split })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(
        `Cannot repack with a ${name} of ${value}: expected 0 or a positive integer`,
      );
    }
  }
  const to = findCodec(options.targetCodec ?? "none");
  const packaging = findCodec(options.packageCodec ?? "none");
  checkLevel(to, options.level);
  const input = openFile(source);
  const { size } = input;
  const known = options.sourceCodec === undefined
    ? undefined
    : findCodec(options.sourceCodec).name;
  const { packageCodec, codec } = detectSource(input, keySizeLimit, known);
  input.close();
  const from = known ?? codec ?? "none";
  // Fails now rather than in the middle, if there is no engine.
  engineFor(from, "decompress");
  engineFor(to.name, "compress");
  engineFor(packaging.name, "compress", "streams");
  const blockSize = packaging.name === "none" ? BLOCK_SIZE : PACKAGE_BLOCK_SIZE;
  // Copying is bound by memory, not by cores; more threads would only start late.
  const isCopy = from === to.name && options.level === undefined &&
    packaging.name === "none" && packageCodec === "none";
  const wanted = options.workers || coreCount();
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new RangeError(
      `Cannot repack with ${wanted} workers: expected a positive integer`,
    );
  }
  return {
    workers: isCopy
      ? 1
      : Math.max(1, Math.min(wanted, Math.ceil(size / blockSize))),
    packageCodec: packaging.name,
    sourceSize: size,
    job: {
      source,
      sourcePackage: packageCodec,
      output: "",
      from: from,
      to: to.name,
      level: options.level,
      package: packaging.concatenable ? packaging.name : "none",
      limit: limit || Infinity,
      split: split || Infinity,
      contentOnly: options.contentOnly ?? false,
      skipErrors: options.skipErrors ?? false,
      pooled: options.optimized ?? globalMemoryPool.enabled,
      keySizeLimit,
      maxSize,
      blockSize,
    },
  };
}

/** Number of cores that the process may use. */
function coreCount(): number {
  return nodeModule<typeof NodeOs>("node:os")?.availableParallelism() ?? 1;
}

/** Name of a part of the target. */
function partName(job: RepackJob, target: string, part: number): string {
  return job.split === Infinity ? target : `${target}.${part + 1}`;
}

/** The pause of the calling thread, which has other events to handle. */
const pauseBetweenEvents: Pause = async (words, index, value) => {
  Atomics.wait(words, index, value, 2);
  await nextEvent();
};

/** Lets other events be handled. */
function nextEvent(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Shortest time between two reports of progress, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** Runs a job on all its threads; this one is the first of them. */
async function runThreads(
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
    onProgress(control.progress(), sourceSize);
  };
  const threads: Promise<WorkerReport>[] = [];
  try {
    if (signal?.aborted) throw new CancelledError();
    const { memory } = control;
    const shared = { job, memory, preferences: enginePreferences() };
    if (job.spool !== undefined) {
      threads.push(
        delegate({ ...shared, role: "spool" }, control),
      );
    }
    // Reading a spool file blocks, which this thread must not; it only watches then.
    const helps = job.spool === undefined;
    for (let worker = helps ? 1 : 0; worker < workers; worker++) {
      threads.push(
        delegate({ ...shared, role: worker }, control),
      );
    }
    // While this thread does its share, failures of others are handled below.
    for (const thread of threads) thread.catch(() => {});
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

/** Has a thread do a task. */
function delegate(
  task: WorkerTask,
  control: RepackControl,
): Promise<WorkerReport> {
  const { source } = task.job;
  // In the npm package the modules are JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`./_repack_worker.${extension}`, import.meta.url);
  return new Promise<WorkerReport>((resolve, reject) => {
    let answered = false;
    const thread = startThread(url, {
      onMessage(message) {
        answered = true;
        const answer = message as WorkerAnswer;
        if ("error" in answer) reject(unpackError(answer.error));
        else resolve(answer.report);
        thread.end();
      },
      onEnd(reason) {
        // A thread that has answered is meant to end.
        if (answered) return;
        control.cancel();
        reject(
          new FileError(
            source,
            `Cannot repack ${source}: a worker thread ${reason}`,
          ),
        );
      },
    });
    thread.send(task);
  });
}

/**
 * Completes a part of the output: an empty package must still be a valid stream,
 * and codecs whose streams cannot be put one after the other have their turn now.
 *
 * @returns The path of the complete file.
 */
function finishPart(
  output: string,
  { job, packageCodec }: Plan,
  temporary: () => string,
): string {
  const fs = nodeFs();
  if (packageCodec === "none") return output;
  if (job.package === packageCodec) {
    if (fs.statSync(output).size === 0) {
      fs.writeFileSync(output, compress(new Uint8Array(0), packageCodec));
    }
    return output;
  }
  const packed = temporary();
  packWhole(output, packed, packageCodec);
  return packed;
}

/** Compresses a file as one stream. */
function packWhole(from: string, to: string, codec: CodecName): void {
  const fs = nodeFs();
  const input = openFile(from);
  const output = fs.openSync(to, "w");
  const encoder = createEncoder(codec);
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) {
      done += fs.writeSync(output, bytes, done, bytes.length - done);
    }
  };
  try {
    const chunk = new Uint8Array(BLOCK_SIZE);
    for (let position = 0, last = false; !last;) {
      const length = input.read(chunk, 0, chunk.length, position);
      position += length;
      last = position >= input.size;
      encoder.push(chunk.subarray(0, length), last, write);
    }
  } catch (error) {
    throw fileError("write", to, error);
  } finally {
    encoder.close?.();
    fs.closeSync(output);
    input.close();
  }
}
