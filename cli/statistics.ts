import type { MemoryReport, PoolStatistics } from "../pool/mod.ts";
import { humanCount, humanSize, plural } from "./output.ts";

/** Names of the parts of a pool, as people know them. */
const PARTS = {
  buffers: "buffers",
  compressionBuffers: "compression buffers",
  docBuffers: "document buffers",
  compressors: "compressors",
  decompressors: "decompressors",
  total: "total",
} as const;

const COLUMNS = ["taken", "reused", "made", "most at once", "idle", "kept"];

/**
 * Describes what a watch of the memory has seen, for people: a line on the
 * process, and a table of what the pool of this thread has done.
 */
export function formatStatistics(report: MemoryReport): string {
  const { collections } = report;
  const collected = collections === undefined
    ? "the runtime does not tell of collections"
    : `${plural(collections, "collection")} in this thread`;
  const rows = Object.entries(PARTS).map(([part, name]) => [
    name,
    ...cells(report.last.pool[part as keyof typeof PARTS]),
  ]);
  return [
    `memory: at most ${humanSize(report.peakRss)} in all, ` +
    `${humanSize(report.peakHeapUsed)} of it heap, ` +
    `${humanSize(report.peakExternal)} buffers outside of it; ${collected}`,
    ...table([["pool of this thread", ...COLUMNS], ...rows]),
  ].join("\n");
}

function cells(
  { hits, misses, highWater, idle, retainedBytes }: PoolStatistics,
): string[] {
  return [
    humanCount(hits + misses),
    // What was never asked for has no share.
    hits + misses === 0 ? "" : `${(100 * hits / (hits + misses)).toFixed(1)}%`,
    humanCount(misses),
    humanCount(highWater),
    humanCount(idle),
    humanSize(retainedBytes),
  ];
}

/** Lines of a table whose first column is left-aligned and whose others are right-aligned. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[column])
        : cell.padStart(widths[column] + 2)
    ).join("").trimEnd()
  );
}
