import { STANDARD_STREAM } from "../source/standard_input.ts";
import type { CodecName } from "../../codec/names.ts";
import { compress } from "../../codec/compress.ts";
import { createEncoder } from "../../codec/stream_coders.ts";
import type { JobProgress } from "./shared_state.ts";
import { type Job, partPath } from "./worker.ts";
import type { Plan } from "./plan.ts";
import { type JobOutcome, runPlan } from "./run.ts";
import { nextEvent } from "./yield.ts";
import {
  checkTarget,
  createTemporary,
  printFile,
  removeParts,
  removeTemporaries,
  syncFile,
} from "../target/temporary.ts";
import type { TargetLock } from "../target/target_lock.ts";
import { SUMS_SUFFIX, writeSumsHeader } from "../format/sums.ts";
import { fileError, nodeFs, openFile } from "../source/byte_source.ts";
import { writeFully } from "../target/write_fully.ts";
import { OptionError } from "../../pool/errors.ts";
import { CancelledError, FileError } from "../errors.ts";
import type { JobOptions } from "./options.ts";

/** Where the output of jobs goes. */
export interface TargetOptions
  extends Pick<JobOptions, "signal" | "onProgress" | "onWarning"> {
  /** Path of the file to make. */
  target: string;
  /** Its lock, which the caller holds. */
  lock: TargetLock;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /** Whether to add to the target, which is there, instead of making it. Default false. */
  append?: boolean;
  /** Whether to write the sums of the documents beside the target. Default false. */
  sums?: boolean;
}

/** What was made. */
export interface TargetOutcome {
  /** What each of the jobs has done. */
  outcomes: JobOutcome[];
  /** What all of them have done. */
  progress: JobProgress;
  /** Paths of the files that were made. */
  targets: string[];
  /** Their size, in bytes. */
  targetSize: number;
}

/**
 * Runs jobs one after the other and makes one target of what they write. It
 * appears whole or not at all: it is written beside its place, flushed, and
 * renamed.
 *
 * @param plans Jobs with the same target codecs; only a single one may split its target.
 * @throws {TargetExistsError | FileError | RecordError | CorruptDataError | CancelledError}
 * The target cannot be made.
 */
export async function writeTarget(
  plans: readonly Plan[],
  options: TargetOptions,
): Promise<TargetOutcome> {
  const { target, lock, append = false, sums = false, signal, onProgress } =
    options;
  const force = options.force || append;
  const sources = plans.map(({ job }) => job.source);
  const [{ job: first, packageCodec }] = plans;
  if (target === STANDARD_STREAM && (first.split !== Infinity || sums)) {
    throw new OptionError(
      "Cannot print parts or sums to the standard output: name a target",
    );
  }
  if (sums && first.contentOnly) {
    throw new OptionError("Cannot write sums of a file of contents only");
  }
  checkTarget(partPath(first, target, 0), sources, force);
  const temporaries = new Set<string>();
  const temporary = () => {
    const path = createTemporary(lock.path);
    temporaries.add(path);
    return path;
  };
  try {
    const output = temporary();
    const sumsOutput = sums ? output + SUMS_SUFFIX : undefined;
    if (sumsOutput !== undefined) temporaries.add(sumsOutput);
    const outcomes: JobOutcome[] = [];
    const progress = { documents: 0, bytesRead: 0, bytesWritten: 0 };
    const total = plans.reduce((sum, { sourceSize }) => sum + sourceSize, 0);
    const partsOf = (output: string) =>
      Array.from(
        { length: outcomes.at(-1)?.parts ?? 1 },
        (_, part) => partPath(first, output, part),
      );
    for (const plan of plans) {
      plan.job.output = output;
      plan.job.sums = sumsOutput;
      const outcome = await runPlan(plan, {
        signal,
        near: () => lock.path,
        onWarning: options.onWarning,
        before: { ...progress },
        onProgress: onProgress &&
          ((now, ofThis) =>
            onProgress(add(progress, now), ofThis === 0 ? 0 : total)),
      });
      outcomes.push(outcome);
      Object.assign(progress, add(progress, outcome.progress));
    }
    const written = partsOf(output).reduce(
      (sum, path) => sum + sizeOf(path),
      0,
    );
    if (written !== progress.bytesWritten) {
      throw new FileError(
        target,
        `Cannot write ${target}: not every document of ${
          sources.join(", ")
        } arrived. This is a fault of binfiles; please report it.`,
      );
    }
    const made = partsOf(output);
    const madeSums = sumsOutput === undefined ? [] : partsOf(sumsOutput);
    const targets = partsOf(target);
    for (const path of targets) checkTarget(path, sources, force);
    for (const path of madeSums) writeSumsHeader(path);
    for (const path of made) {
      await finishPart(path, first, packageCodec, temporary, signal);
    }
    const targetSize = made.reduce((sum, path) => sum + sizeOf(path), 0);
    if (target === STANDARD_STREAM) await printFile(output);
    else if (append) lock.append(output);
    else {
      // All is on the disk before the first of it gets its name.
      for (const path of [...made, ...madeSums]) syncFile(path);
      const parts = first.split === Infinity ? 0 : made.length;
      lock.commit({ temporary: output, parts, sums, force });
    }
    onProgress?.(progress, progress.bytesRead);
    return { outcomes, progress, targets, targetSize };
  } finally {
    removeTemporaries(temporaries);
    if (first.split !== Infinity) temporaries.forEach(removeParts);
  }
}

function add(a: JobProgress, b: JobProgress): JobProgress {
  return {
    documents: a.documents + b.documents,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
  };
}

function sizeOf(path: string): number {
  return nodeFs().statSync(path).size;
}

/**
 * Completes a part of the output: an empty package must still be a valid stream,
 * and codecs whose streams cannot be put one after the other have their turn now.
 */
async function finishPart(
  output: string,
  job: Job,
  packageCodec: CodecName,
  temporary: () => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fs = nodeFs();
  if (packageCodec === "none") return;
  if (job.package === packageCodec) {
    if (sizeOf(output) > 0) return;
    fs.writeFileSync(output, compress(new Uint8Array(0), packageCodec));
    return;
  }
  const packed = temporary();
  await packWhole(output, packed, packageCodec, signal);
  fs.renameSync(packed, output);
}

/** Bytes of a file that are compressed at a time. */
const CHUNK_SIZE = 1024 * 1024;

/** Compresses a file as one stream. */
async function packWhole(
  from: string,
  to: string,
  codec: CodecName,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fs = nodeFs();
  const input = openFile(from);
  const output = fs.openSync(to, "w");
  const encoder = createEncoder(codec);
  const write = (bytes: Uint8Array) => writeFully(output, bytes);
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0, last = false; !last; await nextEvent()) {
      if (signal?.aborted) throw new CancelledError();
      const length = input.read(chunk, 0, chunk.length, position);
      position += length;
      last = position >= input.size;
      encoder.push(chunk.subarray(0, length), last, write);
    }
  } catch (error) {
    throw error instanceof CancelledError
      ? error
      : fileError("write", to, error);
  } finally {
    encoder.close?.();
    fs.closeSync(output);
    input.close();
  }
}
