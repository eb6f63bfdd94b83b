import type { CodecName } from "../codec/names.ts";
import { compress } from "../codec/compress.ts";
import { createEncoder } from "../codec/stream_coders.ts";
import type { JobProgress } from "./_job_control.ts";
import { type Job, partPath } from "./_job.ts";
import type { Plan } from "./_job_plan.ts";
import { type JobOutcome, runPlan } from "./_job_threads.ts";
import { nextEvent } from "./_pacer.ts";
import {
  checkTarget,
  commitTemporary,
  createTemporary,
  removeParts,
  removeTemporaries,
  STANDARD_STREAM,
} from "./_target.ts";
import { SUMS_SUFFIX, writeSumsHeader } from "./_sums.ts";
import { fileError, nodeFs, openFile } from "./byte_source.ts";
import { OptionError } from "../pool/errors.ts";
import { CancelledError, FileError } from "./errors.ts";
import type { JobOptions } from "./job_options.ts";

/** Where the output of jobs goes. */
export interface TargetOptions
  extends Pick<JobOptions, "signal" | "onProgress"> {
  /** Path of the file to make. */
  target: string;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
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
  { target, force = false, sums = false, signal, onProgress }: TargetOptions,
): Promise<TargetOutcome> {
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
  checkTarget(partName(first, target, 0), sources, force);
  const temporaries = new Set<string>();
  const temporary = () => {
    const path = createTemporary(target);
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
        near: target,
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
    const finished: { path: string; output: string; sums?: string }[] = [];
    for (const [part, partOutput] of partsOf(output).entries()) {
      const path = partName(first, target, part);
      checkTarget(path, sources, force);
      const sums = sumsOutput && partPath(first, sumsOutput, part);
      if (sums !== undefined) writeSumsHeader(sums);
      finished.push({
        path,
        sums,
        output: await finishPart(
          partOutput,
          first,
          packageCodec,
          temporary,
          signal,
        ),
      });
    }
    const targetSize = finished
      .reduce((sum, { output }) => sum + sizeOf(output), 0);
    for (const { output, path, sums } of finished) {
      // Old sums must never be found beside a new file.
      if (force) removeTemporaries([path + SUMS_SUFFIX]);
      await commitTemporary(output, path, force);
      if (sums !== undefined) {
        await commitTemporary(sums, path + SUMS_SUFFIX, true);
      }
    }
    onProgress?.(progress, progress.bytesRead);
    return {
      outcomes,
      progress,
      targets: finished.map(({ path }) => path),
      targetSize,
    };
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

/** Name of a part of the target. */
function partName(job: Job, target: string, part: number): string {
  return job.split === Infinity ? target : `${target}.${part + 1}`;
}

/**
 * Completes a part of the output: an empty package must still be a valid stream,
 * and codecs whose streams cannot be put one after the other have their turn now.
 *
 * @returns The path of the complete file.
 */
async function finishPart(
  output: string,
  job: Job,
  packageCodec: CodecName,
  temporary: () => string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const fs = nodeFs();
  if (packageCodec === "none") return output;
  if (job.package === packageCodec) {
    if (sizeOf(output) === 0) {
      fs.writeFileSync(output, compress(new Uint8Array(0), packageCodec));
    }
    return output;
  }
  const packed = temporary();
  await packWhole(output, packed, packageCodec, signal);
  return packed;
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
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) {
      done += fs.writeSync(output, bytes, done, bytes.length - done);
    }
  };
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
