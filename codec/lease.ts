import { PoolError } from "../pool/errors.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import type { Closeable, ObjectPool } from "../pool/object_pool.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import type { Compressor, Decompressor, Engine } from "./engine.ts";
import { engineFor } from "./engines.ts";

/** A compressor of whole buffers that is taken from a pool until the end of a scope. */
export interface LeasedCompressor extends Compressor, Disposable {}

/** A decompressor of whole buffers that is taken from a pool until the end of a scope. */
export interface LeasedDecompressor extends Decompressor, Disposable {}

/**
 * Takes a compressor from the pool, to compress many documents into buffers of
 * one's own. One that throws is not used again by others.
 *
 * @throws {NoEngineError} Nothing on this runtime can compress with `codec`.
 * @throws {OptionError} `codec` has no such level.
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { leaseCompressor, maxCompressedSize } from "@binfiles/binfiles/codec";
 *
 * const documents = [new Uint8Array(1000), new Uint8Array(2000)];
 * const slab = new Uint8Array(maxCompressedSize(3000));
 * let end = 0;
 * using compressor = leaseCompressor("gzip");
 * for (const document of documents) {
 *   end += compressor.compress(document, slab, end);
 * }
 * assertGreater(end, 0);
 * ```
 */
export function leaseCompressor(
  codec: string | number,
  { level, pool = globalMemoryPool }: { level?: number; pool?: MemoryPool } =
    {},
): LeasedCompressor {
  const { key, create } = compressorKind(codec, level);
  return new CompressorLease(
    pool.compressors,
    pool.compressors.get(key, create),
  );
}

/**
 * Takes a decompressor from the pool; see {@linkcode leaseCompressor}.
 *
 * @throws {NoEngineError} Nothing on this runtime can decompress `codec`.
 */
export function leaseDecompressor(
  codec: string | number,
  { pool = globalMemoryPool }: { pool?: MemoryPool } = {},
): LeasedDecompressor {
  const engine = engineFor(codec, "decompress");
  return new DecompressorLease(
    pool.decompressors,
    pool.decompressors.get(engine, () => engine.createDecompressor!()),
  );
}

/** A kind of compressor: under which key it is pooled, and how one is made. */
interface CompressorKind {
  key: object;
  create(): Compressor;
}

/** Kinds of compressors by engine and level, so that looking one up makes nothing. */
const compressorKinds = new Map<Engine, Map<number, CompressorKind>>();

function compressorKind(
  codec: string | number,
  level: number | undefined,
): CompressorKind {
  const engine = engineFor(codec, "compress");
  const checked = checkLevel(findCodec(codec), level);
  let levels = compressorKinds.get(engine);
  if (levels === undefined) compressorKinds.set(engine, levels = new Map());
  let kind = levels.get(checked);
  if (kind === undefined) {
    kind = { key: {}, create: () => engine.createCompressor!(checked) };
    levels.set(checked, kind);
  }
  return kind;
}

/** An object of a pool until the end of a scope; one that threw is not put back. */
class CoderLease<T extends Closeable> implements Disposable {
  readonly #pool: ObjectPool<Closeable>;
  #coder: T | undefined;
  /** Whether a call has begun and not come to its end, as after a throw. */
  #busy = false;
  #hasThrown = false;

  constructor(pool: ObjectPool<Closeable>, coder: T) {
    this.#pool = pool;
    this.#coder = coder;
  }

  /** The coder, for a call that ends with {@linkcode CoderLease.done}. */
  protected begin(): T {
    const coder = this.#coder ?? fail("use");
    this.#hasThrown ||= this.#busy;
    this.#busy = true;
    return coder;
  }

  /** Passes the result of the coder on, which has not thrown. */
  protected done(size: number): number {
    this.#busy = false;
    return size;
  }

  [Symbol.dispose](): void {
    const coder = this.#coder ?? fail("end");
    this.#coder = undefined;
    if (this.#busy || this.#hasThrown) this.#pool.discard(coder);
    else this.#pool.put(coder);
  }
}

function fail(what: string): never {
  throw new PoolError(
    `Cannot ${what} a lease of a compressor or decompressor: it has ended`,
  );
}

class CompressorLease extends CoderLease<Compressor>
  implements LeasedCompressor {
  compress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number {
    return this.done(this.begin().compress(src, dst, offset, start, end));
  }

  restart(): void {
    this.begin().restart?.();
    this.done(0);
  }
}

class DecompressorLease extends CoderLease<Decompressor>
  implements LeasedDecompressor {
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number {
    return this.done(this.begin().decompress(src, dst, offset, start, end));
  }
}
