import type { Direction } from "../../codec/engine.ts";
import {
  type CodecName,
  compressOriginal,
  engineFor,
} from "../../codec/mod.ts";
import { codecWays, type Way } from "./codec_ways.ts";
import { madeDocuments } from "./documents.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";

/** Time of a codec for one document, in microseconds. */
export interface CodecTiming extends Record<Way, Spread> {
  codec: CodecName;
  engine: string;
  direction: Direction;
  /** Bytes of the document. */
  size: number;
  /** Bytes of the compressed document. */
  packed: number;
  /** Speed-up over the original, round by round. */
  gain: Spread;
  slabGain: Spread;
}

/** Times one codec with documents of several sizes, all ways side by side. */
export async function codecJob(
  { codec, sizes, rounds, milliseconds }: {
    codec: CodecName;
    sizes: readonly number[];
    rounds: number;
    /** Duration of a round, at least. */
    milliseconds: number;
  },
): Promise<CodecTiming[]> {
  const waysOf = codecWays(codec, Math.max(...sizes));
  const timings: CodecTiming[] = [];
  for (const size of sizes) {
    const [{ content }] = madeDocuments("json", 1, size);
    const packed = compressOriginal(content, codec).length;
    const ways = waysOf(content);
    for (const direction of ["compress", "decompress"] as const) {
      const { original, pooled, slab } = ways[direction];
      const times = await takeTurns(rounds, {
        original: timer(original, milliseconds),
        pooled: timer(pooled, milliseconds),
        slab: timer(slab, milliseconds),
      });
      timings.push({
        ...{ codec, direction, size, packed },
        engine: engineFor(codec, direction).name,
        original: spread(times.original),
        pooled: spread(times.pooled),
        slab: spread(times.slab),
        gain: ratios(times.original, times.pooled),
        slabGain: ratios(times.original, times.slab),
      });
    }
  }
  return timings;
}

/** Warms a function up. @returns A function that measures its microseconds per call. */
function timer(way: () => unknown, milliseconds: number): () => number {
  let calls = 1;
  for (let took = 0; took < milliseconds && calls < 1e6;) {
    took = time(way, calls);
    if (took < milliseconds) calls *= took < milliseconds / 8 ? 4 : 2;
  }
  return () => 1000 * time(way, calls) / calls;
}

/** @returns Milliseconds. */
function time(way: () => unknown, calls: number): number {
  const started = performance.now();
  for (let i = 0; i < calls; i++) way();
  return performance.now() - started;
}
