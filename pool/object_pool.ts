import { PoolError } from "./errors.ts";
import {
  countGet,
  emptyStatistics,
  type PoolStatistics,
} from "./statistics.ts";

/** What a pool needs to know of an object: at most, how to get rid of it. */
export interface Closeable {
  /** Releases what lies outside the garbage collector's reach. */
  close?(): void;
}

/** What objects are kept under: a name, or any object that stands for a kind. */
export type PoolKey = string | object;

/**
 * Reusable objects that are costly to make, such as compressors, kept by key.
 *
 * Objects under one key are interchangeable. The pool knows nothing of them:
 * whoever asks brings the factory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ObjectPool } from "@binfiles/binfiles/pool";
 *
 * class Table {
 *   cells = new Uint32Array(65_536);
 *   close() {
 *     this.cells = new Uint32Array(0);
 *   }
 * }
 * const tables = new ObjectPool<Table>("table", 4);
 * const table = tables.get("large", () => new Table());
 * tables.put(table);
 * assertEquals(tables.get("large", () => new Table()), table);
 * ```
 */
export class ObjectPool<T extends Closeable> {
  readonly #name: string;
  readonly #maxIdle: number;
  readonly #idle = new Map<PoolKey, T[]>();
  readonly #inUse = new Map<T, PoolKey>();
  readonly #statistics = emptyStatistics();

  /** Creates an empty pool that keeps up to `maxIdle` objects per key. */
  constructor(name: string, maxIdle: number) {
    this.#name = name;
    this.#maxIdle = maxIdle;
  }

  /** What the pool has done and what it holds. A copy; it does not change later. */
  get statistics(): PoolStatistics {
    return { ...this.#statistics };
  }

  /** Hands out an idle object of `key`, or a new one. It is the caller's until it is returned. */
  get<O extends T>(key: PoolKey, create: () => O): O {
    const idle = this.#idle.get(key)?.pop() as O | undefined;
    const object = idle ?? create();
    if (idle !== undefined) this.#statistics.idle--;
    this.#inUse.set(object, key);
    countGet(this.#statistics, idle !== undefined);
    return object;
  }

  /**
   * Takes an object back, ready for its next user.
   *
   * @throws {PoolError} It was returned before, or is not from this pool.
   */
  put(object: T): void {
    const key = this.#end(object);
    let idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, idle = []);
    if (idle.length >= this.#maxIdle) return this.#drop(object);
    idle.push(object);
    this.#statistics.idle++;
  }

  /**
   * Takes back an object that must not be used again, because it threw in the
   * middle of its work, and closes it.
   *
   * @throws {PoolError} It was returned before, or is not from this pool.
   */
  discard(object: T): void {
    this.#end(object);
    this.#drop(object);
  }

  /** Closes all idle objects. */
  clear(): void {
    for (const idle of this.#idle.values()) {
      this.#statistics.idle -= idle.length;
      for (const object of idle) this.#drop(object);
    }
    this.#idle.clear();
  }

  #end(object: T): PoolKey {
    const key = this.#inUse.get(object);
    if (key === undefined) {
      throw new PoolError(
        `Cannot return an object to the ${this.#name} pool: it is not in use. ` +
          "It was returned before, or comes from somewhere else.",
      );
    }
    this.#inUse.delete(object);
    this.#statistics.inUse--;
    return key;
  }

  #drop(object: T): void {
    this.#statistics.discarded++;
    object.close?.();
  }
}
