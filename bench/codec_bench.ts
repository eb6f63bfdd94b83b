/**
 * Every codec, document by document, with the same engine: with nothing reused
 * (the baseline), with the pool, and with the pool into a slab.
 *
 * `deno task bench --filter "1 KB of json with zstd"` runs a few of them.
 */
import { codecNames, engineFor } from "../codec/mod.ts";
import { codecWays } from "./measure/codec_ways.ts";
import { kinds, madeDocuments, sizes } from "./measure/documents.ts";

const labels = {
  original: "original",
  pooled: "pooled",
  slab: "pooled, into a slab",
} as const;

for (const codec of codecNames) {
  // zip is gzip under another name; none has nothing to reuse.
  if (codec === "none" || codec === "zip") continue;
  const waysOf = codecWays(codec, Math.max(...Object.values(sizes)));
  for (const kind of kinds) {
    for (const [sizeName, size] of Object.entries(sizes)) {
      const [{ content }] = madeDocuments(kind, 1, size);
      const ways = waysOf(content);
      for (const direction of ["compress", "decompress"] as const) {
        const { name } = engineFor(codec, direction);
        const group =
          `${direction} ${sizeName} of ${kind} with ${codec} (${name})`;
        for (const way of ["original", "pooled", "slab"] as const) {
          const run = ways[direction][way];
          Deno.bench(
            `${labels[way]}: ${group}`,
            { group, baseline: way === "original" },
            () => {
              run();
            },
          );
        }
      }
    }
  }
}
