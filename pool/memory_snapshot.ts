import {
  globalMemoryPool,
  type MemoryPool,
  type MemoryPoolStatistics,
} from "./memory_pool.ts";

/** Memory of the process, in bytes, and the statistics of a pool. */
export interface MemorySnapshot {
  /** Used part of the JavaScript heap, garbage included. */
  heapUsed: number;
  /** Memory reserved for the JavaScript heap. */
  heapTotal: number;
  /** Memory that JavaScript objects hold outside the heap, such as buffers. */
  external: number;
  /** Resident memory of the whole process, all threads. */
  rss: number;
  /** Statistics of the pool. */
  pool: MemoryPoolStatistics;
}

/**
 * Reads how much memory the process uses, and the statistics of `pool`. In a
 * browser, which does not report memory, the sizes are 0.
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { memorySnapshot } from "@binfiles/binfiles/pool";
 *
 * assertGreater(memorySnapshot().rss, 0);
 * ```
 */
export function memorySnapshot(
  pool: MemoryPool = globalMemoryPool,
): MemorySnapshot {
  const { process } = globalThis as {
    process?: { memoryUsage?(): Omit<MemorySnapshot, "pool"> };
  };
  const { heapUsed = 0, heapTotal = 0, external = 0, rss = 0 } =
    process?.memoryUsage?.() ?? {};
  return { heapUsed, heapTotal, external, rss, pool: pool.statistics() };
}
