/** All engines of each codec, with the pool, into a slab. */
import {
  compressOriginal,
  leaseCompressor,
  leaseDecompressor,
  listEngines,
  maxCompressedSize,
  preferEngine,
} from "../codec/mod.ts";
import { madeDocuments, sizes } from "./measure/documents.ts";

const engines = listEngines().filter(({ codec }) =>
  codec !== "zip" && codec !== "none"
);
const slab = new Uint8Array(maxCompressedSize(sizes["32 KB"]));

const grouped = new Set<string>();

for (const sizeName of ["1 KB", "32 KB"] as const) {
  const [{ content }] = madeDocuments("json", 1, sizes[sizeName]);
  for (const { codec, engine, compresses, decompresses } of engines) {
    const packed = compressOriginal(content, codec);
    // A lease keeps its engine when another is preferred later.
    preferEngine(engine, codec);
    if (compresses) {
      const compressor = leaseCompressor(codec);
      const group = `compress ${sizeName} with ${codec}`;
      benchIn(group, engine, () => compressor.compress(content, slab, 0));
    }
    if (decompresses) {
      const decompressor = leaseDecompressor(codec);
      const group = `decompress ${sizeName} with ${codec}`;
      benchIn(group, engine, () => decompressor.decompress(packed, slab, 0));
    }
    preferEngine(undefined, codec);
  }
}

/** Registers a benchmark. The first of a group is its baseline. */
function benchIn(group: string, engine: string, way: () => unknown): void {
  const baseline = !grouped.has(group);
  grouped.add(group);
  Deno.bench(`${engine}: ${group}`, { group, baseline }, () => {
    way();
  });
}
