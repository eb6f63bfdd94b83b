import { withInput } from "./job/source_file.ts";
import type { LockOptions } from "./target/target_lock.ts";
import type { CodecName } from "../codec/names.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import type { JobProgress } from "./job/shared_state.ts";
import { inspectSource, makePlan } from "./job/plan.ts";
import { withTargetLock } from "./target/target_lock.ts";
import { writeTarget } from "./job/write_target.ts";
import type { JobOptions } from "./job/options.ts";

/** How to repack a bin file. */
export interface RepackOptions extends JobOptions, LockOptions {
  /** Path of the bin file, or `-` for the standard input. Compression of the file as a whole is detected. */
  source: string;
  /** Path of the file to make. */
  target: string;
  /**
   * Codec of the target's contents: a name, alias or number, or `same` for that
   * of the source. Default `none`, as in the original.
   */
  targetCodec?: string | number;
  /** Codec of the target as a whole. Default `none`. */
  packageCodec?: string | number;
  /**
   * Level of the target's contents; the codec's default when not given. When
   * given, contents are compressed anew even if the codec stays the same.
   */
  level?: number;
  /** Most documents to take; 0 for all. Default 0. */
  limit?: number;
  /**
   * Documents per file; 0 for a single file. Default 0. When set, the files are
   * named after the target with `.1`, `.2` and so on.
   */
  split?: number;
  /** Whether to write contents only, uncompressed, each followed by a newline. Default false. */
  contentOnly?: boolean;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /**
   * Whether to write checksums of the documents into a file beside the target,
   * named after it with `.sums`. Default false. Who does not know of them can
   * ignore them; a target that is replaced loses its old ones.
   */
  sums?: boolean;
}

/** What a repack has done. */
export interface RepackResult extends JobProgress {
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
  skipped: SkippedRegion[];
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
 * @throws {LockedError} Another process is writing the target.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or level is not to be had.
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
  const { source, target, signal } = options;
  return await withTargetLock(
    target,
    options,
    (lock) =>
      withInput(
        source,
        { near: () => lock.path, signal },
        async (path, name) => {
          const facts = await inspectSource(path, name, options);
          const targetCodec = options.targetCodec === "same"
            ? facts.codec
            : options.targetCodec;
          const plan = await makePlan(facts, { ...options, targetCodec });
          const { outcomes: [{ skipped }], progress, targets, targetSize } =
            await writeTarget([plan], { ...options, lock });
          return {
            ...progress,
            source,
            targets,
            sourceCodec: facts.codec,
            sourcePackageCodec: facts.packageCodec,
            targetCodec: plan.job.to,
            packageCodec: plan.packageCodec,
            sourceSize: plan.sourceSize,
            targetSize,
            skipped,
            seconds: (performance.now() - started) / 1000,
          };
        },
      ),
  );
}
