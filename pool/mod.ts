/**
 * Reusable memory: buffers by size class, and the compressors and decompressors
 * of the codecs. `MemoryPool` explains why.
 *
 * @module
 */
export {
  BinfilesError,
  type InvalidOption,
  OptionError,
  PoolError,
} from "./errors.ts";
export type { OutstandingBuffer } from "./buffer_pool.ts";
export { Lease } from "./lease.ts";
export {
  globalMemoryPool,
  MemoryPool,
  type MemoryPoolOptions,
  type MemoryPoolStatistics,
} from "./memory_pool.ts";
export { type MemorySnapshot, memorySnapshot } from "./memory_snapshot.ts";
export type { PoolStatistics } from "./statistics.ts";
export {
  type MemoryReport,
  type MemoryWatch,
  type MemoryWatchOptions,
  watchMemory,
} from "./watch_memory.ts";
