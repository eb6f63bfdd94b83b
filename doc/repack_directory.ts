import { findCodec } from "../codec/codecs.ts";
import { nodePath } from "./_target.ts";
import { fileError, nodeFs } from "./byte_source.ts";
import { BinfilesError } from "../pool/errors.ts";
import { CancelledError, FileError, TargetExistsError } from "./errors.ts";
import { repack, type RepackOptions, type RepackResult } from "./repack.ts";

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
 * entered. A file that cannot be repacked does not keep others from it. `limit`
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
  const { source, target, pattern, packageCodec = "none" } = options;
  const { suffix } = findCodec(packageCodec);
  const { join } = nodePath();
  const outcome: RepackDirectoryResult = { results: [], passedOver: [] };
  for (const name of listFiles(source, target)) {
    if (pattern !== undefined && !matches(pattern, name)) continue;
    const file = join(source, name);
    try {
      outcome.results.push(
        await repack({
          ...options,
          source: file,
          target: join(target, name + suffix),
        }),
      );
    } catch (error) {
      if (
        !(error instanceof BinfilesError) || error instanceof CancelledError
      ) {
        throw error;
      }
      const reason = error instanceof TargetExistsError
        ? `${error.file} exists already`
        : error.message;
      outcome.passedOver.push({ file, reason });
    }
  }
  return outcome;
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
    .sort();
}

/** `test` of a pattern with the flag g or y goes on where it stopped; this does not. */
function matches(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}
