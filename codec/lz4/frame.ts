/**
 * The LZ4 frame format: what surrounds the blocks.
 *
 * ```text
 * magic number     4 bytes: 04 22 4D 18
 * flags            1 byte: version and optional fields, see FLAG_…
 * block maximum    1 byte: largest content of a block (bits 4..6)
 * content size     8 bytes, when flagged
 * dictionary id    4 bytes, when flagged
 * header checksum  1 byte: second byte of the XXH32 of flags .. dictionary id
 * blocks           each 4 bytes of size (highest bit: stored uncompressed),
 *                  the data, and when flagged 4 bytes of XXH32 of the data
 * end mark         4 bytes: 00 00 00 00
 * content checksum 4 bytes, when flagged: XXH32 of the uncompressed content
 * ```
 *
 * All numbers are little-endian. Several frames can follow each other, with
 * skippable frames between them: a magic number 50..5F 2A 4D 18, 4 bytes of size,
 * and that many bytes of application data.
 */

import { readUint32 } from "../bytes.ts";
import { CodecError, CorruptDataError } from "../errors.ts";
import { xxh32 } from "../checksum/xxh32.ts";
import { LZ4_MAGIC, SKIPPABLE_MAGIC } from "../magic.ts";
import {
  type BufferViews,
  MAX_POSITION,
  OFFSET_TOO_FAR,
  TRUNCATED,
  ZERO_OFFSET,
} from "./block.ts";

/** The magic number of a frame as a little-endian number. */
export const MAGIC_NUMBER: number = readUint32(Uint8Array.from(LZ4_MAGIC), 0);
const LEGACY_MAGIC = 0x184c2102;

const FLAG_VERSION = 0x40;
const VERSION_MASK = 0xc0;
const FLAG_INDEPENDENT_BLOCKS = 0x20;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_RESERVED = 0x02;
const FLAG_DICTIONARY = 0x01;

/** Bit of a block's size: its data is not compressed. */
export const STORED = 0x80000000;

/** Size of a header without optional fields, the only kind that is written. */
export const HEADER_SIZE = 7;
/** Size of end mark and content checksum. */
export const TRAILER_SIZE = 8;
/** Size of the largest header. */
export const MAX_HEADER_SIZE = 19;

/** The block maximum of a number in the header: 4 is 64 KiB, 7 is 4 MiB. */
export function blockMaximum(id: number): number {
  return 1 << (8 + 2 * id);
}

/** The number of the smallest block maximum that holds `length` bytes, or of the largest. */
export function blockMaximumId(length: number): number {
  let id = 4;
  while (id < 7 && length > blockMaximum(id)) id++;
  return id;
}

/** The flags of the frames that are written. */
export const FLAGS: number = FLAG_VERSION | FLAG_INDEPENDENT_BLOCKS |
  FLAG_CONTENT_CHECKSUM;

/** The header of a frame. One object serves any number of frames. */
export class FrameHeader {
  /** Bytes to skip in a skippable frame; -1 for other frames. */
  skip = -1;
  /** Whether matches can begin in earlier blocks. */
  linked = false;
  /** Whether a checksum follows each block. */
  blockChecksum = false;
  /** Whether the checksum of the content follows the end mark. */
  contentChecksum = false;
  /** Size of the content, or -1 if it is not in the header. */
  contentSize = -1;
  /** Largest content of a block. */
  blockMaximum = 0;

  /**
   * Reads and checks the header at `at`.
   *
   * @param ordinal Number of earlier frames, for the error message.
   * @returns Its size; if it is incomplete at `end`, the negated number of bytes
   * that it has at least.
   * @throws {CorruptDataError} There is no valid header at `at`.
   */
  read(src: BufferViews, at: number, end: number, ordinal: number): number {
    const { bytes, view } = src;
    const available = end - at;
    if (available < 4) return -4;
    const magic = view.getInt32(at, true);
    this.skip = -1;
    if ((magic & ~0xf) === SKIPPABLE_MAGIC) {
      if (available < 8) return -8;
      this.skip = view.getUint32(at + 4, true);
      return 8;
    }
    if (magic !== MAGIC_NUMBER) throw notAFrame(magic, ordinal);
    if (available < HEADER_SIZE) return -HEADER_SIZE;
    const flags = bytes[at + 4];
    const maximum = bytes[at + 5];
    if ((flags & VERSION_MASK) !== FLAG_VERSION) {
      throw corrupt(`unknown frame version ${flags >> 6}`);
    }
    if ((flags & FLAG_RESERVED) !== 0 || (maximum & 0x8f) !== 0) {
      throw corrupt("reserved bits of the frame header are set");
    }
    if (maximum < 4 << 4) {
      throw corrupt(
        `invalid block maximum ${maximum >> 4} in the frame header`,
      );
    }
    let size = HEADER_SIZE;
    if ((flags & FLAG_CONTENT_SIZE) !== 0) size += 8;
    if ((flags & FLAG_DICTIONARY) !== 0) size += 4;
    if (available < size) return -size;
    const checksum = xxh32(view, at + 4, at + size - 1) >> 8 & 0xff;
    if (checksum !== bytes[at + size - 1]) {
      throw corrupt("the frame header does not match its checksum");
    }
    if ((flags & FLAG_DICTIONARY) !== 0) {
      const id = view.getUint32(at + size - 5, true);
      throw corrupt(
        `it needs dictionary ${id}, and dictionaries are not supported`,
      );
    }
    this.linked = (flags & FLAG_INDEPENDENT_BLOCKS) === 0;
    this.blockChecksum = (flags & FLAG_BLOCK_CHECKSUM) !== 0;
    this.contentChecksum = (flags & FLAG_CONTENT_CHECKSUM) !== 0;
    this.blockMaximum = blockMaximum(maximum >> 4);
    this.contentSize = (flags & FLAG_CONTENT_SIZE) === 0
      ? -1
      : view.getUint32(at + 6, true) +
        view.getUint32(at + 10, true) * 0x100000000;
    return size;
  }
}

/** Returns the size of a block's data from its size field. */
export function blockDataSize(word: number, header: FrameHeader): number {
  const size = word & ~STORED;
  if (size > header.blockMaximum) {
    throw corrupt(
      `a block of ${size} bytes exceeds the block maximum of ${header.blockMaximum}`,
    );
  }
  return size;
}

/** The error about corrupt data. */
export function corrupt(reason: string): CorruptDataError {
  return new CorruptDataError("lz4", reason);
}

/** The error about data that ends within or before a part. */
export function truncated(part: string): CorruptDataError {
  return corrupt(`unexpected end of data in ${part}`);
}

/** The error about data of which `available` bytes are left for the header of a frame. */
export function truncatedHeader(
  available: number,
  ordinal: number,
): CorruptDataError {
  if (ordinal === 0 && available === 0) {
    return corrupt("unexpected end of data (it is empty)");
  }
  return ordinal > 0 && available < 4
    ? corrupt("a frame is followed by bytes that are not an LZ4 frame")
    : truncated("a frame header");
}

/** The error about the negative result of a block decompressor. */
export function corruptBlock(
  result: number,
  header: FrameHeader,
): CorruptDataError {
  switch (result) {
    case TRUNCATED:
      return corrupt("a block ends within a sequence");
    case ZERO_OFFSET:
      return corrupt("a match with offset 0");
    case OFFSET_TOO_FAR:
      return corrupt("a match begins before the first byte");
    default:
      return corrupt(
        `a block has more content than the ${header.blockMaximum} bytes allowed by its frame`,
      );
  }
}

function notAFrame(magic: number, ordinal: number): CorruptDataError {
  if (magic === LEGACY_MAGIC) {
    return corrupt(
      "it has the legacy frame format; recompress it with a current lz4",
    );
  }
  return corrupt(
    ordinal === 0
      ? "it does not begin with an LZ4 frame"
      : "a frame is followed by bytes that are not an LZ4 frame",
  );
}

/** Throws if the checksum of the content does not match. */
export function checkContent(computed: number, stored: number): void {
  if (computed !== stored) {
    throw corrupt("the content does not match its checksum");
  }
}

/** Throws if the size of the content is not the one in the header. */
export function checkContentSize(header: FrameHeader, size: number): void {
  if (header.contentSize >= 0 && header.contentSize !== size) {
    throw corrupt(
      `corrupt size field: ${size} bytes of content instead of ${header.contentSize}`,
    );
  }
}

/** The error about more data than positions can address. */
export function tooLong(length: number): CodecError {
  return new CodecError(
    "lz4",
    `Cannot process ${length} bytes of lz4 data at once: the limit is ${MAX_POSITION}. Use a stream instead.`,
  );
}
