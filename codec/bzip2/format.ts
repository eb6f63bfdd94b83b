/**
 * What both directions of the bzip2 codec share: the numbers of the format and
 * its checksum.
 *
 * A bzip2 file is one stream or several, one after the other. All numbers are
 * written most significant bit first, and only a stream as a whole is padded
 * to full bytes:
 *
 * ```
 * stream := "BZh" level:"1".."9"  block*  0x177245385090  streamCrc:32  pad
 * block  := 0x314159265359  blockCrc:32  randomised:1  origPtr:24
 *           bytesInUse  tableCount:3  selectorCount:15  selector*  table*  symbol*
 * ```
 *
 * Compressing a block takes these steps, and decompressing undoes them in the
 * opposite order:
 *
 * 1. **RLE1**: four equal bytes in a row are followed by a count (0 to 255) of
 *    further ones.
 * 2. **BWT** (Burrows-Wheeler transform): sort all rotations of the block and
 *    keep the last byte of each, and `origPtr`, the row in which the block
 *    itself came to stand. Bytes with the same right-hand context end up side
 *    by side, so the result is full of runs and of few different bytes at a time.
 * 3. **MTF** (move to front): replace each byte by its index in a list of
 *    recently used ones. Runs become zeros, and most indexes are small.
 * 4. **RLE2**: write the length of each run of zeros in bijective base 2 with
 *    two digits of their own, RUNA (1) and RUNB (2). Index i becomes symbol i + 1,
 *    and one symbol more (EOB) ends the block.
 * 5. **Huffman**: 50 symbols at a time, with one of up to six tables. The
 *    selectors say which.
 */

/** The codec's name in errors. */
export const CODEC = "bzip2";

/** Bytes of RLE1 output that a block holds per level; level 9 means 900,000. */
export const BLOCK_UNIT = 100_000;

/** Upper and lower half of the 48 bits before each block (the digits of pi). */
export const BLOCK_MAGIC_HIGH = 0x314159;
/** See {@linkcode BLOCK_MAGIC_HIGH}. */
export const BLOCK_MAGIC_LOW = 0x265359;
/** Upper and lower half of the 48 bits that end a stream (the root of pi). */
export const END_MAGIC_HIGH = 0x177245;
/** See {@linkcode END_MAGIC_HIGH}. */
export const END_MAGIC_LOW = 0x385090;

/** Run length digits of RLE2. */
export const RUNA = 0;
/** See {@linkcode RUNA}. */
export const RUNB = 1;

/** RUNA, RUNB, the MTF indexes 1 to 255, and EOB. */
export const MAX_ALPHABET = 258;
/** Symbols that share one selector. */
export const GROUP_SIZE = 50;
/** Huffman tables in a block. */
export const MAX_TABLES = 6;
/** Equal bytes that RLE1 writes before a count. */
export const RUN_THRESHOLD = 4;

/**
 * `CRC_TABLES[k * 256 + b]` is the checksum of byte `b` followed by `k` zero
 * bytes, so that four bytes can be looked up independently of each other.
 */
const CRC_TABLES = makeCrcTables();

function makeCrcTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    }
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256];
    tables[i] = (shorter << 8) ^ tables[shorter >>> 24];
  }
  return tables;
}

/**
 * Continues `crc` over `bytes[from..to)`. A block's checksum begins with -1 and
 * is inverted at its end.
 *
 * This is the CRC-32 of Ethernet and gzip, except that bits go in most
 * significant first.
 */
export function updateCrc(
  crc: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const tables = CRC_TABLES;
  let i = from;
  for (const end = to - 3; i < end; i += 4) {
    crc ^= bytes[i] << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 |
      bytes[i + 3];
    crc = tables[768 + (crc >>> 24)] ^ tables[512 + (crc >>> 16 & 255)] ^
      tables[256 + (crc >>> 8 & 255)] ^ tables[crc & 255];
  }
  for (; i < to; i++) {
    crc = crc << 8 ^ tables[crc >>> 24 ^ bytes[i]];
  }
  return crc;
}

/** Continues a stream's checksum with that of its next block. */
export function combineCrc(streamCrc: number, blockCrc: number): number {
  return (streamCrc << 1 | streamCrc >>> 31) ^ blockCrc;
}

/**
 * The size to which a buffer should grow so that it holds `needed`: at least
 * half as much again as it has, so that growing stays rare, but no more than
 * `limit` unless `needed` is.
 */
export function grownSize(
  current: number,
  needed: number,
  limit: number,
): number {
  const roomy = Math.max(needed, current + (current >> 1), 1024);
  return Math.max(needed, Math.min(roomy, limit));
}
