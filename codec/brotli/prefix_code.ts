/**
 * Prefix codes as tables. The lowest bits of what is to be read index a root
 * table; codes longer than that continue in a second-level table.
 *
 * An entry is `symbol << 4 | length`. A root entry whose length exceeds
 * {@linkcode ROOT_BITS} points to a second-level table instead: it is
 * `start << 4 | ROOT_BITS + bits`, where `start` counts from the root table's start
 * and `bits` is how many more bits index the second-level table, whose entries
 * hold the whole length of the code again.
 */

/** Number of bits that index the root table. */
export const ROOT_BITS = 8;
/** Size of the root table. */
export const ROOT_SIZE = 256;
/** No prefix code is longer. */
export const MAX_CODE_LENGTH = 15;
/**
 * The most entries a table can have: the root and the second-level tables of a
 * complete code of 704 symbols of up to 15 bits.
 */
export const MAX_TABLE_SIZE = 1080;

/**
 * Builds the table of a complete prefix code in `table` from `base` on.
 *
 * @param counts Number of codes of each length. Used up: all zero afterwards.
 * @param symbols The symbols, sorted by length and then by value.
 * @param rootBits {@linkcode ROOT_BITS}, or less for a table that is known to
 * have no longer code.
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
  /** The code, its first bit lowest, as it appears in the bit reader. */
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
        // Complete codes come in order, so those that share their first bits
        // are neighbours and fill one second-level table.
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

/** Adds one to a code of `length` bits whose first, most significant bit is the lowest. */
function nextCode(code: number, length: number): number {
  let bit = 1 << length - 1;
  while ((code & bit) !== 0) bit >>= 1;
  return bit === 0 ? 0 : (code & bit - 1) | bit;
}
