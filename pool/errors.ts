/**
 * Base class of all error classes of binfiles. Catch it to tell failures of bin
 * files from other failures of a program; {@linkcode BinfilesError.code} says
 * which failure it is.
 *
 * Only an argument of the wrong type, which a type check of the program finds,
 * is a `TypeError` instead, with the code `BINFILES_ARGUMENT_INVALID`.
 * guide/errors.md lists all errors.
 *
 * @example
 * ```ts
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 * import { BinfilesError, PoolError } from "@binfiles/binfiles/pool";
 *
 * const error = new PoolError("buffer returned twice");
 * assertInstanceOf(error, BinfilesError);
 * assertEquals(error.code, "BINFILES_POOL_MISUSED");
 * ```
 */
export abstract class BinfilesError extends Error {
  /** The class name. */
  override name = "BinfilesError";
  /** Identifies the kind of failure. Other than the message, it does not change between versions. */
  abstract readonly code: string;
}

/** A pool was misused, for example a buffer was returned twice. */
export class PoolError extends BinfilesError {
  /** The class name. */
  override name = "PoolError";
  /** `BINFILES_POOL_MISUSED`. */
  override readonly code: string = "BINFILES_POOL_MISUSED";
}

/** What an {@linkcode OptionError} is about. */
export interface InvalidOption {
  /** Name of the option, parameter or property. */
  option: string;
  /** The value that was given. */
  value: unknown;
}

/**
 * An option, a parameter or a position has an invalid value, such as a
 * compression level that the codec does not have, or two options exclude each
 * other. It is checked where it is given, before anything is done.
 */
export class OptionError extends BinfilesError {
  /** The class name. */
  override name = "OptionError";
  /** `BINFILES_OPTION_INVALID`. */
  override readonly code: string = "BINFILES_OPTION_INVALID";
  /** Name of the option, parameter or property; undefined if it is about several. */
  readonly option: string | undefined;
  /** The value that was given. */
  readonly value: unknown;

  /** Creates an error, about an option if it is given. */
  constructor(message: string, invalid?: InvalidOption) {
    super(message);
    this.option = invalid?.option;
    this.value = invalid?.value;
  }
}
