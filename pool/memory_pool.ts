import {
  BufferPool,
  type BufferPoolOptions,
  type OutstandingBuffer,
  type RetentionBudget,
  TRIM_INTERVAL,
} from "./buffer_pool.ts";
import { checkInteger } from "./check.ts";
import { Lease } from "./lease.ts";
import { type Closeable, ObjectPool } from "./object_pool.ts";
import { ONE_THREAD } from "./one_thread.ts";
import { environmentVariable } from "./runtime.ts";
import { LARGEST_CLASS_SIZE } from "./size_class.ts";
import { type PoolStatistics, sumStatistics } from "./statistics.ts";

/** First size of general and compression buffers: 64 KiB, as in the original. */
export const INITIAL_BUFFER_SIZE: number = 64 * 1024;

/** First size of document buffers: 32 KiB, as in the original. */
export const DOC_BUFFER_SIZE: number = 32 * 1024;

/** Largest buffer that is kept: 1 MiB, as in the original. */
export const MAX_CACHE_SIZE: number = 1024 * 1024;

/** Most bytes that a pool keeps idle in total: 32 MiB. */
export const MAX_RETAINED_SIZE: number = 32 * 1024 * 1024;

/** Most idle compressors, and decompressors, of one kind that a pool keeps. */
export const MAX_IDLE_OBJECTS = 8;

/** Sizes (in bytes) and limits of a {@linkcode MemoryPool}. */
export interface MemoryPoolOptions {
  /** First size of general and compression buffers. Default 64 KiB. */
  initialBufferSize?: number;
  /** First size of document buffers. Default 32 KiB. */
  docBufferSize?: number;
  /** Larger buffers are not kept. Default 1 MiB. */
  maxCacheSize?: number;
  /** Most bytes kept idle in total. Default 32 MiB. */
  maxRetainedSize?: number;
  /** Most idle compressors, and decompressors, kept per codec and level (a count). Default 8. */
  maxIdleObjects?: number;
  /** Whether anything is reused. Default: true unless `BINFILES_POOL=off` is set. */
  enabled?: boolean;
  /**
   * Whether to record where each buffer is taken, to find leaks. Default: true
   * only if `BINFILES_POOL=track` is set.
   */
  tracking?: boolean;
}

/** Statistics of each part of a {@linkcode MemoryPool}. */
export interface MemoryPoolStatistics {
  /** General buffers. */
  buffers: PoolStatistics;
  /** Buffers for the output of compressors and decompressors. */
  compressionBuffers: PoolStatistics;
  /** Buffers that hold documents. */
  docBuffers: PoolStatistics;
  /** Compressors of all codecs. */
  compressors: PoolStatistics;
  /** Decompressors of all codecs. */
  decompressors: PoolStatistics;
  /** The sum of all of the above. */
  total: PoolStatistics;
}

/** What a {@linkcode MemoryPool} consists of. */
interface PoolParts {
  readonly buffers: BufferPool;
  readonly compressionBuffers: BufferPool;
  readonly docBuffers: BufferPool;
  readonly compressors: ObjectPool<Closeable>;
  readonly decompressors: ObjectPool<Closeable>;
}

/**
 * The parts of a pool, for the codecs: they put their compressors and
 * decompressors there, and use buffers unchecked. Not public.
 */
export let partsOf: (pool: MemoryPool) => PoolParts;

/**
 * Keeps buffers, compressors and decompressors for reuse, so that processing a
 * document allocates next to nothing.
 *
 * **Why.** A bin file holds millions of small documents, each compressed on its
 * own. The one-shot functions of a codec (`gzipSync` and its like) allocate for
 * every call: a stream object, a native context, tables, an output buffer, the
 * result. Compressing 1 KB of JSON allocates 20 KB with gzip, 26 KB with zstd, 69
 * KB with LZ4 and 221 KB with xz. All of it is garbage a moment later. The native
 * part is the worst, because the garbage collector does not see it: memory grows
 * to gigabytes before it is released (nodejs/node#8871). Setting all this up can
 * also take longer than the compression itself: with the same engine and
 * everything reused, 1 KB is compressed 1.3 to 7 times as fast, and decompressed
 * 1.4 to 5 times as fast, and allocates 2 to 110 bytes besides its result. A
 * repack from uncompressed to zstd without the pool is 8 times slower, with tens
 * of thousands of garbage collections per million documents instead of 7.
 * (Measured with Deno 2.9; `deno task demo` measures your machine, and
 * guide/performance.md has all figures.)
 *
 * **How.** Buffers come in size classes, the powers of two from 1 KiB: a buffer
 * is at most twice as large as needed, and any idle buffer of a class serves any
 * request of that class. A request without a size gets the size that was needed
 * recently; it follows growth at once and shrinks slowly. Compressors and
 * decompressors are kept per engine and level, up to 8 each, with their native
 * context, which is reset instead of recreated. Memory stays bounded: buffers
 * above 1 MiB are not kept, idle buffers hold at most 32 MiB in total, and every 256
 * requests the pool is *trimmed*: each class drops the buffers that were idle
 * the whole time.
 *
 * **Safety.** A buffer has one holder at a time: until the end of a scope with
 * {@linkcode MemoryPool.lease}, or between a `get…` and a `put…` call. On return
 * it is *detached*: its memory moves to a new `ArrayBuffer`, and every view that
 * was kept by mistake becomes empty, so stale views cannot reach the next
 * holder's bytes. That takes a third of a microsecond; a new buffer of 64 KiB
 * takes ten. Returning a buffer twice throws a `PoolError`. A compressor that
 * threw is closed, not reused.
 *
 * **Threads.** A pool belongs to one thread and needs no locks, and posting it
 * to another thread is an error. Each worker thread has its own
 * {@linkcode globalMemoryPool}.
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
 * assertEquals(buffer.length, 0); // detached on return
 * assertEquals(pool.statistics().buffers.idle, 1);
 * ```
 */
export class MemoryPool {
  /** Whether anything is reused. When false, every function does what its `…Original` does. */
  readonly enabled: boolean;
  /** Keeps the pool from being posted to another thread. */
  protected readonly thread: symbol = ONE_THREAD;
  readonly #parts: PoolParts;

  static {
    partsOf = (pool) => pool.#parts;
  }

  /**
   * Creates an empty pool.
   *
   * @throws {OptionError} A size or count is negative or not an integer.
   */
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
    checkInteger("initialBufferSize", initialBufferSize, 0, LARGEST_CLASS_SIZE);
    checkInteger("docBufferSize", docBufferSize, 0, LARGEST_CLASS_SIZE);
    checkInteger("maxCacheSize", maxCacheSize, 0, Infinity);
    checkInteger("maxRetainedSize", maxRetainedSize, 0, Infinity);
    checkInteger("maxIdleObjects", maxIdleObjects, 0, Infinity);
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
    const maxIdle = enabled ? maxIdleObjects : 0;
    this.#parts = {
      buffers: buffers("general buffer", initialBufferSize),
      compressionBuffers: buffers("compression buffer", initialBufferSize),
      docBuffers: buffers("document buffer", docBufferSize),
      compressors: new ObjectPool("compressor", maxIdle),
      decompressors: new ObjectPool("decompressor", maxIdle),
    };
  }

  /**
   * Takes `size` bytes until the end of a scope: `using lease = pool.lease(size)`.
   *
   * @throws {OptionError} `size` is not an integer from 0 to 2 GiB.
   */
  lease(size: number): Lease {
    return new Lease(this.#parts.buffers, size);
  }

  /**
   * Takes a general buffer of at least `size` bytes; if omitted, of the size that
   * was needed recently. Its content is unspecified. It belongs to the caller
   * until {@linkcode MemoryPool.putBuffer}.
   *
   * @throws {OptionError} `size` is not an integer from 0 to 2 GiB.
   */
  getBuffer(size?: number): Uint8Array<ArrayBuffer> {
    return this.#parts.buffers.get(size);
  }

  /**
   * Returns a general buffer. All views of it become empty.
   *
   * @param used How many of its bytes were needed; later sizes follow that.
   * @throws {PoolError} It is not in use.
   */
  putBuffer(buffer: Uint8Array, used?: number): void {
    this.#parts.buffers.put(buffer, used);
  }

  /** Takes a buffer for the output of a codec; see {@linkcode MemoryPool.getBuffer}. */
  getCompressorBuffer(size?: number): Uint8Array<ArrayBuffer> {
    return this.#parts.compressionBuffers.get(size);
  }

  /** Returns a buffer for the output of a codec; see {@linkcode MemoryPool.putBuffer}. */
  putCompressorBuffer(buffer: Uint8Array, used?: number): void {
    this.#parts.compressionBuffers.put(buffer, used);
  }

  /** Takes a document buffer; see {@linkcode MemoryPool.getBuffer}. */
  getDocBuffer(size?: number): Uint8Array<ArrayBuffer> {
    return this.#parts.docBuffers.get(size);
  }

  /** Returns a document buffer; see {@linkcode MemoryPool.putBuffer}. */
  putDocBuffer(buffer: Uint8Array, used?: number): void {
    this.#parts.docBuffers.put(buffer, used);
  }

  /** What each part of the pool has done and what it holds. */
  statistics(): MemoryPoolStatistics {
    const { buffers, compressionBuffers, docBuffers } = this.#parts;
    const { compressors, decompressors } = this.#parts;
    const parts = {
      buffers: buffers.statistics,
      compressionBuffers: compressionBuffers.statistics,
      docBuffers: docBuffers.statistics,
      compressors: compressors.statistics,
      decompressors: decompressors.statistics,
    };
    return { ...parts, total: sumStatistics(Object.values(parts)) };
  }

  /**
   * Buffers and leases that are in use, with the place where each was taken if
   * tracking is on: at the end of a program, those that were never returned.
   */
  outstanding(): OutstandingBuffer[] {
    const { buffers, compressionBuffers, docBuffers } = this.#parts;
    return [buffers, compressionBuffers, docBuffers]
      .flatMap((pool) => pool.outstanding());
  }

  /** Releases everything that is idle. What is in use stays valid. */
  clear(): void {
    for (const part of Object.values(this.#parts)) part.clear();
  }
}

/** The pool that is used when none is given. Each worker thread has its own. */
export const globalMemoryPool: MemoryPool = new MemoryPool();
