import type { CodecLike } from "../../codec/names.ts";
import { checkInteger } from "../../pool/check.ts";
import type { MemoryPool } from "../../pool/memory_pool.ts";
import { checkLimits } from "../format/record.ts";
import type { LockOptions } from "../target/target_lock.ts";

/** How much was done. */
export interface JobTotals {
  /** Documents written, or counted if nothing is written. */
  documents: number;
  /** Bytes of records read from the (unpackaged) source. */
  bytesRead: number;
  /** Bytes written to the target. */
  bytesWritten: number;
}

/** How much of a job is done. */
export interface JobProgress extends JobTotals {
  /** Bytes of records that there are to read; undefined if unknown, as for packages. */
  totalBytes?: number;
}

/** Options of every job over a bin file. */
export interface JobOptions {
  /** Number of threads; 0 for one per core. Default 0. */
  workers?: number;
  /**
   * URL of a module that imports `@binfiles/binfiles/worker`, which runs in the
   * other threads. Default: the one of this package, which a bundle has to have
   * beside it as `thread_main.js`. Where threads cannot be started, the job runs
   * in the calling thread, with a warning.
   */
  workerUrl?: string | URL;
  /** Whether to skip corrupted regions and report them. Default false: they are errors. */
  skipErrors?: boolean;
  /**
   * The pool to use. Default: `globalMemoryPool`. Other threads use their own
   * global pools, disabled if this one is. Disabled, the job runs without reusing
   * anything.
   */
  pool?: MemoryPool;
  /** Longest accepted key, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Maximum size of a decompressed document, in bytes. Default: 1 GiB. */
  maxSize?: number;
  /** Cancels the job. */
  signal?: AbortSignal;
  /** Called a few times a second, and at the end. */
  onProgress?(progress: JobProgress): void;
  /**
   * Called with problems that do not stop the job, such as an unusable checksum
   * file beside the source.
   */
  onWarning?(message: string): void;
}

/**
 * Checks the numbers of options, before anything is done.
 *
 * @throws {OptionError} One is invalid.
 */
export function checkNumbers(
  options: Pick<JobOptions, "workers" | "keySizeLimit" | "maxSize"> & {
    limit?: number;
    split?: number;
    start?: number;
    end?: number;
  },
): void {
  checkLimits(options);
  const { workers, limit, split, start, end } = options;
  if (end !== undefined) checkInteger("end", end, 0, Infinity);
  for (
    const [name, value] of Object.entries({ workers, limit, split, start })
  ) {
    if (value !== undefined) checkInteger(name, value, 0);
  }
}

/** Options of every job that writes a bin file. */
export interface TargetOptions extends LockOptions {
  /** Codec of the target's contents: a name, alias or number. */
  targetCodec?: CodecLike;
  /** Codec of the target as a whole. Default `none`. */
  packageCodec?: CodecLike;
  /** Compression level of the target's contents. Default: that of the codec. */
  level?: number;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /**
   * Whether to write checksums of the documents to a file beside the target, with
   * `.sums` appended to its name. Default false. Other programs can ignore it.
   * Replacing a target removes its old checksums.
   */
  sums?: boolean;
}
