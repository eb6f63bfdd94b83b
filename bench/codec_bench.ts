/**
 * The pool against the original, same engine, document by document: the ratios
 * that `deno bench` prints are what pooling gains.
 *
 * There are many; `deno task bench --filter "1 KB of json with zstd"` runs a few.
 */
import {
  codecNames,
  compress,
  compressOriginal,
  decompress,
  decompressOriginal,
  engineFor,
  leaseCompressor,
  leaseDecompressor,
  maxCompressedSize,
} from "../codec/mod.ts";
import { kinds, madeDocuments, sizes } from "./measure/documents.ts";

const slab = new Uint8Array(
  maxCompressedSize(Math.max(...Object.values(sizes))),
);

for (const codec of codecNames) {
  // zip is gzip by another name, and none has nothing to reuse.
  if (codec === "none" || codec === "zip") continue;
  const compressor = leaseCompressor(codec);
  const decompressor = leaseDecompressor(codec);
  for (const kind of kinds) {
    for (const [sizeName, size] of Object.entries(sizes)) {
      const [{ content }] = madeDocuments(kind, 1, size);
      benchGroup(
        `compress ${sizeName} of ${kind} with ${codec}`,
        engineFor(codec, "compress").name,
        {
          original: () => compressOriginal(content, codec),
          pooled: () => compress(content, codec),
          "pooled, into a slab": () => compressor.compress(content, slab, 0),
        },
      );
      // Made when it is needed, because xz takes a while and a filter may leave it out.
      let made: Uint8Array | undefined;
      const packed = () => made ??= compressOriginal(content, codec);
      benchGroup(
        `decompress ${sizeName} of ${kind} with ${codec}`,
        engineFor(codec, "decompress").name,
        {
          original: () => decompressOriginal(packed(), codec),
          pooled: () => decompress(packed(), codec),
          "pooled, into a slab": () =>
            decompressor.decompress(packed(), slab, 0),
        },
      );
    }
  }
}

/** Registers benchmarks that are compared with the first of them. */
function benchGroup(
  what: string,
  engine: string,
  ways: Record<string, () => unknown>,
): void {
  const group = `${what} (${engine})`;
  Object.entries(ways).forEach(([name, way], index) => {
    Deno.bench(`${name}: ${group}`, { group, baseline: index === 0 }, () => {
      way();
    });
  });
}
