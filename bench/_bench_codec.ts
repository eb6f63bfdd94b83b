import {
  compress,
  compressOriginal,
  decompress,
  decompressOriginal,
  engineFor,
  leaseCompressor,
  leaseDecompressor,
} from "../codec/mod.ts";
import { measuredSeries } from "./_documents.ts";

/** A document of about 1 KB, the size that people have millions of. */
const [{ content: document }] = measuredSeries(1, 1000);
const slab = new Uint8Array(64 * 1024);

/** Registers the benchmarks of a codec: the pool against the original, with the engine that is in use. */
export function benchCodec(codec: string): void {
  const name = `${codec} by ${engineFor(codec, "compress").name}`;
  // As the engine's own one-shot function writes it.
  const packed = compressOriginal(document, codec);
  const compressor = leaseCompressor(codec);
  const decompressor = leaseDecompressor(codec);
  const group = `compress 1 KB with ${name}`;
  Deno.bench(`original: ${group}`, { group, baseline: true }, () => {
    compressOriginal(document, codec);
  });
  Deno.bench(`pooled: ${group}`, { group }, () => {
    compress(document, codec);
  });
  Deno.bench(`pooled, into a slab: ${group}`, { group }, () => {
    compressor.compress(document, slab, 0);
  });
  const back = `decompress 1 KB with ${codec} by ${
    engineFor(codec, "decompress").name
  }`;
  Deno.bench(`original: ${back}`, { group: back, baseline: true }, () => {
    decompressOriginal(packed, codec);
  });
  Deno.bench(`pooled: ${back}`, { group: back }, () => {
    decompress(packed, codec);
  });
  Deno.bench(`pooled, into a slab: ${back}`, { group: back }, () => {
    decompressor.decompress(packed, slab, 0);
  });
}
