import { compress } from "../../codec/compress.ts";
import type { CodecName } from "../../codec/names.ts";
import { OptionError } from "../../pool/errors.ts";
import { checkSignal, FileError } from "../errors.ts";
import { SUMS_SUFFIX, writeSumsHeader } from "../format/sums.ts";
import { asFileError, nodeFs, openFile } from "../source/byte_source.ts";
import { STANDARD_STREAM } from "../source/standard_input.ts";
import { openFileSink } from "../target/byte_sink.ts";
import { partPath } from "../target/part_sink.ts";
import type { TargetLock } from "../target/target_lock.ts";
import {
  checkTarget,
  createTemporary,
  printFile,
  removeParts,
  removeTemporaries,
  syncFile,
} from "../target/temporary.ts";
import { EncodingSink } from "./encoding_sink.ts";
import type { JobOptions, JobTotals } from "./options.ts";
import { nextEvent } from "./pacer.ts";
import type { Plan } from "./plan.ts";
import { type JobOutcome, runPlan, totalBytesOf } from "./run_plan.ts";

/** Where the output of jobs goes. */
export interface WriteOptions
  extends Pick<JobOptions, "pool" | "signal" | "onProgress" | "onWarning"> {
  /** Path of the target, or `-` for the standard output. */
  target: string;
  /** The lock of the target, which the caller holds. */
  lock: TargetLock;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /** Whether to append to the target, which must exist. Default false. */
  append?: boolean;
}

/** What was written. */
export interface WriteOutcome {
  /** What each of the jobs has done. */
  outcomes: JobOutcome[];
  /** What all of them have done. */
  totals: JobTotals;
  /** Paths of the files. */
  targets: string[];
  /** Size of the files, in bytes. */
  targetSize: number;
}

/**
 * Runs jobs one after the other and writes their output to one target. It appears
 * whole or not at all: it is written to a temporary file, flushed, and renamed.
 *
 * @param plans Jobs with the same target format. Only a single job may split its target.
 * @throws {TargetExistsError | FileError | RecordError | CorruptDataError | CancelledError}
 * The target cannot be written.
 */
export async function writeTarget(
  plans: readonly Plan[],
  options: WriteOptions,
): Promise<WriteOutcome> {
  const { target, lock, append = false, signal, onProgress } = options;
  const force = options.force || append;
  const [{ job: { split, steps } }] = plans;
  const isSplit = split !== Infinity;
  const hasSums = steps.some(({ kind }) => kind === "sum");
  if (target === STANDARD_STREAM && (isSplit || hasSums)) {
    throw new OptionError(
      "Cannot write parts or checksums to the standard output. Specify a target.",
    );
  }
  const sources = plans.flatMap(({ source }) => source.path ?? []);
  checkTarget(partPath(target, split, 0), sources, force);
  const temporaries = new Set<string>();
  const temporary = () => {
    const path = createTemporary(lock.path);
    temporaries.add(path);
    return path;
  };
  try {
    const output = temporary();
    // The first part exists even if there are no documents.
    if (isSplit) openFileSink(partPath(output, split, 0)).close();
    const sums = hasSums ? output + SUMS_SUFFIX : undefined;
    if (sums !== undefined) temporaries.add(sums);
    const outcomes: JobOutcome[] = [];
    let totals: JobTotals = { documents: 0, bytesRead: 0, bytesWritten: 0 };
    const totalBytes = sumOfKnown(plans.map(totalBytesOf));
    for (const plan of plans) {
      const before = totals;
      const outcome = await runPlan(plan, {
        ...options,
        output,
        sums,
        before,
        near: () => lock.path,
        onProgress: onProgress &&
          ((now) => onProgress({ ...add(before, now), totalBytes })),
      });
      outcomes.push(outcome);
      totals = add(before, outcome.totals);
    }
    const { parts } = outcomes.at(-1)!;
    const partsOf = (path: string) =>
      Array.from({ length: parts }, (_, part) => partPath(path, split, part));
    const files = partsOf(output);
    const targets = partsOf(target);
    const sumsFiles = sums === undefined ? [] : partsOf(sums);
    if (sizeOf(files) !== totals.bytesWritten) {
      throw new FileError(
        target,
        `Cannot write ${target}: not every document of ${
          plans.map(({ source }) => source.name).join(", ")
        } was written. This is a bug of binfiles; please report it.`,
      );
    }
    for (const path of targets) checkTarget(path, sources, force);
    for (const path of sumsFiles) writeSumsHeader(path);
    for (const path of files) {
      await finishPart(path, plans[0], temporary, signal);
    }
    const targetSize = sizeOf(files);
    // Before the target changes: a callback that throws fails the job.
    onProgress?.({ ...totals, totalBytes: totals.bytesRead });
    if (target === STANDARD_STREAM) await printFile(output);
    else if (append) lock.append(output);
    else {
      // Everything is on the disk before the first file is renamed.
      for (const path of [...files, ...sumsFiles]) syncFile(path);
      const parts = isSplit ? files.length : 0;
      lock.commit({ temporary: output, parts, sums: hasSums, force });
    }
    return { outcomes, totals, targets, targetSize };
  } finally {
    removeTemporaries(temporaries);
    if (isSplit) temporaries.forEach(removeParts);
  }
}

function add(a: JobTotals, b: JobTotals): JobTotals {
  return {
    documents: a.documents + b.documents,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
  };
}

/** The sum of numbers, if all are known. */
function sumOfKnown(
  numbers: readonly (number | undefined)[],
): number | undefined {
  return numbers.reduce(
    (sum, number) =>
      sum === undefined || number === undefined ? undefined : sum + number,
    0,
  );
}

function sizeOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + nodeFs().statSync(path).size, 0);
}

/**
 * Completes a part of a package: without documents it must be a valid stream as
 * well, and output that could not be compressed in blocks is compressed now.
 */
async function finishPart(
  output: string,
  { job: { blockCodec }, target }: Plan,
  temporary: () => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fs = nodeFs();
  const { packageCodec } = target!;
  if (packageCodec === "none") return;
  if (blockCodec === packageCodec) {
    if (sizeOf([output]) > 0) return;
    fs.writeFileSync(output, compress(new Uint8Array(0), packageCodec));
    return;
  }
  const packed = temporary();
  await compressFile(output, packed, packageCodec, signal);
  fs.renameSync(packed, output);
}

/** Bytes per step when compressing a file. */
const CHUNK_SIZE = 1024 * 1024;

/** Compresses a file as one stream. */
async function compressFile(
  from: string,
  to: string,
  codec: CodecName,
  signal: AbortSignal | undefined,
): Promise<void> {
  const input = openFile(from);
  const output = openFileSink(to);
  const encoder = new EncodingSink(output, codec);
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0, last = false; !last; await nextEvent()) {
      checkSignal(signal);
      const length = input.read(chunk, 0, chunk.length, position);
      position += length;
      last = position >= input.size;
      await encoder.write(chunk.subarray(0, length), last);
    }
  } catch (error) {
    throw asFileError("write", to, error);
  } finally {
    encoder[Symbol.dispose]();
    output.close();
    input.close();
  }
}
