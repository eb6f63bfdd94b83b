import { PoolError } from "./errors.ts";
import { sizeClassOf, sizeOfClass } from "./size_class.ts";
import {
  countGet,
  emptyStatistics,
  type PoolStatistics,
} from "./statistics.ts";

/** A bound on the idle bytes of all the pools that share it. */
export interface RetentionBudget {
  /** Most bytes that may be idle. */
  readonly limit: number;
  /** Bytes that are idle now. */
  used: number;
}

/** How a {@linkcode BufferPool} behaves. */
export interface BufferPoolOptions {
  /** Name in statistics and error messages. */
  name: string;
  /** Size in bytes of the first buffers, until the pool has seen what is needed. */
  initialSize: number;
  /** Buffers above this many bytes are not kept. */
  maxCacheSize: number;
  /** The bound on idle bytes, shared with other pools. */
  budget: RetentionBudget;
  /** Whether anything is kept at all; when not, every buffer is new. */
  enabled: boolean;
  /** Whether to record where each buffer was taken; slow, for finding leaks. */
  tracking: boolean;
}

/** A buffer that was handed out and has not come back. */
export interface OutstandingBuffer {
  /** Name of the pool. */
  pool: string;
  /** Size in bytes. */
  size: number;
  /** Stack trace of the place where it was taken; only with tracking on. */
  takenAt?: string;
}

/** Requests between two looks at how many idle buffers nobody needed. */
const TRIM_INTERVAL = 256;

/**
 * Reusable buffers, kept by size class.
 *
 * A returned buffer is *detached* (its memory moves to a new `ArrayBuffer`), so
 * a view that somebody kept by mistake becomes empty and can never reach the
 * next holder's bytes. That costs a third of a microsecond, against ten for a
 * new buffer of 64 KiB.
 */
export class BufferPool {
  readonly #options: BufferPoolOptions;
  /** Idle memory by size class, most recently used last. */
  readonly #idle: ArrayBuffer[][] = [];
  /** Per class, the fewest idle buffers since the last trim: that many were not needed. */
  readonly #leastIdle: number[] = [];
  /** Records of the memory in use. Weak, so that a forgotten buffer is not kept alive as well. */
  readonly #records = new WeakMap<ArrayBufferLike, OutstandingBuffer>();
  readonly #outstanding = new Set<OutstandingBuffer>();
  readonly #statistics = emptyStatistics();
  /** A decaying maximum of the sizes that were needed lately, in bytes. */
  #recentSize: number;
  #getsUntilTrim = TRIM_INTERVAL;

  /** Creates an empty pool. */
  constructor(options: BufferPoolOptions) {
    this.#options = options;
    this.#recentSize = options.initialSize;
  }

  /** What the pool has done and what it holds. A copy; it does not change later. */
  get statistics(): PoolStatistics {
    return { ...this.#statistics };
  }

  /** The size in bytes that {@linkcode BufferPool.get} hands out when not told one. */
  get typicalSize(): number {
    return sizeOfClass(sizeClassOf(this.#recentSize));
  }

  /**
   * Hands out a buffer of at least `size` bytes, or of the size that was needed
   * lately. Its content is unspecified. It belongs to the caller until
   * {@linkcode BufferPool.put}.
   */
  get(size?: number): Uint8Array<ArrayBuffer> {
    if (size !== undefined) this.#observe(size);
    const sizeClass = sizeClassOf(size ?? this.#recentSize);
    const memory = this.#take(sizeClass);
    countGet(this.#statistics, memory !== undefined);
    const bytes = new Uint8Array(
      memory ?? new ArrayBuffer(sizeOfClass(sizeClass)),
    );
    const record: OutstandingBuffer = {
      pool: this.#options.name,
      size: bytes.length,
    };
    if (this.#options.tracking) record.takenAt = new Error().stack;
    this.#records.set(bytes.buffer, record);
    this.#outstanding.add(record);
    if (--this.#getsUntilTrim === 0) this.#trimUnneeded();
    return bytes;
  }

  /**
   * Takes a buffer back, or any view of it. All its views become empty.
   *
   * @param used How many of its bytes were needed; what the pool hands out next
   * follows that.
   * @throws {PoolError} It was returned before, or is not from this pool.
   */
  put(bytes: Uint8Array, used?: number): void {
    const memory = bytes.buffer;
    const record = this.#records.get(memory);
    if (record === undefined) {
      throw new PoolError(
        `Cannot return a buffer to the ${this.#options.name} pool: it is not in use. ` +
          "It was returned before, or comes from somewhere else.",
      );
    }
    this.#records.delete(memory);
    this.#outstanding.delete(record);
    this.#statistics.inUse--;
    if (used !== undefined) this.#observe(used);
    const own = (memory as ArrayBuffer).transfer();
    const { maxCacheSize, budget, enabled } = this.#options;
    if (
      !enabled || own.byteLength > maxCacheSize ||
      budget.used + own.byteLength > budget.limit
    ) {
      this.#statistics.discarded++;
      return;
    }
    (this.#idle[sizeClassOf(own.byteLength)] ??= []).push(own);
    this.#retain(1, own.byteLength);
  }

  /** Buffers that were handed out and have not come back. */
  outstanding(): OutstandingBuffer[] {
    return Array.from(this.#outstanding, (record) => ({ ...record }));
  }

  /** Gives all idle memory back to the runtime. */
  clear(): void {
    for (let sizeClass = 0; sizeClass < this.#idle.length; sizeClass++) {
      this.#discardIdle(sizeClass, this.#idle[sizeClass]?.length ?? 0);
    }
    this.#leastIdle.length = 0;
  }

  /** Takes idle memory of a class, if there is any. */
  #take(sizeClass: number): ArrayBuffer | undefined {
    const idle = this.#idle[sizeClass];
    const memory = idle?.pop();
    const left = idle?.length ?? 0;
    this.#leastIdle[sizeClass] = Math.min(
      this.#leastIdle[sizeClass] ?? left,
      left,
    );
    if (memory !== undefined) this.#retain(-1, -memory.byteLength);
    return memory;
  }

  #retain(count: number, bytes: number): void {
    this.#statistics.idle += count;
    this.#statistics.retainedBytes += bytes;
    this.#options.budget.used += bytes;
  }

  /** Follows growing needs at once, and shrinking ones by a 32nd of the difference. */
  #observe(size: number): void {
    const difference = this.#recentSize - size;
    if (difference < 0) this.#recentSize = size;
    else this.#recentSize -= Math.ceil(difference / 32);
  }

  /** Discards, of every class, as many buffers as stayed idle since the last trim. */
  #trimUnneeded(): void {
    this.#getsUntilTrim = TRIM_INTERVAL;
    for (let sizeClass = 0; sizeClass < this.#idle.length; sizeClass++) {
      const idle = this.#idle[sizeClass];
      if (idle === undefined) continue;
      // A class that nobody asked for has no mark: none of its buffers was needed.
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
