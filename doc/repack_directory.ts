import { findCodec } from "../codec/codecs.ts";
import { delegate } from "./job/spawn.ts";
import {
  type FileOutcome,
  type FilePair,
  type FilesJob,
  repackFile,
  repackFiles,
  stopFiles,
} from "./repack_files.ts";
import { coreCount } from "./job/plan.ts";
import { SUMS_SUFFIX } from "./format/sums.ts";
import { matches } from "./source/matches.ts";

import { type PackedError, unpackError } from "./job/thread_errors.ts";
import { fileError, nodeFs, nodePath } from "./source/byte_source.ts";
import { FileError, TargetExistsError } from "./errors.ts";
import type { RepackOptions, RepackResult } from "./repack.ts";

/** Files from this size on are repacked by all threads together, smaller ones by one each. */
const LARGE_FILE = 16 * 1024 * 1024;

/** How to repack a directory of bin files; `source` and `target` are directories. */
export interface RepackDirectoryOptions extends RepackOptions {
  /** Which files to take, by their names. Default: all. */
  pattern?: RegExp;
}

/** A file that was not repacked. */
export interface PassedOver {
  /** Path of the file. */
  file: string;
  /** Why. */
  reason: string;
}

/** What was done to the files of a directory. */
export interface RepackDirectoryResult {
  /** What was done to each file, in the order of their names. */
  results: RepackResult[];
  /** Files that were not repacked: their targets exist, or they are damaged. */
  passedOver: PassedOver[];
}

/**
 * Repacks every bin file of a directory into another directory, which is made
 * if need be. Files keep their names, with the suffix of the package codec
 * (`.gz`, `.br`, `.bz2`, `.lz4`, `.xz`, `.zst`) added. Subdirectories are not
 * entered, and files of checksums (`.sums`) are not taken. A file that cannot be repacked does not keep others from it. `limit`
 * and `split` apply to each file.
 *
 * @throws {FileError} A directory cannot be read or made.
 * @throws {CancelledError} `signal` was aborted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { repackDirectory } from "@binfiles/binfiles/doc";
 *
 * const target = Deno.makeTempDirSync();
 * const { results } = await repackDirectory({
 *   source: "tests/fixtures",
 *   target,
 *   pattern: /^(gzip|xz)\.bin$/,
 *   packageCodec: "gzip",
 * });
 * assertEquals(results.map(({ documents }) => documents), [32, 32]);
 * ```
 */
export async function repackDirectory(
  options: RepackDirectoryOptions,
): Promise<RepackDirectoryResult> {
  const { source, target, pattern, signal, onProgress, onWarning, ...each } =
    options;
  const { suffix } = findCodec(options.packageCodec ?? "none");
  const { join } = nodePath();
  const pairs = listFiles(source, target)
    .filter((name) => pattern === undefined || matches(pattern, name))
    .map((name) => ({
      source: join(source, name),
      target: join(target, name + suffix),
    }));
  const isSmall = ({ source }: FilePair) =>
    (nodeFs().statSync(source, { throwIfNoEntry: false })?.size ?? 0) <
      LARGE_FILE;
  // Large files one after the other, each by all threads together.
  const outcomes: FileOutcome[] = [];
  for (const pair of pairs.filter((pair) => !isSmall(pair))) {
    outcomes.push(await repackFile({ ...each, ...pair, signal, onProgress }));
  }
  outcomes.push(...await repackSmall(pairs.filter(isSmall), each, signal));
  const outcome: RepackDirectoryResult = { results: [], passedOver: [] };
  for (const { source } of pairs) {
    const { result, error, warnings } = outcomes
      .find((one) => one.source === source)!;
    for (const warning of warnings) onWarning?.(warning);
    if (result !== undefined) outcome.results.push(result);
    else outcome.passedOver.push({ file: source, reason: reasonOf(error!) });
  }
  return outcome;
}

/** Repacks small files, each by one thread. */
async function repackSmall(
  files: FilePair[],
  options: FilesJob["options"],
  signal: AbortSignal | undefined,
): Promise<FileOutcome[]> {
  const job = { options, files, memory: new SharedArrayBuffer(4) };
  const workers = Math.min(options.workers || coreCount(), files.length);
  const threads: Promise<FileOutcome[]>[] = [];
  const stop = () => stopFiles(job);
  signal?.addEventListener("abort", stop);
  try {
    for (let worker = 1; worker < workers; worker++) {
      threads.push(delegate("files", job, files[0].source));
    }
    const own = await repackFiles(job, signal);
    return [own, ...await Promise.all(threads)].flat();
  } catch (error) {
    stop();
    await Promise.allSettled(threads);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function reasonOf(packed: PackedError): string {
  const error = unpackError(packed);
  return error instanceof TargetExistsError
    ? `${error.file} exists already`
    : error.message;
}

/** Names of the files of `source`, sorted; makes `target`. */
function listFiles(source: string, target: string): string[] {
  const fs = nodeFs();
  let entries;
  try {
    entries = fs.readdirSync(source, { withFileTypes: true });
  } catch (error) {
    throw fileError("read", source, error);
  }
  try {
    fs.mkdirSync(target, { recursive: true });
  } catch (error) {
    throw fileError("make", target, error);
  }
  if (fs.realpathSync(source) === fs.realpathSync(target)) {
    throw new FileError(
      target,
      `Cannot write to ${target}: it is the source. Repack into another directory.`,
    );
  }
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter((name) => !name.endsWith(SUMS_SUFFIX))
    .sort();
}
