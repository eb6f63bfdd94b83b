import { STANDARD_STREAM } from "./source/standard_input.ts";
import type { LockOptions } from "./target/target_lock.ts";
import "../codec/all_engines.ts";
import type { CodecName } from "../codec/names.ts";
import { findCodec } from "../codec/codecs.ts";
import { OptionError } from "../pool/errors.ts";
import { formatOf, makePlan, type Plan } from "./job/plan.ts";
import {
  fillFromNames,
  fillFromTar,
  fillFromTree,
  type Filling,
} from "./package_sources.ts";
import { STANDARD_INPUT_NAME } from "./source/standard_input.ts";
import { removeTornRecord, type TornRecord } from "./target/torn_record.ts";
import { checkTarget } from "./target/temporary.ts";
import { type TargetLock, withTargetLock } from "./target/target_lock.ts";
import { writeTarget } from "./job/write_target.ts";
import { fileError, nodeFs, openFile } from "./source/byte_source.ts";
import { detectSource } from "./detect_source.ts";
import { FileError, RecordError } from "./errors.ts";
import type { JobOptions } from "./job/options.ts";
import { scan } from "./scan.ts";

/** How to put files into a bin file. */
export interface PackageOptions
  extends Omit<JobOptions, "sourceCodec">, LockOptions {
  /**
   * Path of a directory, whose files are taken with those in all directories
   * below it, or of a tar archive; `-` for an archive on the standard input.
   */
  source: string;
  /** Path of the bin file to make, or `-` for the standard output. */
  target: string;
  /** Which files of the directory to take, by their paths from there on. Default: all. */
  names?: Iterable<string> | AsyncIterable<string>;
  /** Which files to take, by their keys as they would be with directories. Default: all. */
  pattern?: RegExp;
  /** Whether keys are names without directories, as in the original. Default false. */
  baseName?: boolean;
  /** Codec of the files themselves, which are decompressed on the way. Default `none`. */
  inputCodec?: string | number;
  /** Codec of the tar archive. Default: detected. */
  tarCodec?: string | number;
  /** Codec of the target's contents. Default: that of the target it is appended to, or `gzip`, as in the original. */
  targetCodec?: string | number;
  /** Codec of the target as a whole. Default: that of the target it is appended to, or `none`. */
  packageCodec?: string | number;
  /** Level of the target's contents; the codec's default when not given. */
  level?: number;
  /** Most files to take; 0 for all. Default 0. */
  limit?: number;
  /** Whether to add to an existing target. Default false. */
  append?: boolean;
  /**
   * Whether to write checksums of the documents into a file beside the target,
   * named after it with `.sums`. Not with `append`. Default false.
   */
  sums?: boolean;
  /** Whether to replace an existing target, or to append to one that seems to have another codec. Default false. */
  force?: boolean;
}

/** Something that was not put into a bin file. */
export interface SkippedFile {
  /** Its path from the directory on, or its name in the archive. */
  name: string;
  /** Why. */
  reason: string;
  /** Whether a content is missing now; false for symbolic links and devices, which have none. */
  isLost: boolean;
}

/** What was put into a bin file. */
export interface PackageResult {
  /** Path of the directory or archive. */
  source: string;
  /** Path of the bin file. */
  target: string;
  /** Number of files that were put in. */
  documents: number;
  /** Size of their keys and contents as records, in bytes. */
  bytesRead: number;
  /** Size of what was written, in bytes. */
  bytesWritten: number;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /**
   * What was cut off from the end of the bin file before it was appended to: the
   * beginning of a record whose writer had died. Undefined if there was nothing of the kind.
   */
  cut: TornRecord | undefined;
  /** What was left out, except for what was not asked for. */
  skipped: SkippedFile[];
  /** How long it took, in seconds. */
  seconds: number;
}

/**
 * Puts files into a bin file, on all cores: those of a directory in the order of
 * their paths, or those of a tar archive or a list in its order. The target
 * appears whole or not at all. The files pass through a temporary file beside
 * it, which does not grow with their number.
 *
 * Symbolic links and special files are left out, and so are files that cannot be
 * read or are over a limit; the result tells of all of them. The target itself
 * is not put in, should it be in the directory.
 *
 * @throws {TarError} The archive is damaged, and `skipErrors` is not set.
 * @throws {RecordError} The target that is to be appended to is damaged.
 * @throws {FileError} A file does not decompress, and `skipErrors` is not set;
 * or the source cannot be read or the target not be written.
 * @throws {LockedError} Another process is writing the target.
 * @throws {TargetExistsError} The target exists, and neither `append` nor `force` is set.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or option is not to be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DocReader, packageFiles } from "@binfiles/binfiles/doc";
 *
 * const target = `${Deno.makeTempDirSync()}/sources.bin`;
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
    throw new OptionError("Cannot write sums of what is appended alone");
  }
  return await withTargetLock(options.target, options, async (lock) => ({
    ...await packageLocked(lock, options),
    seconds: (performance.now() - started) / 1000,
  }));
}

/** Puts files into a bin file whose lock is held. */
async function packageLocked(
  lock: TargetLock,
  options: PackageOptions,
): Promise<Omit<PackageResult, "seconds">> {
  const { source, target, append } = options;
  const existing = append ? await inspectTarget(target, options) : undefined;
  const skipped: SkippedFile[] = [];
  const plan = await planPackage(source, skipped, {
    ...options,
    targetCodec: options.targetCodec ?? "gzip",
    ...existing,
  });
  try {
    const { outcomes: [outcome], progress, targetSize } = await writeTarget(
      [plan],
      { ...options, lock, append: existing !== undefined },
    );
    for (const { key, reason } of outcome.skipped) {
      skipped.push({ name: key!, reason, isLost: true });
    }
    return {
      source,
      target,
      documents: progress.documents,
      bytesRead: progress.bytesRead,
      bytesWritten: targetSize,
      targetCodec: plan.job.to,
      packageCodec: plan.packageCodec,
      cut: lock.cut ?? existing?.cut,
      skipped,
    };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    // The record is one that was made here; nobody has seen its offset.
    throw new FileError(
      source,
      `Cannot package ${
        JSON.stringify(error.key)
      } of ${plan.job.name}: ${error.reason}`,
      { cause: error },
    );
  }
}

/** Decides how files are taken and compressed. */
async function planPackage(
  source: string,
  skipped: SkippedFile[],
  options: PackageOptions,
): Promise<Plan> {
  const { names, inputCodec = "none", limit = 0 } = options;
  const isTree = source !== STANDARD_STREAM && isDirectory(source);
  if (names !== undefined && !isTree) {
    throw new OptionError(
      `Cannot take files by their names from ${source}: expected a directory`,
    );
  }
  const plan = await makePlan({
    path: source,
    name: source === STANDARD_STREAM ? STANDARD_INPUT_NAME : source,
    codec: findCodec(inputCodec).name,
    packageCodec: "none",
  }, { ...options, intact: true });
  // Files over the limit are not even read.
  plan.job.limit = Infinity;
  const filling: Filling = {
    ...options,
    keySizeLimit: plan.job.keySizeLimit,
    limit: limit || Infinity,
    skip: (name, reason, isLost) => void skipped.push({ name, reason, isLost }),
  };
  plan.fill = (spool, stop) =>
    !isTree
      ? fillFromTar(spool, stop, filling)
      : names === undefined
      ? fillFromTree(spool, filling)
      : fillFromNames(spool, names, stop, filling);
  return plan;
}

function isDirectory(path: string): boolean {
  try {
    return nodeFs().statSync(path).isDirectory();
  } catch (error) {
    throw fileError("open", path, error);
  }
}

/** What is found out about a target that is going to be appended to. */
interface ExistingTarget
  extends Pick<PackageOptions, "targetCodec" | "packageCodec"> {
  /** What was cut off from its end. */
  cut?: TornRecord;
}

/**
 * Finds out with which codecs a target has to be appended to, and frees it of a
 * torn record at its end.
 *
 * @returns undefined if there is no target yet.
 * @throws {RecordError} It is damaged: nobody would find what is behind that.
 * @throws {FileError | OptionError} It cannot be appended to.
 */
async function inspectTarget(
  target: string,
  options: PackageOptions,
): Promise<ExistingTarget | undefined> {
  const { source, targetCodec, packageCodec, force, keySizeLimit, signal } =
    options;
  if (target === STANDARD_STREAM) {
    throw new OptionError("Cannot append to the standard output");
  }
  if (!nodeFs().existsSync(target)) return undefined;
  checkTarget(target, [source], true);
  const input = openFile(target);
  const found = detectSource(input, { keySizeLimit });
  input.close();
  if (input.size === 0) return {};
  const refuse = (reason: string) => {
    throw new FileError(target, `Cannot append to ${target}: ${reason}`);
  };
  if (found.codec === undefined && found.packageCodec === "none") {
    refuse("it is no bin file");
  }
  if (!findCodec(found.packageCodec).concatenable) {
    refuse(
      `it is compressed as a whole with ${found.packageCodec}, whose streams ` +
        "cannot be joined. Repack it without.",
    );
  }
  if (packageCodec !== undefined && !isSame(packageCodec, found.packageCodec)) {
    refuse(`as a whole, its codec is ${found.packageCodec}`);
  }
  const codec = targetCodec ?? found.codec ?? "gzip";
  if (!force && found.codec !== undefined && !isSame(codec, found.codec)) {
    refuse(
      `its documents seem to have the codec ${found.codec}. ` +
        "Use force (--force) if they do not.",
    );
  }
  const cut = found.packageCodec === "none"
    ? removeTornRecord(target, keySizeLimit)
    : undefined;
  await scan({ source: target, keysOnly: true, keySizeLimit, signal });
  return { targetCodec: codec, packageCodec: found.packageCodec, cut };
}

/** Whether two codecs write the same. */
function isSame(told: string | number, found: CodecName): boolean {
  return formatOf(findCodec(told).name) === formatOf(found);
}
