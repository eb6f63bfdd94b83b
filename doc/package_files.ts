import { checkPath } from "../pool/check.ts";
import "./damage/register.ts";
import { findCodec } from "../codec/codecs.ts";
import { loadEngines } from "../codec/load_engines.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import { OptionError } from "../pool/errors.ts";
import { FileError, isAboutRecord } from "./errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "./format/record.ts";
import {
  checkNumbers,
  type JobOptions,
  type TargetOptions,
} from "./job/options.ts";
import { type JobSource, makePlan } from "./job/plan.ts";
import { planWriting } from "./job/steps/step_plan.ts";
import { resolveCodec, resolveFormat } from "./job/target_format.ts";
import { writeTarget } from "./job/write_target.ts";
import {
  fillFromNames,
  fillFromTar,
  fillFromTree,
  type FillOptions,
} from "./package_sources.ts";
import { scan } from "./scan.ts";
import { fileError, nodeFs } from "./source/byte_source.ts";
import {
  STANDARD_INPUT_NAME,
  STANDARD_STREAM,
} from "./source/standard_input.ts";
import { type AppendTarget, prepareAppend } from "./target/append_target.ts";
import { type TargetLock, withTargetLock } from "./target/target_lock.ts";
import { checkTarget } from "./target/temporary.ts";
import type { TornRecord } from "./target/torn_record.ts";

/** How to package files. */
export interface PackageOptions extends JobOptions, TargetOptions {
  /**
   * Path of a directory, whose files are taken with those of all directories
   * below it, or of a tar archive; `-` for an archive on the standard input.
   */
  source: string;
  /** Path of the target, or `-` for the standard output. */
  target: string;
  /** Paths of the files to take, relative to the directory. Default: all. */
  names?: Iterable<string> | AsyncIterable<string>;
  /** Only files whose keys, including directories, match. Default: all. */
  pattern?: RegExp;
  /** Whether keys are names without directories, as in the original. Default false. */
  baseName?: boolean;
  /** Codec of the files, which are decompressed. Default `none`. */
  inputCodec?: CodecLike;
  /** Codec of the tar archive. Default: detected. */
  tarCodec?: CodecLike;
  /**
   * Codec of the target's contents: a name, alias or number. Default: that of the
   * target it is appended to, or `gzip`, as in the original.
   */
  targetCodec?: CodecLike;
  /** Codec of the target as a whole. Default: that of the target it is appended to, or `none`. */
  packageCodec?: CodecLike;
  /** Maximum number of files; 0 for all. Default 0. */
  limit?: number;
  /** Whether to append to an existing target. Excludes `sums`. Default false. */
  append?: boolean;
  /**
   * Whether to replace an existing target, or to append to one whose contents seem
   * to have another codec. Default false.
   */
  force?: boolean;
}

/** A file that was not packaged. */
export interface SkippedFile {
  /** Its path relative to the directory, or its name in the archive. */
  name: string;
  /** Why it was skipped. */
  reason: string;
  /** Whether a content is missing; false for symbolic links and devices, which have none. */
  isLost: boolean;
}

/** What was packaged. */
export interface PackageResult {
  /** Path of the directory or archive. */
  source: string;
  /** Path of the target. */
  target: string;
  /** Number of files that were packaged. */
  documents: number;
  /** Size of their records before compression, in bytes. */
  bytesRead: number;
  /** Number of bytes that were written. */
  bytesWritten: number;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /**
   * The torn record that was cut off the end of the target before it was appended
   * to: a process had died while writing it. Undefined if there was none.
   */
  cut: TornRecord | undefined;
  /** Files that were skipped, except for those that were not requested. */
  skipped: SkippedFile[];
  /** Duration in seconds. */
  seconds: number;
}

/**
 * Packages files into a bin file, on all cores: those of a directory in the order
 * of their paths, or those of a list or tar archive in its order. The target
 * appears whole or not at all. The files pass through a temporary file beside it,
 * whose size is bounded.
 *
 * Symbolic links, special files, and files that are unreadable or exceed a limit
 * are skipped and reported in the result. The target itself is not packaged if it
 * is in the directory.
 *
 * @throws {TarError} The archive is corrupt, and `skipErrors` is not set.
 * @throws {RecordError} The target that is appended to is corrupt.
 * @throws {FileError} A file does not decompress, and `skipErrors` is not set; or
 * the source cannot be read, or the target cannot be written.
 * @throws {LockedError} Another process is writing the target.
 * @throws {TargetExistsError} The target exists, and neither `append` nor `force` is set.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or option is unavailable.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { DocReader, packageFiles } from "@binfiles/binfiles/doc";
 *
 * const target = `${mkdtempSync(`${tmpdir()}/docs-`)}/sources.bin`;
 * const { documents } = await packageFiles({
 *   source: "pool",
 *   target,
 *   pattern: /^(mod|errors)\.ts$/,
 * });
 * assertEquals(documents, 2);
 * using reader = new DocReader(target);
 * assertEquals(reader.read()?.name, "errors.ts");
 * ```
 */
export async function packageFiles(
  options: PackageOptions,
): Promise<PackageResult> {
  const started = performance.now();
  if (options.append && options.sums) {
    throw new OptionError("Cannot write checksums when appending");
  }
  checkPath("source", options.source);
  checkPath("target", options.target);
  checkNumbers(options);
  return await withTargetLock(options.target, options, async (lock) => ({
    ...await packageLocked(lock, options),
    seconds: (performance.now() - started) / 1000,
  }));
}

/** Packages files into a target whose lock is held. */
async function packageLocked(
  lock: TargetLock,
  options: PackageOptions,
): Promise<Omit<PackageResult, "seconds">> {
  const { target, append, sums } = options;
  const existing = append ? await prepareTarget(options) : undefined;
  const format = resolveFormat({
    ...options,
    targetCodec: existing?.codec ?? options.targetCodec,
    packageCodec: existing?.packageCodec ?? options.packageCodec,
  }, "gzip");
  const skipped: SkippedFile[] = [];
  const source = packageSource(options, skipped);
  const steps = planWriting({
    ...{ from: source.codec, to: format.codec, level: format.level },
    // Files need not be what their codec says, even if they stay compressed.
    ...{ check: true, sums },
  });
  const plan = await makePlan(source, {
    ...options,
    ...{ steps, target: format },
    // Files beyond the limit are not even read.
    ...{ limit: 0, intact: true },
  });
  try {
    const { outcomes: [outcome], totals, targetSize } = await writeTarget(
      [plan],
      { ...options, lock, append: existing !== undefined },
    );
    for (const { key, reason } of outcome.skipped) {
      skipped.push({ name: key!, reason, isLost: true });
    }
    return {
      source: options.source,
      target,
      documents: totals.documents,
      bytesRead: totals.bytesRead,
      bytesWritten: targetSize,
      targetCodec: format.codec,
      packageCodec: format.packageCodec,
      cut: lock.cut ?? existing?.cut,
      skipped,
    };
  } catch (error) {
    if (!isAboutRecord(error)) throw error;
    // The offset in the spool file means nothing to the caller.
    const key = JSON.stringify(error.key);
    throw new FileError(
      options.source,
      `Cannot package ${key} of ${source.name}: ${error.reason}`,
      { cause: error },
    );
  }
}

/** The files to package, as the source of a job. */
function packageSource(
  options: PackageOptions,
  skipped: SkippedFile[],
): JobSource {
  const { source, names, inputCodec = "none", limit = 0 } = options;
  const isStream = source === STANDARD_STREAM;
  const isTree = !isStream && isDirectory(source);
  if (names !== undefined && !isTree) {
    throw new OptionError(
      `Cannot take files by their names from ${source}: expected a directory`,
    );
  }
  const fillOptions: FillOptions = {
    ...options,
    tarCodec: resolveCodec(options.tarCodec),
    keySizeLimit: options.keySizeLimit ?? DEFAULT_KEY_SIZE_LIMIT,
    limit: limit || Infinity,
    skip: (name, reason, isLost) => void skipped.push({ name, reason, isLost }),
  };
  return {
    name: isStream ? STANDARD_INPUT_NAME : source,
    path: isStream ? undefined : source,
    codec: findCodec(inputCodec).name,
    packageCodec: "none",
    fill: (spool, stop) =>
      !isTree
        ? fillFromTar(spool, stop, fillOptions)
        : names === undefined
        ? fillFromTree(spool, fillOptions)
        : fillFromNames(spool, names, stop, fillOptions),
  };
}

function isDirectory(path: string): boolean {
  try {
    return nodeFs().statSync(path).isDirectory();
  } catch (error) {
    throw fileError("open", path, error);
  }
}

/**
 * Prepares a target for appending, and checks all of its records.
 *
 * @returns undefined if it does not exist.
 * @throws {RecordError} It is corrupt: what is appended might never be found.
 * @throws {FileError | OptionError} It cannot be appended to.
 */
async function prepareTarget(
  options: PackageOptions,
): Promise<AppendTarget | undefined> {
  const { source, target, force, signal } = options;
  const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT } = options;
  if (target === STANDARD_STREAM) {
    throw new OptionError("Cannot append to the standard output");
  }
  checkTarget(target, [source], true);
  await loadEngines();
  const existing = prepareAppend(target, {
    codec: resolveCodec(options.targetCodec),
    packageCodec: resolveCodec(options.packageCodec),
    force,
    keySizeLimit,
  });
  if (existing !== undefined) {
    await scan({ source: target, keysOnly: true, keySizeLimit, signal });
  }
  return existing;
}
