import type { Direction } from "../../codec/engine.ts";
import type { CodecName } from "../../codec/mod.ts";
import { codecWays, type Way } from "./codec_ways.ts";
import { madeDocuments } from "./documents.ts";
import { median } from "./numbers.ts";

/** Bytes that a codec allocates for one document: JavaScript heap and array buffers. */
export interface CodecAllocations extends Record<Way, number> {
  codec: CodecName;
  direction: Direction;
}

/** Measures what a codec allocates for one document. Needs `--expose-gc`. */
export function allocationsJob(
  { codec, size }: { codec: CodecName; size: number },
): CodecAllocations[] {
  const [{ content }] = madeDocuments("json", 1, size);
  const ways = codecWays(codec, size)(content);
  // The measurement allocates, too.
  const overhead = allocatedBy(() => {});
  const measure = (way: () => unknown) => {
    for (let i = 0; i < 2000; i++) way();
    return Math.max(0, allocatedBy(way) - overhead);
  };
  return (["compress", "decompress"] as const).map((direction) => ({
    ...{ codec, direction },
    original: measure(ways[direction].original),
    pooled: measure(ways[direction].pooled),
    slab: measure(ways[direction].slab),
  }));
}

/** Calls between two forced collections: few, so that no other collection happens in between. */
const CALLS = 16;
const ROUNDS = 15;

/** @returns Bytes per call. */
function allocatedBy(way: () => unknown): number {
  const { gc } = globalThis as { gc?(): void };
  const allocated: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Twice: the memory of array buffers is freed after a collection.
    gc!();
    gc!();
    const before = Deno.memoryUsage();
    for (let i = 0; i < CALLS; i++) way();
    const after = Deno.memoryUsage();
    allocated.push(
      (after.heapUsed - before.heapUsed + after.external - before.external) /
        CALLS,
    );
  }
  return median(allocated);
}
