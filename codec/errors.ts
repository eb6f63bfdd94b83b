import { BinfilesError } from "../pool/errors.ts";

/** A codec failed; {@linkcode CodecError.codec} says which one. */
export class CodecError extends BinfilesError {
  /** The class name. */
  override name = "CodecError";
  /** `BINFILES_CODEC_FAILED`. */
  override readonly code: string = "BINFILES_CODEC_FAILED";
  /** Name of the codec, as in `codecNames`; for an unknown codec, what the caller gave. */
  readonly codec: string;

  /** Creates an error about `codec`. */
  constructor(codec: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.codec = codec;
  }
}

/**
 * Compressed data is corrupt: malformed, truncated, followed by other bytes, or
 * different from its checksum.
 */
export class CorruptDataError extends CodecError {
  /** The class name. */
  override name = "CorruptDataError";
  /** `BINFILES_DATA_CORRUPT`. */
  override readonly code: string = "BINFILES_DATA_CORRUPT";

  /** Creates an error that reads "Cannot decompress <codec> data: <reason>". */
  constructor(codec: string, reason: string, options?: ErrorOptions) {
    super(codec, `Cannot decompress ${codec} data: ${reason}`, options);
  }
}

/** The error about compressed data that is truncated. */
export function unexpectedEnd(codec: string): CorruptDataError {
  return new CorruptDataError(codec, "unexpected end of data");
}

/** The error about `count` bytes that follow the end of compressed data. */
export function trailingData(codec: string, count: number): CorruptDataError {
  return new CorruptDataError(
    codec,
    `unexpected data after its end (${count} bytes)`,
  );
}

/** Decompressed data exceeds the caller's limit. */
export class OutputLimitError extends CodecError {
  /** The class name. */
  override name = "OutputLimitError";
  /** `BINFILES_OUTPUT_TOO_LARGE`. */
  override readonly code: string = "BINFILES_OUTPUT_TOO_LARGE";
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

/** No engine of a codec on this runtime can do what is needed. */
export class NoEngineError extends CodecError {
  /** The class name. */
  override name = "NoEngineError";
  /** `BINFILES_ENGINE_MISSING`. */
  override readonly code: string = "BINFILES_ENGINE_MISSING";
}

/** There is no codec of that name or number. */
export class UnknownCodecError extends CodecError {
  /** The class name. */
  override name = "UnknownCodecError";
  /** `BINFILES_CODEC_UNKNOWN`. */
  override readonly code: string = "BINFILES_CODEC_UNKNOWN";
}
