import type { JobProgress } from "./shared_state.ts";

/** What can be told of every job over a bin file, whatever it does. */
export interface JobOptions {
  /** Codec of the source's contents: a name, alias or number. Default: detected. */
  sourceCodec?: string | number;
  /** Number of threads; 0, which is the default, for as many as there are cores. */
  workers?: number;
  /** Whether to leave out what is damaged and report it, instead of failing. Default false. */
  skipErrors?: boolean;
  /** Whether to work with pooled memory. Default: unless `BINFILES_POOL=off` is set. */
  optimized?: boolean;
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Most bytes a document may decompress to. Default: 1 GiB. */
  maxSize?: number;
  /** Cancels the work. */
  signal?: AbortSignal;
  /**
   * Called now and then with what has been done, and at the end. `total` is the
   * number of bytes to be read, or 0 if that is not known, as with packages.
   */
  onProgress?(progress: JobProgress, total: number): void;
  /**
   * Called with what keeps nothing from being done, but is not as it should be:
   * checksums beside the source that are to help in leaving out what is damaged,
   * and cannot be used.
   */
  onWarning?(message: string): void;
}
