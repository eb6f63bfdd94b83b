/**
 * Prefix codes as tables. The next bits of the input index a root table; longer
 * codes continue in a second-level table.
 *
 * An entry is `symbol << 4 | length`. A root entry whose length exceeds
 * {@linkcode ROOT_BITS} points to a second-level table instead: it is
 * `start << 4 | ROOT_BITS + bits`, where `start` is relative to the root table and
 * `bits` is the number of bits that index the second-level table. The entries of
 * that table have the length of the whole code.
 */

/** Number of bits that index the root table. */
export const ROOT_BITS = 8;
/** Size of the root table. */
export const ROOT_SIZE = 256;
/** Length of the longest prefix code, in bits. */
export const MAX_CODE_LENGTH = 15;
/**
 * Most entries of a table: the root and the second-level tables of a complete code
 * of 704 symbols of up to 15 bits.
 */
export const MAX_TABLE_SIZE = 1080;

/**
 * Builds the table of a complete prefix code in `table` from `base` on.
 *
 * @param counts Number of codes of each length. All zero afterwards.
 * @param symbols The symbols, sorted by length and then by value.
 * @param rootBits {@linkcode ROOT_BITS}, or less if no code is longer than that.
 * @returns The number of entries.
 */
export function buildTable(
  table: Uint16Array,
  base: number,
  counts: Uint16Array,
  symbols: Uint16Array,
  rootBits: number,
): number {
  const rootSize = 1 << rootBits;
  let size = rootSize;
  /** The code with its first bit lowest, as in the bit reader. */
  let code = 0;
  let next = 0;
  let length = 1;
  for (; length <= rootBits; length++) {
    const stride = 1 << length;
    for (let n = counts[length]; n > 0; n--) {
      const entry = symbols[next++] << 4 | length;
      for (let i = code; i < rootSize; i += stride) table[base + i] = entry;
      code = nextCode(code, length);
    }
    counts[length] = 0;
  }
  let prefix = -1;
  let start = 0;
  let subSize = 0;
  for (; length <= MAX_CODE_LENGTH; length++) {
    const stride = 1 << length - rootBits;
    for (; counts[length] > 0; counts[length]--) {
      if ((code & rootSize - 1) !== prefix) {
        // Codes come in order, so those with the same first bits are neighbors and
        // fill one second-level table.
        prefix = code & rootSize - 1;
        start = size;
        let bits = length - rootBits;
        let room = (1 << bits) - counts[length];
        while (room > 0) room = 2 * room - counts[++bits + rootBits];
        subSize = 1 << bits;
        size += subSize;
        table[base + prefix] = start << 4 | rootBits + bits;
      }
      const entry = symbols[next++] << 4 | length;
      for (let i = code >> rootBits; i < subSize; i += stride) {
        table[base + start + i] = entry;
      }
      code = nextCode(code, length);
    }
  }
  return size;
}

/** Adds one to a code of `length` bits, whose most significant bit is the lowest one. */
function nextCode(code: number, length: number): number {
  let bit = 1 << length - 1;
  while ((code & bit) !== 0) bit >>= 1;
  return bit === 0 ? 0 : (code & bit - 1) | bit;
}
