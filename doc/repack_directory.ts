import { checkPath } from "../pool/check.ts";
import { findCodec } from "../codec/codecs.ts";
import { globalMemoryPool } from "../pool/memory_pool.ts";
import { FileError, TargetExistsError } from "./errors.ts";
import { SUMS_SUFFIX } from "./format/sums.ts";
import { type PackedError, unpackError } from "./job/packed_error.ts";
import { checkNumbers } from "./job/options.ts";
import { coreCount } from "./job/plan.ts";
import {
  describeStartFailure,
  runTask,
  ThreadStartError,
} from "./job/run_task.ts";
import type { RepackOptions, RepackResult } from "./repack.ts";
import {
  type FileOutcome,
  type FilePair,
  type FilesInput,
  filesTask,
  repackFile,
  repackFiles,
  stopFiles,
} from "./repack_files.ts";
import { fileError, nodeFs, nodePath } from "./source/byte_source.ts";
import { matches } from "./source/matches.ts";

/** Smaller files are repacked by one thread each, larger ones by all threads together. */
const LARGE_FILE = 16 * 1024 * 1024;

/** How to repack a directory of bin files. */
export interface RepackDirectoryOptions
  extends Omit<RepackOptions, "source" | "target"> {
  /** Path of the directory of the bin files. */
  source: string;
  /** Path of the directory to write to, which is created if it does not exist. */
  target: string;
  /** Only files whose names match. Default: all. */
  pattern?: RegExp;
}

/** A file that was not repacked. */
export interface SkippedSource {
  /** Path of the file. */
  file: string;
  /** Why it was not repacked. */
  reason: string;
}

/** What was done to the files of a directory. */
export interface RepackDirectoryResult {
  /** Result of each file that was repacked, in the order of their names. */
  results: RepackResult[];
  /** Files that were not repacked: their targets exist, or they are corrupt. */
  passedOver: SkippedSource[];
}

/**
 * Repacks every bin file of a directory into another directory. Files keep their
 * names, with the suffix of the package codec (`.gz`, `.br`, `.bz2`, `.lz4`,
 * `.xz`, `.zst`) appended. Subdirectories and checksum files (`.sums`) are
 * ignored. A file that cannot be repacked does not stop the others. `limit` and
 * `split` apply to each file.
 *
 * @throws {FileError} A directory cannot be read or created.
 * @throws {CancelledError} `signal` was aborted.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { repackDirectory } from "@binfiles/binfiles/doc";
 *
 * const target = mkdtempSync(`${tmpdir()}/docs-`);
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
  const {
    source,
    target,
    pattern,
    signal,
    onProgress,
    onWarning,
    pool,
    ...each
  } = options;
  checkPath("source", source);
  checkPath("target", target);
  checkNumbers(options);
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
  const outcomes: FileOutcome[] = [];
  for (const pair of pairs.filter((pair) => !isSmall(pair))) {
    outcomes.push(
      await repackFile({ ...each, ...pair, signal, onProgress, pool }),
    );
  }
  const pooled = (pool ?? globalMemoryPool).enabled;
  const small = { options: each, files: pairs.filter(isSmall), pooled };
  outcomes.push(...await repackSmall(small, { signal, pool, onWarning }));
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
  work: Omit<FilesInput, "memory">,
  { signal, pool, onWarning }: Pick<
    RepackOptions,
    "signal" | "pool" | "onWarning"
  >,
): Promise<FileOutcome[]> {
  const { files, options: { workerUrl, ...options } } = work;
  const input = { ...work, options, memory: new SharedArrayBuffer(4) };
  const workers = Math.min(options.workers || coreCount(), files.length);
  const threads: Promise<FileOutcome[]>[] = [];
  let startFailure: ThreadStartError | undefined;
  const stop = () => stopFiles(input);
  signal?.addEventListener("abort", stop);
  try {
    for (let worker = 1; worker < workers; worker++) {
      threads.push(
        runTask(filesTask, input, files[0].source, workerUrl).catch((error) => {
          if (!(error instanceof ThreadStartError)) throw error;
          startFailure = error;
          return [];
        }),
      );
    }
    const own = await repackFiles(input, { signal, pool });
    const others = await Promise.all(threads);
    if (startFailure !== undefined) {
      onWarning?.(describeStartFailure(startFailure));
    }
    return [own, ...others].flat();
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

/** Returns the names of the files of `source`, sorted, and creates `target`. */
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
    throw fileError("create", target, error);
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
