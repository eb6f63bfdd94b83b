/**
 * The bzip2 format, and the numbers that its encoder and decoder share.
 *
 * A bzip2 file is one or more streams. All numbers are written with the most
 * significant bit first, and only the end of a stream is padded to a full byte:
 *
 * ```
 * stream := "BZh" level:"1".."9"  block*  0x177245385090  streamCrc:32  pad
 * block  := 0x314159265359  blockCrc:32  randomized:1  origPtr:24
 *           bytesInUse  tableCount:3  selectorCount:15  selector*  table*  symbol*
 * ```
 *
 * Compressing a block takes these steps; decompressing reverses them:
 *
 * 1. **RLE1**: a count (0 to 255) of further equal bytes follows four equal bytes.
 * 2. **BWT** (Burrows-Wheeler transform): sort all rotations of the block; keep the
 *    last byte of each, and `origPtr`, the row of the block itself. Bytes with the
 *    same right-hand context become neighbors, so the result is full of runs.
 * 3. **MTF** (move to front): replace each byte by its index in a list of
 *    recently used bytes. Runs become zeros, and most indexes are small.
 * 4. **RLE2**: write the length of each run of zeros in bijective base 2 with the
 *    digits RUNA (1) and RUNB (2). Index i becomes symbol i + 1, and one more
 *    symbol (EOB) ends the block.
 * 5. **Huffman**: encode 50 symbols at a time with one of up to six tables. The
 *    selectors say which.
 */

/** Name of the codec in errors. */
export const CODEC = "bzip2";

/** Largest RLE1 output of a block per level, in bytes; 900,000 at level 9. */
export const BLOCK_UNIT = 100_000;

/** Upper half of the 48 bits that begin a block (digits of pi). */
export const BLOCK_MAGIC_HIGH = 0x314159;
/** Lower half; see {@linkcode BLOCK_MAGIC_HIGH}. */
export const BLOCK_MAGIC_LOW = 0x265359;
/** Upper half of the 48 bits that end a stream (digits of the square root of pi). */
export const END_MAGIC_HIGH = 0x177245;
/** Lower half; see {@linkcode END_MAGIC_HIGH}. */
export const END_MAGIC_LOW = 0x385090;

/** A digit of run lengths in RLE2. */
export const RUNA = 0;
/** See {@linkcode RUNA}. */
export const RUNB = 1;

/** RUNA, RUNB, the MTF indexes 1 to 255, and EOB. */
export const MAX_ALPHABET = 258;
/** Symbols per selector. */
export const GROUP_SIZE = 50;
/** Most Huffman tables of a block. */
export const MAX_TABLES = 6;
/** Equal bytes before a count of RLE1. */
export const RUN_THRESHOLD = 4;

/**
 * Returns the new size of a buffer of `current` bytes that has to hold `needed`: at
 * least half as much again, so that growing is rare, but no more than `limit`
 * unless `needed` is.
 */
export function grownSize(
  current: number,
  needed: number,
  limit: number,
): number {
  const roomy = Math.max(needed, current + (current >> 1), 1024);
  return Math.max(needed, Math.min(roomy, limit));
}
