/**
 * Reusable memory: buffers by size class, and objects that are costly to make.
 *
 * @module
 */
export { BinfilesError, OptionError, PoolError } from "./errors.ts";
export type { OutstandingBuffer } from "./buffer_pool.ts";
export { environmentVariable, nodeModule } from "./runtime.ts";
export { Lease } from "./lease.ts";
export {
  DOC_BUFFER_SIZE,
  globalMemoryPool,
  INITIAL_BUFFER_SIZE,
  MAX_CACHE_SIZE,
  MAX_IDLE_OBJECTS,
  MAX_RETAINED_SIZE,
  MemoryPool,
  type MemoryPoolOptions,
  type MemoryPoolStatistics,
} from "./memory_pool.ts";
export { type MemorySnapshot, memorySnapshot } from "./memory_snapshot.ts";
export { type Closeable, ObjectPool, type PoolKey } from "./object_pool.ts";
export { sizeClassOf, sizeOfClass } from "./size_class.ts";
export type { PoolStatistics } from "./statistics.ts";
export {
  type MemoryReport,
  type MemoryWatch,
  type MemoryWatchOptions,
  watchMemory,
} from "./watch_memory.ts";
