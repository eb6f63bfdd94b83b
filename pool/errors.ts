/**
 * Base class of all error classes of binfiles except {@linkcode OptionError},
 * which is a `RangeError`. Catch it to tell failures of bin files from other
 * failures of a program.
 *
 * @example
 * ```ts
 * import { assertInstanceOf } from "@std/assert";
 * import { BinfilesError, PoolError } from "@binfiles/binfiles/pool";
 *
 * assertInstanceOf(new PoolError("buffer returned twice"), BinfilesError);
 * ```
 */
export class BinfilesError extends Error {
  /** The class name, which also survives structured cloning and logging. */
  override name = "BinfilesError";
}

/** A pool was misused, for example a buffer was returned twice. */
export class PoolError extends BinfilesError {
  /** The class name. */
  override name = "PoolError";
}

/**
 * An option has an invalid value, such as a compression level that the codec does
 * not have. The class tells the caller's mistakes from the other range errors of
 * JavaScript, such as failed allocations.
 */
export class OptionError extends RangeError {
  /** The class name. */
  override name = "OptionError";
}
