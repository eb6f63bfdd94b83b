import type { MemoryReport, PoolStatistics } from "../pool/mod.ts";
import { humanCount, humanSize, plural, table } from "./format.ts";

/** Titles of the rows, by the parts of the pool's statistics. */
const PARTS = {
  buffers: "buffers",
  compressionBuffers: "compression buffers",
  docBuffers: "document buffers",
  compressors: "compressors",
  decompressors: "decompressors",
  total: "total",
} as const;

const COLUMNS = ["taken", "reused", "created", "peak", "idle", "retained"];

/**
 * Formats what a watch of the memory has seen: a line about the process, and a
 * table of what the pool of this thread has done.
 */
export function formatStatistics(report: MemoryReport): string {
  const { collections } = report;
  const collected = collections === undefined
    ? "garbage collections are not reported by this runtime"
    : `${plural(collections, "garbage collection")} in this thread`;
  const rows = Object.entries(PARTS).map(([part, name]) => [
    name,
    ...cells(report.last.pool[part as keyof typeof PARTS]),
  ]);
  return [
    `memory: peak ${humanSize(report.peakRss)} (RSS), ` +
    `${humanSize(report.peakHeapUsed)} heap, ` +
    `${humanSize(report.peakExternal)} external buffers; ${collected}`,
    ...table([["pool of this thread", ...COLUMNS], ...rows]),
  ].join("\n");
}

function cells(
  { hits, misses, highWater, idle, retainedBytes }: PoolStatistics,
): string[] {
  return [
    humanCount(hits + misses),
    // Without any use there is no share.
    hits + misses === 0 ? "" : `${(100 * hits / (hits + misses)).toFixed(1)}%`,
    humanCount(misses),
    humanCount(highWater),
    humanCount(idle),
    humanSize(retainedBytes),
  ];
}
