/**
 * Compresses and decompresses many documents, with the pool or without, and
 * prints by how much the heap and external memory grew. Run with `--trace-gc`,
 * it also prints its garbage collections.
 *
 * Needs `--v8-flags=--expose-gc`. Arguments: <pooled | original> <codec> <count>
 */
import {
  compressOriginal,
  decompressOriginal,
  findCodec,
  leaseCompressor,
  leaseDecompressor,
} from "../../../codec/mod.ts";

const [kind, name, count] = Deno.args;
const codec = findCodec(name).name;
const slab = new Uint8Array(64 * 1024);
// A thousand different documents, one after the other.
const documents = new TextEncoder().encode(
  Array.from({ length: 1000 }, (_, i) => `document ${i} `.repeat(60)).join("")
    .slice(0, 700_000),
);
const size = 700;

function original(start: number): void {
  const document = documents.subarray(start, start + size);
  decompressOriginal(compressOriginal(document, codec), codec);
}

const compressor = leaseCompressor(codec);
const decompressor = leaseDecompressor(codec);

function pooled(start: number): void {
  const end = compressor.compress(documents, slab, 0, start, start + size);
  decompressor.decompress(slab, slab, 32 * 1024, 0, end);
}

const run = kind === "pooled" ? pooled : original;
const all = (times: number) => {
  for (let i = 0; i < times; i++) run(size * (i % 1000));
};
// Warm up: code is compiled, and the pool has its objects.
all(3000);
(globalThis as { gc?(): void }).gc!();
const before = Deno.memoryUsage();
all(Number(count));
(globalThis as { gc?(): void }).gc!();
const after = Deno.memoryUsage();
console.log(
  JSON.stringify({
    heap: after.heapUsed - before.heapUsed,
    external: after.external - before.external,
  }),
);
