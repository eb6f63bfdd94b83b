import { BinfilesError } from "../pool/errors.ts";

/** Something went wrong in a codec; {@linkcode CodecError.codec} says in which. */
export class CodecError extends BinfilesError {
  /** The class name. */
  override name = "CodecError";
  /** Name of the codec, as in `codecNames`, or what was taken for one. */
  readonly codec: string;

  /** Creates an error about `codec`. */
  constructor(codec: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.codec = codec;
  }
}

/**
 * The bytes are not what the codec writes: malformed, cut short, followed by
 * something else, or at odds with their own checksum.
 */
export class CorruptDataError extends CodecError {
  /** The class name. */
  override name = "CorruptDataError";

  /** Creates an error that reads "Cannot decompress <codec> data: <reason>". */
  constructor(codec: string, reason: string, options?: ErrorOptions) {
    super(codec, `Cannot decompress ${codec} data: ${reason}`, options);
  }
}

/** Decompressed data is larger than the caller's limit. */
export class OutputLimitError extends CodecError {
  /** The class name. */
  override name = "OutputLimitError";
  /** The limit that was exceeded, in bytes. */
  readonly limit: number;

  /** Creates an error about output of `codec` that exceeds `limit` bytes. */
  constructor(codec: string, limit: number) {
    super(
      codec,
      `Cannot decompress ${codec} data: the output exceeds the limit of ${limit} bytes. ` +
        `Raise the limit if the data is trusted.`,
    );
    this.limit = limit;
  }
}

/** No engine on this runtime can do what was asked of a codec. */
export class NoEngineError extends CodecError {
  /** The class name. */
  override name = "NoEngineError";
}

/** A name or number that is no codec. */
export class UnknownCodecError extends CodecError {
  /** The class name. */
  override name = "UnknownCodecError";
}
