import type { CodecName } from "./names.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import type { StreamCoder } from "./engine.ts";
import { engineFor } from "./engines.ts";

/** Makes a coder that compresses one stream of any length; see {@linkcode StreamCoder}. */
export function createEncoder(
  codec: string | number,
  level?: number,
): StreamCoder {
  const found = findCodec(codec);
  return engineFor(found.name, "compress", "streams")
    .createEncoder!(checkLevel(found, level));
}

/** Makes a coder that decompresses one stream of any length; see {@linkcode StreamCoder}. */
export function createDecoder(codec: string | number): StreamCoder {
  return engineFor(codec, "decompress", "streams").createDecoder!();
}

/**
 * Input of decompressors is taken in slices of this size, in bytes. It bounds
 * what one step can pile up: a kilobyte of hostile zstd can stand for 32 MiB.
 */
const SLICE_SIZE = 1024;

/**
 * The same for codecs whose blocks stand for megabytes, however short they are:
 * 16 MiB in a dozen bytes of brotli, 44 MiB in forty bytes of bzip2.
 */
const SMALL_SLICE_SIZE = 64;

/** How many bytes to give to a decoder at a time where its output piles up until the step is over. */
export function decoderSliceSize(codec: CodecName): number {
  return codec === "brotli" || codec === "bzip2"
    ? SMALL_SLICE_SIZE
    : SLICE_SIZE;
}
