/** Output whose size is known only once it is written: its bounds and limits. */
import { checkInteger } from "../pool/check.ts";
import { findCodec } from "./codecs.ts";
import type { Decompressor } from "./engine.ts";
import { CodecError, OutputLimitError } from "./errors.ts";
import type { CodecLike } from "./names.ts";

/**
 * Largest decompressed document, in bytes, unless the caller sets a limit: 1 GiB,
 * the largest content that a record of a bin file may have.
 */
export const MAX_DOCUMENT_SIZE = 0x4000_0000;

/** Smallest buffer that {@linkcode tryDecompress} asks for, in bytes. */
const MIN_ROOM = 1024;

/**
 * An upper bound on the compressed size of a document of `size` bytes, for any
 * codec. It includes the spare byte that some engines need to know that
 * everything fitted.
 *
 * Each document has a header of its own, so a slab for several documents needs
 * the sum of their bounds, not the bound of their sum.
 *
 * @throws {OptionError} `size` is not 0 or a positive integer.
 */
export function maxCompressedSize(size: number): number {
  checkInteger("size", size, 0);
  // bzip2 expands most: by 1% and 600 bytes.
  return size + Math.ceil(size / 64) + 1024;
}

/**
 * Returns `size`, the result of a compressor that was given
 * {@linkcode maxCompressedSize} bytes for an input of `inputSize` bytes.
 *
 * @throws {CodecError} The output did not fit: a fault of the engine, which must
 * not become a damaged record.
 */
export function fitting(
  size: number | undefined,
  codec: CodecLike,
  inputSize: number,
): number {
  if (size !== undefined) return size;
  const { name } = findCodec(codec);
  throw new CodecError(
    name,
    `Cannot compress ${inputSize} bytes with ${name}: the output exceeds the codec's upper bound`,
  );
}

/**
 * Decompresses into a buffer that may be too small: one step of a loop that
 * grows the buffer. The caller owns the buffer and decides how to replace it.
 *
 * ```ts ignore
 * let size: number;
 * while ((size = tryDecompress(decompressor, codec, maxSize, src, 0, src.length, buffer, 0)) < 0) {
 *   buffer = new Uint8Array(-size);
 * }
 * ```
 *
 * @returns The size of the output in bytes. If it did not fit, the negated
 * number of bytes that there should be after `offset` for the next attempt:
 * twice as many as there were, whatever the data claims to need.
 * @throws {OutputLimitError} The output exceeds `maxSize` bytes.
 * @throws {CorruptDataError} As {@linkcode Decompressor.decompress}.
 */
export function tryDecompress(
  decompressor: Decompressor,
  codec: CodecLike,
  maxSize: number,
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  offset: number,
): number {
  const size = decompressor.decompress(src, dst, offset, start, end);
  const room = dst.length - offset;
  // Output that does not fit is larger than the room for it.
  if ((size ?? room) > maxSize) {
    throw new OutputLimitError(findCodec(codec).name, maxSize);
  }
  return size ?? -Math.min(Math.max(2 * room, MIN_ROOM), maxSize + 1);
}
