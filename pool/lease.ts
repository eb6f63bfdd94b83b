import type { BufferPool } from "./buffer_pool.ts";
import { checkInteger } from "./check.ts";
import { PoolError } from "./errors.ts";
import { ONE_THREAD } from "./one_thread.ts";
import { LARGEST_CLASS_SIZE } from "./size_class.ts";

/**
 * A pooled buffer that is held until the end of a scope.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { MemoryPool, PoolError } from "@binfiles/binfiles/pool";
 *
 * const pool = new MemoryPool();
 * let kept;
 * {
 *   using lease = pool.lease(100);
 *   assertEquals(lease.bytes.length, 100);
 *   kept = lease;
 * }
 * assertThrows(() => kept.bytes, PoolError, "has ended");
 * ```
 */
export class Lease implements Disposable {
  /** Keeps the lease from being posted to another thread. */
  protected readonly thread: symbol = ONE_THREAD;
  readonly #pool: BufferPool;
  readonly #size: number;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /** Takes a buffer of `size` bytes from `pool`. Users call `MemoryPool.lease` instead. */
  constructor(pool: BufferPool, size: number) {
    checkInteger("size", size, 0, LARGEST_CLASS_SIZE);
    this.#pool = pool;
    this.#size = size;
    this.#bytes = pool.get(size).subarray(0, size);
  }

  /**
   * The leased bytes: exactly the requested size, with unspecified content. They
   * belong to the holder until the lease ends; views that are kept longer become
   * empty.
   *
   * @throws {PoolError} The lease has ended.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ?? this.#fail("use");
  }

  /**
   * Ends the lease and returns the buffer. `using` calls this.
   *
   * @throws {PoolError} The lease has ended already.
   */
  [Symbol.dispose](): void {
    const bytes = this.#bytes ?? this.#fail("end");
    this.#bytes = undefined;
    this.#pool.put(bytes);
  }

  #fail(what: string): never {
    throw new PoolError(
      `Cannot ${what} a lease of ${this.#size} bytes: it has ended`,
    );
  }
}
