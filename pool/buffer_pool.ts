import { PoolError } from "./errors.ts";
import { sizeClassOf, sizeOfClass } from "./size_class.ts";
import {
  countGet,
  emptyStatistics,
  type PoolStatistics,
} from "./statistics.ts";

/** A bound on the idle bytes of all pools that share it. */
export interface RetentionBudget {
  /** Most bytes that may be idle. */
  readonly limit: number;
  /** Bytes that are idle now. */
  used: number;
  /** Requests to any of the pools until all of them are trimmed. */
  getsUntilTrim: number;
  /** The pools that share it. */
  readonly pools: BufferPool[];
}

/** How a {@linkcode BufferPool} behaves. */
export interface BufferPoolOptions {
  /** Name in statistics and error messages. */
  name: string;
  /** Size in bytes of the first buffers, until the pool has seen what is needed. */
  initialSize: number;
  /** Larger buffers are not kept, in bytes. */
  maxCacheSize: number;
  /** The bound on idle bytes, shared with other pools. */
  budget: RetentionBudget;
  /** Whether anything is kept. When false, every buffer is new. */
  enabled: boolean;
  /** Whether to record where each buffer was taken; slow, to find leaks. */
  tracking: boolean;
}

/** A buffer that was taken and has not been returned. */
export interface OutstandingBuffer {
  /** Name of the pool. */
  pool: string;
  /** Size in bytes. */
  size: number;
  /** Stack trace of the place where it was taken; only with tracking on. */
  takenAt?: string;
}

/** Requests between two trims. */
export const TRIM_INTERVAL = 256;

/** Reusable buffers, kept by size class. `MemoryPool` explains how and why. */
export class BufferPool {
  readonly #options: BufferPoolOptions;
  /** Idle memory by size class, most recently used last. */
  readonly #idle: Uint8Array<ArrayBuffer>[][] = [];
  /** The fewest idle buffers of each class since the last trim: that many were not needed. */
  readonly #leastIdle: number[] = [];
  /** Records of the memory in use. Weak, so that a leaked buffer can still be collected. */
  readonly #records = new WeakMap<ArrayBufferLike, OutstandingBuffer>();
  readonly #outstanding = new Set<OutstandingBuffer>();
  readonly #statistics = emptyStatistics();
  /** A decaying maximum of the sizes that were needed recently, in bytes. */
  #recentSize: number;

  /** Creates an empty pool. */
  constructor(options: BufferPoolOptions) {
    this.#options = options;
    this.#recentSize = options.initialSize;
    options.budget.pools.push(this);
  }

  /** What the pool has done and what it holds. A copy; it does not change later. */
  get statistics(): PoolStatistics {
    return { ...this.#statistics };
  }

  /** The size in bytes that {@linkcode BufferPool.get} uses when it is given none. */
  get typicalSize(): number {
    // One very large buffer must not make all later ones too large to keep.
    return sizeOfClass(
      sizeClassOf(Math.min(this.#recentSize, this.#options.maxCacheSize)),
    );
  }

  /**
   * Takes a buffer of at least `size` bytes; if omitted, of the size that was
   * needed recently. Its content is unspecified. It belongs to the caller until
   * {@linkcode BufferPool.put}.
   *
   * @throws {OptionError} `size` is not an integer from 0 to 2 GiB.
   * @throws {RangeError} That much memory is unavailable.
   */
  get(size?: number): Uint8Array<ArrayBuffer> {
    const bytes = this.getUnchecked(size);
    const record: OutstandingBuffer = {
      pool: this.#options.name,
      size: bytes.length,
    };
    if (this.#options.tracking) record.takenAt = new Error().stack;
    this.#records.set(bytes.buffer, record);
    this.#outstanding.add(record);
    return bytes;
  }

  /**
   * Returns a buffer, or any view of it. All its views become empty.
   *
   * @param used How many of its bytes were needed; later sizes follow that.
   * @throws {PoolError} It was returned before, or is not from this pool.
   * @throws {OptionError} `used` is not an integer from 0 to 2 GiB.
   */
  put(bytes: Uint8Array, used?: number): void {
    const memory = bytes.buffer as ArrayBuffer;
    const record = this.#records.get(memory);
    if (record === undefined) {
      throw new PoolError(
        `Cannot return a buffer to the ${this.#options.name} pool: it is not in use. ` +
          "It was returned before or comes from somewhere else.",
      );
    }
    if (used !== undefined) this.#observe(used);
    this.#records.delete(memory);
    this.#outstanding.delete(record);
    // It is detached already if its holder transferred it, for example to a worker.
    this.#keep(
      memory.detached ? undefined : new Uint8Array(memory.transfer()),
    );
  }

  /**
   * Takes a buffer that is neither recorded nor detached on return, which takes
   * a fifth of the time. Only for use within one call, by code that returns it
   * once and keeps no view: returned twice, it would get two holders.
   *
   * @throws {OptionError | RangeError} As {@linkcode BufferPool.get}.
   */
  getUnchecked(size?: number): Uint8Array<ArrayBuffer> {
    const sizeClass = sizeClassOf(size ?? this.typicalSize);
    const idle = this.#take(sizeClass);
    // The allocation may throw, so it comes before any counting.
    const bytes = idle ?? new Uint8Array(sizeOfClass(sizeClass));
    countGet(this.#statistics, idle !== undefined);
    if (size !== undefined) this.#observe(size);
    this.#countTowardsTrim();
    return bytes;
  }

  /** Returns a buffer of {@linkcode BufferPool.getUnchecked}; `used` as in {@linkcode BufferPool.put}. */
  putUnchecked(bytes: Uint8Array<ArrayBuffer>, used?: number): void {
    if (used !== undefined) this.#observe(used);
    this.#keep(bytes);
  }

  /** Buffers that were taken and have not been returned. */
  outstanding(): OutstandingBuffer[] {
    return Array.from(this.#outstanding, (record) => ({ ...record }));
  }

  /** Releases all idle memory. */
  clear(): void {
    for (let sizeClass = 0; sizeClass < this.#idle.length; sizeClass++) {
      this.#discardIdle(sizeClass, this.#idle[sizeClass]?.length ?? 0);
    }
    this.#leastIdle.length = 0;
  }

  /** Keeps a buffer that is no longer in use, if the limits allow. */
  #keep(bytes: Uint8Array<ArrayBuffer> | undefined): void {
    this.#statistics.inUse--;
    const { maxCacheSize, budget, enabled } = this.#options;
    if (
      bytes === undefined || !enabled || bytes.length > maxCacheSize ||
      budget.used + bytes.length > budget.limit
    ) {
      this.#statistics.discarded++;
      return;
    }
    (this.#idle[sizeClassOf(bytes.length)] ??= []).push(bytes);
    this.#retain(1, bytes.length);
  }

  /** Takes an idle buffer of a class, if there is one. */
  #take(sizeClass: number): Uint8Array<ArrayBuffer> | undefined {
    const idle = this.#idle[sizeClass];
    const bytes = idle?.pop();
    const left = idle?.length ?? 0;
    this.#leastIdle[sizeClass] = Math.min(
      this.#leastIdle[sizeClass] ?? left,
      left,
    );
    if (bytes !== undefined) this.#retain(-1, -bytes.length);
    return bytes;
  }

  #retain(count: number, bytes: number): void {
    this.#statistics.idle += count;
    this.#statistics.retainedBytes += bytes;
    this.#options.budget.used += bytes;
  }

  /** Updates the recent size: growth counts at once, shrinking by a 32nd of the difference. */
  #observe(size: number): void {
    sizeClassOf(size); // throws where a later request of this size would
    const difference = this.#recentSize - size;
    if (difference < 0) this.#recentSize = size;
    else this.#recentSize -= Math.ceil(difference / 32);
  }

  /** Counts requests to all pools, so that pools that are no longer used are trimmed as well. */
  #countTowardsTrim(): void {
    const { budget } = this.#options;
    if (--budget.getsUntilTrim > 0) return;
    budget.getsUntilTrim = TRIM_INTERVAL;
    for (const pool of budget.pools) pool.trim();
  }

  /** Discards, of every class, as many buffers as stayed idle since the last trim. */
  trim(): void {
    for (let sizeClass = 0; sizeClass < this.#idle.length; sizeClass++) {
      const idle = this.#idle[sizeClass];
      if (idle === undefined) continue;
      // A class without requests has no entry: none of its buffers was needed.
      const unneeded = this.#leastIdle[sizeClass] ?? idle.length;
      this.#discardIdle(sizeClass, Math.min(unneeded, idle.length));
    }
    this.#leastIdle.length = 0;
  }

  #discardIdle(sizeClass: number, count: number): void {
    if (count === 0) return;
    this.#idle[sizeClass].splice(0, count);
    this.#retain(-count, -count * sizeOfClass(sizeClass));
    this.#statistics.discarded += count;
  }
}
