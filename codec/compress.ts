import { PoolError } from "../pool/errors.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import type { Closeable, ObjectPool } from "../pool/object_pool.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import type { Compressor, Decompressor, Engine } from "./engine.ts";
import { engineFor } from "./engines.ts";
import { CodecError, OutputLimitError } from "./errors.ts";

/** Most bytes that one document may decompress to, unless told otherwise: 1 GiB, the format's limit. */
export const MAX_DOCUMENT_SIZE = 0x4000_0000;

/** How to compress. */
export interface CompressOptions {
  /** Compression level; the codec's default when not given. */
  level?: number;
  /** The pool to work with. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** How to decompress. */
export interface DecompressOptions {
  /** Most bytes the result may have. Default {@linkcode MAX_DOCUMENT_SIZE}. */
  maxSize?: number;
  /** The pool to work with. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** A compressor of whole buffers that is taken from a pool until the end of a scope. */
export interface LeasedCompressor extends Compressor, Disposable {}

/** A decompressor of whole buffers that is taken from a pool until the end of a scope. */
export interface LeasedDecompressor extends Decompressor, Disposable {}

/**
 * An upper bound of what `size` bytes can become when compressed, with any
 * codec, and a spare byte to prove that they fitted.
 */
export function maxCompressedSize(size: number): number {
  // bzip2 grows most, by 1% and 600 bytes.
  return size + Math.ceil(size / 64) + 1024;
}

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
  { level, pool = globalMemoryPool }: CompressOptions = {},
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
  { pool = globalMemoryPool }: DecompressOptions = {},
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

/**
 * Compresses a document, with everything that can be reused taken from the pool.
 *
 * With `BINFILES_POOL=off`, or a pool that is switched off, it does what
 * {@linkcode compressOriginal} does.
 *
 * @returns New memory, which is the caller's to keep.
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} Nothing on this runtime can compress with it.
 * @throws {OptionError} It has no such level.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compress, decompress } from "@binfiles/binfiles/codec";
 *
 * const document = new TextEncoder().encode("a document");
 * assertEquals(decompress(compress(document, "zstd"), "zstd"), document);
 * ```
 */
export function compress(
  data: Uint8Array,
  codec: string | number,
  options: CompressOptions = {},
): Uint8Array<ArrayBuffer> {
  const { pool = globalMemoryPool } = options;
  if (!pool.enabled) return compressOriginal(data, codec, options);
  const buffer = pool.takeScratch(maxCompressedSize(data.length));
  try {
    const compressor = leaseCompressor(codec, options);
    try {
      const size = compressor.compress(data, buffer, 0);
      return buffer.slice(0, fitting(size, codec, data.length));
    } finally {
      compressor[Symbol.dispose]();
    }
  } finally {
    pool.returnScratch(buffer);
  }
}

/**
 * Decompresses a document, with everything that can be reused taken from the pool.
 *
 * With `BINFILES_POOL=off`, or a pool that is switched off, it does what
 * {@linkcode decompressOriginal} does.
 *
 * @returns New memory, which is the caller's to keep.
 * @throws {CorruptDataError} `data` is malformed, cut short or followed by something else.
 * @throws {OutputLimitError} The result is larger than `options.maxSize`.
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} Nothing on this runtime can decompress it.
 */
export function decompress(
  data: Uint8Array,
  codec: string | number,
  options: DecompressOptions = {},
): Uint8Array<ArrayBuffer> {
  const { pool = globalMemoryPool, maxSize = MAX_DOCUMENT_SIZE } = options;
  if (!pool.enabled) return decompressOriginal(data, codec, options);
  const decompressor = leaseDecompressor(codec, options);
  let buffer = pool.takeScratch();
  let size = -1;
  try {
    for (;;) {
      size = decompressor.decompress(data, buffer, 0);
      if (size >= 0 && size <= maxSize) return buffer.slice(0, size);
      const { length } = buffer;
      if (length > maxSize) {
        throw new OutputLimitError(findCodec(codec).name, maxSize);
      }
      // Doubles what has proved too small, whatever the data claims to need.
      const larger = pool.takeScratch(Math.min(length * 2, maxSize + 1));
      pool.returnScratch(buffer);
      buffer = larger;
    }
  } finally {
    pool.returnScratch(buffer, size < 0 ? undefined : size);
    decompressor[Symbol.dispose]();
  }
}

/**
 * Compresses a document with the same engine as {@linkcode compress}, but
 * reuses nothing: what most programs do, and what pooling is compared with.
 *
 * @throws {UnknownCodecError | NoEngineError | OptionError} As {@linkcode compress}.
 */
export function compressOriginal(
  data: Uint8Array,
  codec: string | number,
  { level }: CompressOptions = {},
): Uint8Array<ArrayBuffer> {
  const found = findCodec(codec);
  const engine = engineFor(found.name, "compress");
  const checked = checkLevel(found, level);
  if (engine.compressOnce !== undefined) {
    return asOwn(engine.compressOnce(data, checked));
  }
  const compressor = engine.createCompressor!(checked);
  const buffer = new Uint8Array(maxCompressedSize(data.length));
  try {
    const size = compressor.compress(data, buffer, 0);
    return buffer.slice(0, fitting(size, codec, data.length));
  } finally {
    compressor.close?.();
  }
}

/**
 * Decompresses a document with the same engine as {@linkcode decompress}, but
 * reuses nothing.
 *
 * @throws {CorruptDataError | OutputLimitError | UnknownCodecError | NoEngineError}
 * As {@linkcode decompress}.
 */
export function decompressOriginal(
  data: Uint8Array,
  codec: string | number,
  { maxSize = MAX_DOCUMENT_SIZE }: DecompressOptions = {},
): Uint8Array<ArrayBuffer> {
  const found = findCodec(codec);
  const engine = engineFor(found.name, "decompress");
  if (engine.decompressOnce !== undefined) {
    return asOwn(engine.decompressOnce(data, maxSize));
  }
  const decompressor = engine.createDecompressor!();
  try {
    // Four times the input is what text usually becomes.
    for (let room = 4 * data.length + 1024;; room *= 2) {
      const buffer = new Uint8Array(Math.min(room, maxSize + 1));
      const size = decompressor.decompress(data, buffer, 0);
      if (size >= 0 && size <= maxSize) return buffer.slice(0, size);
      if (buffer.length > maxSize) {
        throw new OutputLimitError(found.name, maxSize);
      }
    }
  } finally {
    decompressor.close?.();
  }
}

/** {@linkcode compress} with a pool named, as the original has it. */
export function compressWithPool(
  data: Uint8Array,
  codec: string | number,
  pool: MemoryPool = globalMemoryPool,
): Uint8Array<ArrayBuffer> {
  return compress(data, codec, { pool });
}

/** {@linkcode decompress} with a pool named, as the original has it. */
export function decompressWithPool(
  data: Uint8Array,
  codec: string | number,
  pool: MemoryPool = globalMemoryPool,
): Uint8Array<ArrayBuffer> {
  return decompress(data, codec, { pool });
}

/** Node's one-shot functions may return views of shared memory; this one is the caller's alone. */
function asOwn(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength &&
      bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes);
}

/**
 * Passes on what a compressor returned, which was given
 * {@linkcode maxCompressedSize} bytes for an input of `inputSize`.
 *
 * @throws {CodecError} It did not fit all the same: a fault of the engine, which
 * must not become a damaged record.
 */
export function fitting(
  size: number,
  codec: string | number,
  inputSize: number,
): number {
  if (size >= 0) return size;
  const { name } = findCodec(codec);
  throw new CodecError(
    name,
    `Cannot compress ${inputSize} bytes with ${name}: the result is larger than any can be`,
  );
}
