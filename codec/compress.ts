import { checkInteger } from "../pool/check.ts";
import {
  globalMemoryPool,
  type MemoryPool,
  partsOf,
} from "../pool/memory_pool.ts";
import { checkBytes } from "./bytes.ts";
import { checkLevel, findCodec } from "./codecs.ts";
import { engineFor } from "./engines.ts";
import { leaseCompressor, leaseDecompressor } from "./lease.ts";
import type { CodecLike } from "./names.ts";
import {
  fitting,
  MAX_DOCUMENT_SIZE,
  maxCompressedSize,
  tryDecompress,
} from "./output_size.ts";

/** How to compress. */
export interface CompressOptions {
  /** Compression level. Default: that of the codec. */
  level?: number;
  /** The pool to use. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** How to decompress. */
export interface DecompressOptions {
  /** Largest result, in bytes. Default: 1 GiB, the limit of a record. */
  maxSize?: number;
  /** The pool to use. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/**
 * Compresses a document with a compressor and a buffer from the pool.
 *
 * With `BINFILES_POOL=off`, or a pool that is switched off, it does what
 * {@linkcode compressOriginal} does.
 *
 * @returns New memory, which belongs to the caller.
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} No engine on this runtime can compress with it.
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
  codec: CodecLike,
  options: CompressOptions = {},
): Uint8Array<ArrayBuffer> {
  checkBytes(data, "data");
  const { pool = globalMemoryPool } = options;
  if (!pool.enabled) return compressOriginal(data, codec, options);
  const buffers = partsOf(pool).compressionBuffers;
  const buffer = buffers.getUnchecked(maxCompressedSize(data.length));
  try {
    const compressor = leaseCompressor(codec, options);
    try {
      const size = compressor.compress(data, buffer, 0);
      return buffer.slice(0, fitting(size, codec, data.length));
    } finally {
      compressor[Symbol.dispose]();
    }
  } finally {
    buffers.putUnchecked(buffer);
  }
}

/**
 * Decompresses a document with a decompressor and a buffer from the pool.
 *
 * With `BINFILES_POOL=off`, or a pool that is switched off, it does what
 * {@linkcode decompressOriginal} does.
 *
 * @returns New memory, which belongs to the caller.
 * @throws {CorruptDataError} `data` is malformed, truncated or followed by other bytes.
 * @throws {OutputLimitError} The result exceeds `options.maxSize`.
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} No engine on this runtime can decompress it.
 * @throws {OptionError} `options.maxSize` is invalid.
 */
export function decompress(
  data: Uint8Array,
  codec: CodecLike,
  options: DecompressOptions = {},
): Uint8Array<ArrayBuffer> {
  checkBytes(data, "data");
  const { pool = globalMemoryPool, maxSize = MAX_DOCUMENT_SIZE } = options;
  checkInteger("maxSize", maxSize, 0, Infinity);
  if (!pool.enabled) return decompressOriginal(data, codec, options);
  const decompressor = leaseDecompressor(codec, options);
  const buffers = partsOf(pool).compressionBuffers;
  let buffer = buffers.getUnchecked();
  let size = -1;
  try {
    for (;;) {
      // deno-fmt-ignore
      size = tryDecompress(decompressor, codec, maxSize, data, 0, data.length, buffer, 0);
      if (size >= 0) return buffer.slice(0, size);
      const larger = buffers.getUnchecked(-size);
      buffers.putUnchecked(buffer);
      buffer = larger;
    }
  } finally {
    buffers.putUnchecked(buffer, size < 0 ? undefined : size);
    decompressor[Symbol.dispose]();
  }
}

/**
 * Compresses a document with the same engine as {@linkcode compress}, but reuses
 * nothing. This is what most programs do, and what the pool is compared with.
 *
 * @throws {UnknownCodecError | NoEngineError | OptionError} As {@linkcode compress}.
 */
export function compressOriginal(
  data: Uint8Array,
  codec: CodecLike,
  { level }: CompressOptions = {},
): Uint8Array<ArrayBuffer> {
  checkBytes(data, "data");
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
  codec: CodecLike,
  { maxSize = MAX_DOCUMENT_SIZE }: DecompressOptions = {},
): Uint8Array<ArrayBuffer> {
  checkBytes(data, "data");
  checkInteger("maxSize", maxSize, 0, Infinity);
  const engine = engineFor(codec, "decompress");
  if (engine.decompressOnce !== undefined) {
    return asOwn(engine.decompressOnce(data, maxSize));
  }
  const decompressor = engine.createDecompressor!();
  try {
    // Text usually expands to four times its compressed size.
    let room = Math.min(4 * data.length + 1024, maxSize + 1);
    for (;;) {
      const buffer = new Uint8Array(room);
      // deno-fmt-ignore
      const size = tryDecompress(decompressor, codec, maxSize, data, 0, data.length, buffer, 0);
      if (size >= 0) return buffer.slice(0, size);
      room = -size;
    }
  } finally {
    decompressor.close?.();
  }
}

/** {@linkcode compress} with the pool as a positional parameter, as in the original. */
export function compressWithPool(
  data: Uint8Array,
  codec: CodecLike,
  pool: MemoryPool = globalMemoryPool,
): Uint8Array<ArrayBuffer> {
  return compress(data, codec, { pool });
}

/** {@linkcode decompress} with the pool as a positional parameter, as in the original. */
export function decompressWithPool(
  data: Uint8Array,
  codec: CodecLike,
  pool: MemoryPool = globalMemoryPool,
): Uint8Array<ArrayBuffer> {
  return decompress(data, codec, { pool });
}

/** Returns bytes of memory of their own: Node's one-shot functions may return views of shared memory. */
function asOwn(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength &&
      bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes);
}
