import type { Direction } from "../../codec/engine.ts";
import {
  type CodecName,
  compress,
  compressOriginal,
  decompress,
  decompressOriginal,
  leaseCompressor,
  leaseDecompressor,
  maxCompressedSize,
} from "../../codec/mod.ts";

/**
 * Ways to compress or decompress one document with the same engine: with nothing
 * reused, with the pool, and with the pool into a buffer of the caller (as repacks
 * do), which allocates no result.
 */
export type Way = "original" | "pooled" | "slab";

/**
 * Prepares a codec. The function that is returned gives the ways to compress and
 * to decompress one document of at most `maxSize` bytes.
 */
export function codecWays(
  codec: CodecName,
  maxSize: number,
): (content: Uint8Array) => Record<Direction, Record<Way, () => unknown>> {
  const compressor = leaseCompressor(codec);
  const decompressor = leaseDecompressor(codec);
  const slab = new Uint8Array(maxCompressedSize(maxSize));
  return (content) => {
    // On demand: with a slow codec, a benchmark that is filtered out would wait for it.
    let made: Uint8Array | undefined;
    const packed = () => made ??= compressOriginal(content, codec);
    return {
      compress: {
        original: () => compressOriginal(content, codec),
        pooled: () => compress(content, codec),
        slab: () => compressor.compress(content, slab, 0),
      },
      decompress: {
        original: () => decompressOriginal(packed(), codec),
        pooled: () => decompress(packed(), codec),
        slab: () => decompressor.decompress(packed(), slab, 0),
      },
    };
  };
}
