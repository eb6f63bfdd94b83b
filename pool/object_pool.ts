import { PoolError } from "./errors.ts";
import {
  countGet,
  emptyStatistics,
  type PoolStatistics,
} from "./statistics.ts";

/** An object that may hold native memory. */
export interface Closeable {
  /** Releases memory that the garbage collector does not manage. */
  close?(): void;
}

/** Identifies a kind of object: a name, or any object. */
export type PoolKey = string | object;

/**
 * Reusable objects that are expensive to create, such as compressors, kept by
 * key. Objects under one key are interchangeable. The caller of
 * {@linkcode ObjectPool.get} brings the factory.
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

  /** Takes an idle object of `key`, or a new one. It belongs to the caller until it is returned. */
  get<O extends T>(key: PoolKey, create: () => O): O {
    const idle = this.#idle.get(key)?.pop() as O | undefined;
    const object = idle ?? create();
    if (idle !== undefined) this.#statistics.idle--;
    this.#inUse.set(object, key);
    countGet(this.#statistics, idle !== undefined);
    return object;
  }

  /**
   * Returns an object that is ready for its next user.
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
   * Returns an object that must not be used again, because it threw during its
   * work, and closes it.
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
          "It was returned before or comes from somewhere else.",
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
