import { OptionError } from "./errors.ts";
import { globalMemoryPool, type MemoryPool } from "./memory_pool.ts";
import { type MemorySnapshot, memorySnapshot } from "./memory_snapshot.ts";
import { nodeModule } from "./runtime.ts";

/** How to watch memory. */
export interface MemoryWatchOptions {
  /** Milliseconds between two looks. Default 100. */
  interval?: number;
  /** The pool to watch. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
  /** Called with what every look has seen. */
  onSnapshot?(snapshot: MemorySnapshot): void;
}

/** What a {@linkcode MemoryWatch} has seen since it began. Sizes are in bytes. */
export interface MemoryReport {
  /** Largest size of the JavaScript heap. */
  peakHeapUsed: number;
  /** Most memory that JavaScript objects held outside the heap. */
  peakExternal: number;
  /** Most memory of the whole process, all threads, that was in RAM. */
  peakRss: number;
  /**
   * Garbage collections of the thread that watches; other threads have their own.
   * Undefined where the runtime does not tell.
   */
  collections: number | undefined;
  /** How long it was watched, in seconds. */
  seconds: number;
  /** What the last look has seen. */
  last: MemorySnapshot;
}

/** The part of `node:v8` that tells of garbage collections. */
interface V8 {
  GCProfiler?: new () => {
    start(): void;
    stop(): { statistics: unknown[] } | undefined;
  };
}

/**
 * Looks at the memory of the process again and again, until it is closed.
 *
 * Looking takes some 20 microseconds. Between looks nothing is seen, and a thread
 * that never waits is never looked at; {@linkcode MemoryWatch.report} takes a
 * look of its own, so that beginning and end are always seen.
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

  /** Begins to watch; users call {@linkcode watchMemory}. */
  constructor(
    interval: number,
    pool: MemoryPool,
    onSnapshot: MemoryWatchOptions["onSnapshot"],
  ) {
    this.#pool = pool;
    this.#onSnapshot = onSnapshot;
    this.#look();
    // Node's timers can be told not to keep the process alive, on all runtimes that have them.
    const timers = nodeModule<typeof import("node:timers")>("node:timers");
    this.#timer = (timers?.setInterval ?? setInterval)(
      () => this.#look(),
      interval,
    ) as ReturnType<typeof setInterval>;
    (this.#timer as { unref?(): void }).unref?.();
  }

  /** What has been seen so far; once closed, what had been seen by then. */
  report(): MemoryReport {
    if (this.#closed !== undefined) return this.#closed;
    const last = this.#look();
    return {
      peakHeapUsed: this.#peakHeapUsed,
      peakExternal: this.#peakExternal,
      peakRss: this.#peakRss,
      collections: this.#profiler === undefined ? undefined : this.#collections,
      seconds: (performance.now() - this.#started) / 1000,
      last,
    };
  }

  /** Ends the watch. @returns What it has seen. Closing twice does nothing more. */
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

  #look(): MemorySnapshot {
    const snapshot = memorySnapshot(this.#pool);
    const { heapUsed, external, rss } = snapshot;
    this.#peakHeapUsed = Math.max(this.#peakHeapUsed, heapUsed);
    this.#peakExternal = Math.max(this.#peakExternal, external);
    this.#peakRss = Math.max(this.#peakRss, rss);
    if (this.#profiler !== undefined) {
      // A new one every time, because it keeps what it has seen until it is stopped.
      this.#collections += this.#profiler.stop()?.statistics.length ?? 0;
      this.#profiler = startProfiler();
    }
    this.#onSnapshot?.(snapshot);
    return snapshot;
  }
}

/**
 * Watches the memory of the process, and what a pool keeps of it, until the watch
 * is closed. Its timer does not keep the process alive.
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
 * console.log(collections ?? "this runtime does not tell");
 * ```
 */
export function watchMemory(options: MemoryWatchOptions = {}): MemoryWatch {
  const { interval = 100, pool = globalMemoryPool, onSnapshot } = options;
  if (!(interval > 0)) {
    throw new OptionError(
      `Cannot look at the memory every ${interval} milliseconds: expected a positive number`,
    );
  }
  return new MemoryWatch(interval, pool, onSnapshot);
}

/** Begins to note garbage collections, where the runtime can do that. */
function startProfiler():
  | InstanceType<NonNullable<V8["GCProfiler"]>>
  | undefined {
  const v8 = nodeModule<V8>("node:v8");
  if (v8?.GCProfiler === undefined) return undefined;
  const profiler = new v8.GCProfiler();
  profiler.start();
  return profiler;
}
