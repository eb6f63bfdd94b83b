import { checkPath } from "../pool/check.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import { inspectBytes, inspectFile } from "./job/inspect_source.ts";
import {
  checkNumbers,
  type JobOptions,
  type JobTotals,
  type TargetOptions,
} from "./job/options.ts";
import { type JobSource, makePlan, type Plan } from "./job/plan.ts";
import { planWriting } from "./job/steps/step_plan.ts";
import { resolveCodec, resolveFormat } from "./job/target_format.ts";
import { withSourceFile } from "./job/with_source_file.ts";
import { writeSink } from "./job/write_sink.ts";
import { type WriteOutcome, writeTarget } from "./job/write_target.ts";
import { type ByteSource, memorySource } from "./source/byte_source.ts";
import type { ByteSink } from "./target/byte_sink.ts";
import { withScratch, withTargetLock } from "./target/target_lock.ts";

/** How to repack a bin file. */
export interface RepackOptions
  extends JobOptions, Omit<TargetOptions, "targetCodec"> {
  /**
   * The bin file: a path, `-` for the standard input, bytes, or any
   * {@linkcode ByteSource}, which is closed at the end. Packages are detected.
   */
  source: string | Uint8Array | ByteSource;
  /**
   * Path of the target, `-` for the standard output, or a {@linkcode ByteSink}.
   * A sink, and a source that is not a path, are used by the calling thread
   * alone. A sink cannot have parts or checksums.
   */
  target: string | ByteSink;
  /** Codec of the source's contents: a name, alias or number. Default: detected. */
  sourceCodec?: CodecLike;
  /**
   * Codec of the target's contents: a name, alias or number, or `same` for that
   * of the source. Default `none`, as in the original.
   */
  targetCodec?: CodecLike | "same";
  /**
   * Compression level of the target's contents. Default: that of the codec. If
   * specified, contents are compressed again even if the codec stays the same.
   */
  level?: number;
  /** Maximum number of documents; 0 for all. Default 0. */
  limit?: number;
  /**
   * Number of documents per part of the target; 0 for a single file. Default 0.
   * Parts have the name of the target with `.1`, `.2` and so on appended.
   */
  split?: number;
  /** Whether to write contents without keys, uncompressed, each followed by a newline. Default false. */
  contentOnly?: boolean;
}

/** What a repack has done. */
export interface RepackResult extends JobTotals {
  /** Path of the source, or its name if it has none. */
  source: string;
  /** Paths of the files that were written; none for a sink. */
  targets: string[];
  /** Codec of the source's contents. */
  sourceCodec: CodecName;
  /** Codec of the source as a whole. */
  sourcePackageCodec: CodecName;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the source, in bytes; 0 if unknown. */
  sourceSize: number;
  /** Size of the target, in bytes. */
  targetSize: number;
  /** Skipped regions of the (unpackaged) source, in order. */
  skipped: SkippedRegion[];
  /** Duration in seconds. */
  seconds: number;
}

/**
 * Rewrites a bin file with another compression, on all cores.
 *
 * Documents keep their order, and the target is the same for any number of
 * workers. It appears whole or not at all: it is written to a temporary file
 * beside the target, flushed, and renamed. The calling thread is one of the
 * workers. It pauses between blocks, so that other events are handled. In
 * browsers, which have no files, the source and the target must be in memory.
 *
 * @throws {RecordError} A record is corrupt, and `skipErrors` is not set.
 * @throws {CorruptDataError} The source is a package, which is corrupt.
 * @throws {TargetExistsError} The target exists, and `force` is not set.
 * @throws {LockedError} Another process is writing the target.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or level is unavailable.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { repack } from "@binfiles/binfiles/doc";
 *
 * const target = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
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
  const { target } = options;
  if (typeof (target as ByteSink)?.write !== "function") {
    checkPath("target", target as string);
  }
  const source = options.source instanceof Uint8Array
    ? memorySource(options.source)
    : options.source;
  if (typeof (source as ByteSource)?.read !== "function") {
    checkPath("source", source as string);
  }
  try {
    checkNumbers(options);
    const result = typeof target === "string"
      ? await withTargetLock(target, options, (lock) =>
        withSource(
          source,
          options,
          () => lock.path,
          (source) =>
            repackSource(source, options, (plan) =>
              writeTarget([plan], { ...options, target, lock })),
        ))
      : await withScratch((near) =>
        withSource(
          source,
          options,
          near,
          (source) =>
            repackSource(source, options, (plan) =>
              writeSink(plan, target, options)),
        )
      );
    return { ...result, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (typeof target !== "string") await target.abort?.();
    throw error;
  } finally {
    if (typeof source !== "string") source.close();
  }
}

/** Calls `use` with a source that was inspected. */
async function withSource<T>(
  source: string | ByteSource,
  { sourceCodec, keySizeLimit, signal }: RepackOptions,
  near: () => string,
  use: (source: JobSource) => Promise<T>,
): Promise<T> {
  const options = { codec: resolveCodec(sourceCodec), keySizeLimit };
  return typeof source === "string"
    ? await withSourceFile(
      source,
      { near, signal },
      async (path, name) => await use(await inspectFile(path, options, name)),
    )
    : await use({ ...await inspectBytes(source, options), bytes: source });
}

/** Plans the repack of a source and writes its target. */
async function repackSource(
  source: JobSource,
  options: RepackOptions,
  write: (plan: Plan) => Promise<WriteOutcome>,
): Promise<Omit<RepackResult, "seconds">> {
  const { targetCodec, skipErrors, contentOnly, sums } = options;
  const target = resolveFormat({
    ...options,
    targetCodec: targetCodec === "same" ? source.codec : targetCodec,
  }, "none");
  const { codec: to, level } = target;
  const steps = planWriting({
    ...{ from: source.codec, to, level },
    ...{ check: skipErrors, contentOnly, sums },
  });
  const plan = await makePlan(source, { ...options, steps, target });
  const { outcomes, totals, targets, targetSize } = await write(plan);
  return {
    ...totals,
    source: typeof options.source === "string" ? options.source : source.name,
    targets,
    sourceCodec: source.codec,
    sourcePackageCodec: source.packageCodec,
    targetCodec: to,
    packageCodec: target.packageCodec,
    sourceSize: source.size ?? 0,
    targetSize,
    skipped: outcomes[0].skipped,
  };
}
