import { checkInteger } from "../pool/check.ts";
import { PoolError } from "../pool/errors.ts";
import {
  globalMemoryPool,
  type MemoryPool,
  partsOf,
} from "../pool/memory_pool.ts";
import { ONE_THREAD } from "../pool/one_thread.ts";
import type { Closeable, ObjectPool } from "../pool/object_pool.ts";
import { checkBytes } from "./bytes.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import type { Compressor, Decompressor, Engine } from "./engine.ts";
import { engineFor } from "./engines.ts";
import { CorruptDataError } from "./errors.ts";
import type { CodecLike } from "./names.ts";

/**
 * Takes a compressor from the pool until the end of a scope, to compress many
 * documents into buffers of the caller.
 *
 * Its `compress(src, dst, offset)` returns the number of bytes written, or
 * undefined if they do not fit: then there is nothing to add to an offset. A
 * document always fits into {@linkcode maxCompressedSize} bytes.
 *
 * A lease belongs to one thread; `structuredClone` and `postMessage` refuse it.
 *
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} No engine on this runtime can compress with `codec`.
 * @throws {OptionError} `codec` has no such level.
 *
 * @example Compressing documents into one slab
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompress, leaseCompressor, maxCompressedSize } from "@binfiles/binfiles/codec";
 *
 * const documents = ["one", "two"].map((text) => new TextEncoder().encode(text));
 * // The bound holds for each document, so the slab needs the sum of the bounds.
 * const slab = new Uint8Array(
 *   documents.reduce((sum, { length }) => sum + maxCompressedSize(length), 0),
 * );
 * const ends: number[] = [];
 * let end = 0;
 * using compressor = leaseCompressor("gzip");
 * for (const document of documents) {
 *   const size = compressor.compress(document, slab, end);
 *   if (size === undefined) throw new Error("The slab is full");
 *   ends.push(end += size);
 * }
 * assertEquals(decompress(slab.subarray(ends[0], ends[1]), "gzip"), documents[1]);
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
 * {@linkcode leaseCompressor}. After a `CorruptDataError` it can be used again.
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

/** An object of a pool until the end of a scope. */
class CoderLease<T extends Closeable> implements Disposable {
  /** Keeps the lease from being posted to another thread. */
  protected readonly thread: symbol = ONE_THREAD;
  readonly #pool: ObjectPool<Closeable>;
  #coder: T | undefined;
  /** Whether a call failed for another reason than its input, so that the coder may be broken. */
  #isBroken = false;

  constructor(pool: ObjectPool<Closeable>, coder: T) {
    this.#pool = pool;
    this.#coder = coder;
  }

  /** The coder, until the lease ends. */
  protected get coder(): T {
    return this.#coder ?? fail("use");
  }

  /** Notes that a call threw. */
  protected noteFailure(error: unknown): void {
    if (!(error instanceof CorruptDataError)) this.#isBroken = true;
  }

  [Symbol.dispose](): void {
    const coder = this.#coder ?? fail("end");
    this.#coder = undefined;
    if (this.#isBroken) this.#pool.discard(coder);
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
    end = src?.length,
  ): number | undefined {
    const { coder } = this;
    checkCall(src, dst, offset, start, end);
    try {
      return coder.compress(src, dst, offset, start, end);
    } catch (error) {
      this.noteFailure(error);
      throw error;
    }
  }

  restart(): void {
    this.coder.restart?.();
  }
}

class DecompressorLease extends CoderLease<Decompressor>
  implements Decompressor {
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src?.length,
  ): number | undefined {
    const { coder } = this;
    checkCall(src, dst, offset, start, end);
    try {
      return coder.decompress(src, dst, offset, start, end);
    } catch (error) {
      this.noteFailure(error);
      throw error;
    }
  }
}

/**
 * Checks the arguments of a call. Engines do not: a NaN, which is what adding
 * an undefined result gives, would be taken for 0.
 */
function checkCall(
  src: Uint8Array,
  dst: Uint8Array,
  offset: number,
  start: number,
  end: number,
): void {
  checkBytes(src, "src");
  checkBytes(dst, "dst");
  checkInteger("offset", offset, 0);
  checkInteger("end", end, 0, src.length);
  checkInteger("start", start, 0, end);
}
