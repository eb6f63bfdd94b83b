/**
 * The LZ4 block format, and what its compressors and decompressors share.
 *
 * A block is a list of *sequences*. A sequence has *literals*, bytes to copy from
 * the block itself, and a *match*, bytes to copy from earlier output:
 *
 * ```text
 * token          1 byte: literal length (high 4 bits), match length - 4 (low)
 * more length    only when the literal length in the token is 15: bytes that
 *                are added to it, up to and including the first that is not 255
 * literals       as many bytes as that length says
 * offset         2 bytes, little-endian: how far back the match begins, 1..65535
 * more length    only when the match length in the token is 15, as above
 * ```
 *
 * The last sequence ends after its literals. A match may overlap its own output:
 * offset 1 repeats the last byte. The last 5 bytes of a block are always literals
 * and no match begins in the last 12 bytes, so that decompressors can copy
 * several bytes at a time.
 *
 * All positions are positions in a whole `ArrayBuffer`: one `DataView` of the
 * buffer serves all documents in it, while a view of each document would be an
 * allocation per document.
 */

/** Largest distance of a match. */
export const MAX_OFFSET = 65535;
/** Length of the shortest match. */
export const MIN_MATCH = 4;
/** Bytes at the end of a block that are always literals. */
export const LAST_LITERALS = 5;
/** Bytes at the end of a block in which no match begins. */
export const MATCH_FREE_END = 12;

/** Result of a {@linkcode BlockDecompressor}: the output exceeds its limit. */
export const DOES_NOT_FIT = -1;
/** Result of a {@linkcode BlockDecompressor}: the block ends within a sequence. */
export const TRUNCATED = -2;
/** Result of a {@linkcode BlockDecompressor}: a match with offset 0. */
export const ZERO_OFFSET = -3;
/** Result of a {@linkcode BlockDecompressor}: a match begins before the first byte. */
export const OFFSET_TOO_FAR = -4;

/** The largest position that these functions can handle. */
export const MAX_POSITION = 0x7fffffff;

/**
 * Two views of one buffer: as bytes, and as 32-bit words at any position. They are
 * kept while successive arrays share the buffer.
 */
export class BufferViews {
  /** The bytes. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same memory, to load and store several bytes at once. */
  view: DataView = new DataView(this.bytes.buffer);
  #buffer: ArrayBufferLike = this.bytes.buffer;

  /**
   * Switches to the buffer of `array`.
   *
   * @returns The position of the first byte of `array`.
   */
  show(array: Uint8Array): number {
    const { buffer, byteOffset } = array;
    if (byteOffset + array.length > MAX_POSITION) {
      // Positions must stay below 2^31, so the views cover this part of the buffer only.
      const length = Math.min(array.length, MAX_POSITION);
      this.bytes = new Uint8Array(buffer, byteOffset, length);
      this.view = new DataView(buffer, byteOffset, length);
      this.#buffer = NO_BUFFER;
      return 0;
    }
    if (buffer !== this.#buffer) {
      this.bytes = new Uint8Array(buffer);
      this.view = new DataView(buffer);
      this.#buffer = buffer;
    }
    return byteOffset;
  }
}

const NO_BUFFER = new ArrayBuffer(0);

/** Compresses blocks. Its tables are reused from block to block. */
export interface BlockCompressor {
  /**
   * Compresses the bytes `from`..`to` of `src` into `dst` at position `at`,
   * writing nothing at or after `limit`.
   *
   * @returns The position after the last byte, or -1 if it does not fit.
   */
  compressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
  ): number;
}

/** Decompresses blocks. */
export interface BlockDecompressor {
  /**
   * Decompresses the block `from`..`to` of `src` into `dst` at position `at`,
   * writing nothing at or after `limit`. Matches may begin at `low` or later.
   *
   * @returns The position after the last byte, or {@linkcode DOES_NOT_FIT},
   * {@linkcode TRUNCATED}, {@linkcode ZERO_OFFSET} or {@linkcode OFFSET_TOO_FAR}.
   */
  decompressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
    low: number,
  ): number;
}

/** Copies `length` bytes between buffers. */
export function copyBytes(
  src: BufferViews,
  from: number,
  dst: BufferViews,
  at: number,
  length: number,
): void {
  const { bytes: s, view: sv } = src, { bytes: d, view: dv } = dst;
  let i = 0;
  for (const last = length - 8; i <= last; i += 8) {
    dv.setInt32(at + i, sv.getInt32(from + i, true), true);
    dv.setInt32(at + i + 4, sv.getInt32(from + i + 4, true), true);
  }
  for (; i < length; i++) d[at + i] = s[from + i];
}
