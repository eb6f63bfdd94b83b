/**
 * Base of every error that binfiles throws on purpose.
 *
 * Catch it to tell the failures of bin files from those of the program around
 * them.
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

/** A pool was used against its contract, for example a buffer returned twice. */
export class PoolError extends BinfilesError {
  /** The class name. */
  override name = "PoolError";
}

/**
 * An option has a value that cannot be, such as a compression level that the
 * codec does not have. It tells the caller's mistakes from what else JavaScript
 * calls a range error: memory that is not to be had.
 */
export class OptionError extends RangeError {
  /** The class name. */
  override name = "OptionError";
}
