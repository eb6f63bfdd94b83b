import { PoolError } from "../pool/errors.ts";
import {
  globalMemoryPool,
  type MemoryPool,
  partsOf,
} from "../pool/memory_pool.ts";
import type { Closeable, ObjectPool } from "../pool/object_pool.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import type { Compressor, Decompressor, Engine } from "./engine.ts";
import { engineFor } from "./engines.ts";
import type { CodecLike } from "./names.ts";

/**
 * Takes a compressor from the pool until the end of a scope, to compress many
 * documents into buffers of the caller. One that has thrown is not reused.
 *
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} No engine on this runtime can compress with `codec`.
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
  codec: CodecLike,
  { level, pool = globalMemoryPool }: { level?: number; pool?: MemoryPool } =
    {},
): Compressor & Disposable {
  const { compressors } = partsOf(pool);
  const { key, create } = compressorKind(codec, level);
  return new CompressorLease(compressors, compressors.get(key, create));
}

/**
 * Takes a decompressor from the pool until the end of a scope; see
 * {@linkcode leaseCompressor}.
 *
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} No engine on this runtime can decompress `codec`.
 */
export function leaseDecompressor(
  codec: CodecLike,
  { pool = globalMemoryPool }: { pool?: MemoryPool } = {},
): Decompressor & Disposable {
  const { decompressors } = partsOf(pool);
  const engine = engineFor(codec, "decompress");
  return new DecompressorLease(
    decompressors,
    decompressors.get(engine, () => engine.createDecompressor!()),
  );
}

/** A kind of compressor: its key in the pool, and its factory. */
interface CompressorKind {
  key: object;
  create(): Compressor;
}

/** Kinds of compressors by engine and level, so that a lookup allocates nothing. */
const compressorKinds = new Map<Engine, Map<number, CompressorKind>>();

function compressorKind(
  codec: CodecLike,
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

/** An object of a pool until the end of a scope. One that threw is discarded then. */
class CoderLease<T extends Closeable> implements Disposable {
  readonly #pool: ObjectPool<Closeable>;
  #coder: T | undefined;
  /** Whether a call has begun and not returned: it is running, or has thrown. */
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

  /** Notes that a call has returned, and returns its result. */
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

class CompressorLease extends CoderLease<Compressor> implements Compressor {
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
  implements Decompressor {
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
