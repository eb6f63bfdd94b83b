import {
  BufferPool,
  type BufferPoolOptions,
  type OutstandingBuffer,
  type RetentionBudget,
  TRIM_INTERVAL,
} from "./buffer_pool.ts";
import { environmentVariable } from "./runtime.ts";
import { Lease } from "./lease.ts";
import { type Closeable, ObjectPool } from "./object_pool.ts";
import { type PoolStatistics, sumStatistics } from "./statistics.ts";

/** First size of general and compression buffers: 64 KiB, as in the original. */
export const INITIAL_BUFFER_SIZE: number = 64 * 1024;

/** First size of document buffers: 32 KiB, as in the original. */
export const DOC_BUFFER_SIZE: number = 32 * 1024;

/** Buffers above this size are not kept: 1 MiB, as in the original. */
export const MAX_CACHE_SIZE: number = 1024 * 1024;

/** Most bytes that a pool keeps idle in total: 32 MiB. */
export const MAX_RETAINED_SIZE: number = 32 * 1024 * 1024;

/** Most idle compressors (or decompressors) of one kind that a pool keeps. */
export const MAX_IDLE_OBJECTS = 8;

/** Sizes and limits of a {@linkcode MemoryPool}, in bytes where not said otherwise. */
export interface MemoryPoolOptions {
  /** First size of general and compression buffers. Default {@linkcode INITIAL_BUFFER_SIZE}. */
  initialBufferSize?: number;
  /** First size of document buffers. Default {@linkcode DOC_BUFFER_SIZE}. */
  docBufferSize?: number;
  /** Larger buffers are not kept. Default {@linkcode MAX_CACHE_SIZE}. */
  maxCacheSize?: number;
  /** Most bytes kept idle in total. Default {@linkcode MAX_RETAINED_SIZE}. */
  maxRetainedSize?: number;
  /** Most idle compressors, and decompressors, kept per kind (a number). Default {@linkcode MAX_IDLE_OBJECTS}. */
  maxIdleObjects?: number;
  /** Whether anything is reused. Default: unless `BINFILES_POOL=off` is set. */
  enabled?: boolean;
  /**
   * Whether to record where buffers are taken, for finding leaks. Default:
   * only if `BINFILES_POOL=track` is set.
   */
  tracking?: boolean;
}

/** Statistics of all parts of a {@linkcode MemoryPool}. */
export interface MemoryPoolStatistics {
  /** General buffers. */
  buffers: PoolStatistics;
  /** Buffers that compressors and decompressors write to. */
  compressionBuffers: PoolStatistics;
  /** Buffers that hold documents. */
  docBuffers: PoolStatistics;
  /** Compressors of all codecs. */
  compressors: PoolStatistics;
  /** Decompressors of all codecs. */
  decompressors: PoolStatistics;
  /** All of the above added up. */
  total: PoolStatistics;
}

/**
 * Keeps buffers, compressors and decompressors for reuse, so that handling a
 * document allocates nothing.
 *
 * Buffers can be held in two ways: until the end of a scope with
 * {@linkcode MemoryPool.lease}, or between a `get…` and a `put…` call. Either
 * way a buffer has one holder at a time, and views of it that outlive their
 * holder become empty. A pool belongs to one thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryPool } from "@binfiles/binfiles/pool";
 *
 * const pool = new MemoryPool({ maxRetainedSize: 8 * 1024 * 1024 });
 * const buffer = pool.getBuffer();
 * assertEquals(buffer.length, 64 * 1024);
 * pool.putBuffer(buffer);
 * assertEquals(buffer.length, 0); // returned, so no longer ours
 * assertEquals(pool.statistics().buffers.idle, 1);
 * ```
 */
export class MemoryPool {
  /** Whether anything is reused; when not, the originals run. */
  readonly enabled: boolean;
  /** Compressors by kind; the codecs bring the factories. */
  readonly compressors: ObjectPool<Closeable>;
  /** Decompressors by kind; the codecs bring the factories. */
  readonly decompressors: ObjectPool<Closeable>;
  readonly #buffers: BufferPool;
  readonly #compressionBuffers: BufferPool;
  readonly #docBuffers: BufferPool;

  /** Creates an empty pool. */
  constructor(options: MemoryPoolOptions = {}) {
    const setting = environmentVariable("BINFILES_POOL");
    const {
      initialBufferSize = INITIAL_BUFFER_SIZE,
      docBufferSize = DOC_BUFFER_SIZE,
      maxCacheSize = MAX_CACHE_SIZE,
      maxRetainedSize = MAX_RETAINED_SIZE,
      maxIdleObjects = MAX_IDLE_OBJECTS,
      enabled = setting !== "off",
      tracking = setting === "track",
    } = options;
    this.enabled = enabled;
    const budget: RetentionBudget = {
      limit: maxRetainedSize,
      used: 0,
      getsUntilTrim: TRIM_INTERVAL,
      pools: [],
    };
    const common: Omit<BufferPoolOptions, "name" | "initialSize"> = {
      maxCacheSize,
      budget,
      enabled,
      tracking,
    };
    const buffers = (name: string, initialSize: number) =>
      new BufferPool({ ...common, name, initialSize });
    this.#buffers = buffers("general buffer", initialBufferSize);
    this.#compressionBuffers = buffers("compression buffer", initialBufferSize);
    this.#docBuffers = buffers("document buffer", docBufferSize);
    const maxIdle = enabled ? maxIdleObjects : 0;
    this.compressors = new ObjectPool("compressor", maxIdle);
    this.decompressors = new ObjectPool("decompressor", maxIdle);
  }

  /** Takes `size` bytes until the end of a scope: `using lease = pool.lease(size)`. */
  lease(size: number): Lease {
    return new Lease(this.#buffers, size);
  }

  /**
   * Takes a general buffer: of at least `size` bytes or, when not told, of the
   * size that was needed lately. Its content is unspecified. It is the caller's
   * until {@linkcode MemoryPool.putBuffer}.
   */
  getBuffer(size?: number): Uint8Array<ArrayBuffer> {
    return this.#buffers.get(size);
  }

  /**
   * Returns a general buffer.
   *
   * @param used How many of its bytes were needed; later sizes follow that.
   * @throws {PoolError} It is not in use.
   */
  putBuffer(buffer: Uint8Array, used?: number): void {
    this.#buffers.put(buffer, used);
  }

  /** Takes a buffer for the output of a codec; see {@linkcode MemoryPool.getBuffer}. */
  getCompressorBuffer(size?: number): Uint8Array<ArrayBuffer> {
    return this.#compressionBuffers.get(size);
  }

  /** Returns a buffer for the output of a codec; see {@linkcode MemoryPool.putBuffer}. */
  putCompressorBuffer(buffer: Uint8Array, used?: number): void {
    this.#compressionBuffers.put(buffer, used);
  }

  /**
   * Takes a compression buffer for use within one call, by code that keeps no
   * view of it: unlike others, it is not detached when it is returned.
   */
  takeScratch(size?: number): Uint8Array<ArrayBuffer> {
    return this.#compressionBuffers.takeScratch(size);
  }

  /** Returns a buffer of {@linkcode MemoryPool.takeScratch}; `used` as in {@linkcode MemoryPool.putBuffer}. */
  returnScratch(buffer: Uint8Array<ArrayBuffer>, used?: number): void {
    this.#compressionBuffers.returnScratch(buffer, used);
  }

  /** Takes a document buffer; see {@linkcode MemoryPool.getBuffer}. */
  getDocBuffer(size?: number): Uint8Array<ArrayBuffer> {
    return this.#docBuffers.get(size);
  }

  /** Returns a document buffer; see {@linkcode MemoryPool.putBuffer}. */
  putDocBuffer(buffer: Uint8Array, used?: number): void {
    this.#docBuffers.put(buffer, used);
  }

  /** What each part of the pool has done and what it holds. */
  statistics(): MemoryPoolStatistics {
    const parts = {
      buffers: this.#buffers.statistics,
      compressionBuffers: this.#compressionBuffers.statistics,
      docBuffers: this.#docBuffers.statistics,
      compressors: this.compressors.statistics,
      decompressors: this.decompressors.statistics,
    };
    return { ...parts, total: sumStatistics(Object.values(parts)) };
  }

  /**
   * Buffers and leases that were never returned, with the place where they were
   * taken if tracking is on.
   */
  outstanding(): OutstandingBuffer[] {
    return [this.#buffers, this.#compressionBuffers, this.#docBuffers]
      .flatMap((pool) => pool.outstanding());
  }

  /** Gives everything idle back to the runtime. What is in use stays valid. */
  clear(): void {
    this.#buffers.clear();
    this.#compressionBuffers.clear();
    this.#docBuffers.clear();
    this.compressors.clear();
    this.decompressors.clear();
  }
}

/** The pool that is used where none is named. Each worker thread has its own. */
export const globalMemoryPool: MemoryPool = new MemoryPool();
