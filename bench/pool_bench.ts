/**
 * The pool against the original, same engine, document by document: the ratios
 * that `deno bench` prints are what pooling gains.
 */
import {
  type CodecName,
  codecNames,
  compress,
  compressOriginal,
  decompress,
  decompressOriginal,
  engineFor,
  leaseCompressor,
  leaseDecompressor,
  preferEngine,
} from "../codec/mod.ts";
import { globalMemoryPool } from "../pool/mod.ts";
import { madeDocuments } from "./_documents.ts";

/** A document of about 1 KB, the size that people have millions of. */
const [{ content: document }] = madeDocuments(1, 1000);
const slab = new Uint8Array(64 * 1024);

/** Registers the benchmarks of a codec, by the engine that is in use. */
function benchCodec(codec: CodecName): void {
  const name = `${codec} by ${engineFor(codec, "compress").name}`;
  const packed = compress(document, codec);
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

for (const codec of codecNames) {
  if (codec !== "none" && codec !== "zip") benchCodec(codec);
}

// The portable engines too: lz4js is what most JavaScript programs use for LZ4.
await preferEngine("lz4js", "lz4");
benchCodec("lz4");
await preferEngine("fflate", "gzip");
benchCodec("gzip");
await preferEngine(undefined, "gzip");
await preferEngine(undefined, "lz4");

for (const size of [4 * 1024, 64 * 1024, 1024 * 1024]) {
  const group = `a buffer of ${size / 1024} KiB`;
  Deno.bench(`new Uint8Array: ${group}`, { group, baseline: true }, () => {
    new Uint8Array(size)[0] = 1;
  });
  Deno.bench(`get and put: ${group}`, { group }, () => {
    const buffer = globalMemoryPool.getBuffer(size);
    buffer[0] = 1;
    globalMemoryPool.putBuffer(buffer);
  });
}
