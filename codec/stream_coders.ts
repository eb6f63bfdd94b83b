import { checkBytes } from "./bytes.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import type { StreamCoder } from "./engine.ts";
import { engineFor } from "./engines.ts";
import type { CodecLike, CodecName } from "./names.ts";

/**
 * Creates a coder that compresses one stream of any length.
 *
 * @throws {UnknownCodecError | NoEngineError | OptionError} As `compress`.
 */
export function createEncoder(codec: CodecLike, level?: number): StreamCoder {
  const engine = engineFor(codec, "compress", { use: "streams" });
  return checked(engine.createEncoder!(checkLevel(findCodec(codec), level)));
}

/**
 * Creates a coder that decompresses one stream of any length.
 *
 * @throws {UnknownCodecError | NoEngineError} As `decompress`.
 */
export function createDecoder(codec: CodecLike): StreamCoder {
  return checked(
    engineFor(codec, "decompress", { use: "streams" }).createDecoder!(),
  );
}

/** A coder that checks the type of its input. */
function checked(coder: StreamCoder): StreamCoder {
  return {
    push(chunk, last, emit) {
      checkBytes(chunk, "chunk");
      coder.push(chunk, last, emit);
    },
    close: () => coder.close?.(),
  };
}

/**
 * Decoders get their input in slices of this size, in bytes. It bounds the output
 * of one step: a kilobyte of hostile zstd can expand to 32 MiB.
 */
const SLICE_SIZE = 1024;

/**
 * The same for codecs whose smallest blocks expand to megabytes: 16 MiB from a
 * dozen bytes of brotli, 44 MiB from forty bytes of bzip2.
 */
const SMALL_SLICE_SIZE = 64;

/** Bytes to give to a decoder at a time if its output accumulates until the step is over. */
export function decoderSliceSize(codec: CodecName): number {
  return codec === "brotli" || codec === "bzip2"
    ? SMALL_SLICE_SIZE
    : SLICE_SIZE;
}
