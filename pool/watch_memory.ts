import { invalidOption } from "./check.ts";
import { globalMemoryPool, type MemoryPool } from "./memory_pool.ts";
import { type MemorySnapshot, memorySnapshot } from "./memory_snapshot.ts";
import { nodeModule } from "./runtime.ts";

/** How to watch memory. */
export interface MemoryWatchOptions {
  /** Milliseconds between two samples. Default 100. */
  interval?: number;
  /** The pool to watch. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
  /** Called with every sample. */
  onSnapshot?(snapshot: MemorySnapshot): void;
}

/** What a {@linkcode MemoryWatch} has measured since it began. Sizes are in bytes. */
export interface MemoryReport {
  /** Largest used size of the JavaScript heap. */
  peakHeapUsed: number;
  /** Most memory that JavaScript objects held outside the heap. */
  peakExternal: number;
  /** Most resident memory of the whole process, all threads. */
  peakRss: number;
  /**
   * Garbage collections of this thread; other threads have their own. Undefined
   * where the runtime does not report them.
   */
  collections: number | undefined;
  /** Duration of the watch, in seconds. */
  seconds: number;
  /** The last sample. */
  last: MemorySnapshot;
}

/** The part of `node:v8` that reports garbage collections. */
interface V8 {
  GCProfiler?: new () => {
    start(): void;
    stop(): { statistics: unknown[] } | undefined;
  };
}

/**
 * Samples the memory of the process at an interval, until it is closed.
 *
 * A sample takes about 20 microseconds. Peaks between samples are missed, and a
 * thread that never yields to its event loop takes no samples at all.
 * {@linkcode MemoryWatch.report} takes one of its own, so that beginning and end
 * are always covered.
 */
export class MemoryWatch implements Disposable {
  readonly #pool: MemoryPool;
  readonly #onSnapshot: MemoryWatchOptions["onSnapshot"];
  readonly #started = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #profiler = startProfiler();
  #peakHeapUsed = 0;
  #peakExternal = 0;
  #peakRss = 0;
  #collections = 0;
  #closed: MemoryReport | undefined;

  /** Begins to watch. Users call {@linkcode watchMemory} instead. */
  constructor(
    interval: number,
    pool: MemoryPool,
    onSnapshot: MemoryWatchOptions["onSnapshot"],
  ) {
    this.#pool = pool;
    this.#onSnapshot = onSnapshot;
    this.#sample();
    // Timers of node:timers have unref() on all runtimes.
    const timers = nodeModule<typeof import("node:timers")>("node:timers");
    this.#timer = (timers?.setInterval ?? setInterval)(
      () => this.#sample(),
      interval,
    ) as ReturnType<typeof setInterval>;
    (this.#timer as { unref?(): void }).unref?.();
  }

  /** The measurements so far, or those up to {@linkcode MemoryWatch.close}. */
  report(): MemoryReport {
    if (this.#closed !== undefined) return this.#closed;
    const last = this.#sample();
    return {
      peakHeapUsed: this.#peakHeapUsed,
      peakExternal: this.#peakExternal,
      peakRss: this.#peakRss,
      collections: this.#profiler === undefined ? undefined : this.#collections,
      seconds: (performance.now() - this.#started) / 1000,
      last,
    };
  }

  /** Ends the watch and returns its report. Closing twice is harmless. */
  close(): MemoryReport {
    if (this.#closed === undefined) {
      clearInterval(this.#timer);
      this.#closed = this.report();
      this.#profiler?.stop();
    }
    return this.#closed;
  }

  /** Same as {@linkcode MemoryWatch.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #sample(): MemorySnapshot {
    const snapshot = memorySnapshot(this.#pool);
    const { heapUsed, external, rss } = snapshot;
    this.#peakHeapUsed = Math.max(this.#peakHeapUsed, heapUsed);
    this.#peakExternal = Math.max(this.#peakExternal, external);
    this.#peakRss = Math.max(this.#peakRss, rss);
    if (this.#profiler !== undefined) {
      // A profiler keeps every collection until it is stopped, so each sample starts a new one.
      this.#collections += this.#profiler.stop()?.statistics.length ?? 0;
      this.#profiler = startProfiler();
    }
    this.#onSnapshot?.(snapshot);
    return snapshot;
  }
}

/**
 * Watches the memory of the process, and the statistics of a pool, until the
 * watch is closed. Its timer does not keep the process alive.
 *
 * @throws {OptionError} `interval` is not a positive number.
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { watchMemory } from "@binfiles/binfiles/pool";
 *
 * using watch = watchMemory({ interval: 50 });
 * const copies = Array.from({ length: 20 }, () => new Uint8Array(1_000_000));
 * const { peakExternal, collections } = watch.report();
 * assertGreater(peakExternal, copies.length * 1_000_000);
 * console.log(collections ?? "not reported by this runtime");
 * ```
 */
export function watchMemory(options: MemoryWatchOptions = {}): MemoryWatch {
  const { interval = 100, pool = globalMemoryPool, onSnapshot } = options;
  if (!(Number.isFinite(interval) && interval > 0)) {
    throw invalidOption(
      "interval",
      interval,
      "a positive number of milliseconds",
    );
  }
  return new MemoryWatch(interval, pool, onSnapshot);
}

/** Starts recording garbage collections, where the runtime can. */
function startProfiler():
  | InstanceType<NonNullable<V8["GCProfiler"]>>
  | undefined {
  const v8 = nodeModule<V8>("node:v8");
  if (v8?.GCProfiler === undefined) return undefined;
  const profiler = new v8.GCProfiler();
  profiler.start();
  return profiler;
}
