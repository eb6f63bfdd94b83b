/**
 * The constants of RFC 7932: the codes of lengths (section 5), block counts (6) and
 * literal contexts (7.1).
 */

/** Number of insert-and-copy length symbols. */
export const COMMAND_SYMBOLS = 704;
/** Number of block count symbols. */
export const BLOCK_COUNT_SYMBOLS = 26;
/** Insert-and-copy length symbols below this one reuse the last distance. */
export const LAST_DISTANCE_COMMANDS = 128;

// A length code stands for a base value plus the value of some extra bits. The
// ranges are contiguous, so the numbers of extra bits determine the base values.
const INSERT_EXTRA = [
  ...[0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3],
  ...[4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24],
];
const COPY_EXTRA = [
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2],
  ...[3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24],
];
const BLOCK_COUNT_EXTRA = [
  ...[2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5],
  ...[5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24],
];

/** Lists `base | extraBits << 16` for each code. */
function lengthCodes(extras: number[], first: number): Int32Array {
  let base = first;
  return Int32Array.from(extras, (extra) => {
    const code = base | extra << 16;
    base += 1 << extra;
    return code;
  });
}

/** `base | extraBits << 16` of each block count symbol. */
export const BLOCK_COUNT: Int32Array = lengthCodes(BLOCK_COUNT_EXTRA, 1);

/** `base | extraBits << 16` of the insert length of each insert-and-copy length symbol. */
export const COMMAND_INSERT: Int32Array = new Int32Array(COMMAND_SYMBOLS);
/**
 * `base | extraBits << 16 | context << 24` of the copy length of each
 * insert-and-copy length symbol. The context (0 to 3, for copies of 2, 3, 4 and
 * more bytes) selects the prefix code of the distance.
 */
export const COMMAND_COPY: Int32Array = new Int32Array(COMMAND_SYMBOLS);

// The symbols form 11 cells of 8 insert codes by 8 copy codes. The first code of each cell:
const INSERT_CELLS = [0, 0, 0, 0, 8, 8, 0, 16, 8, 16, 16];
const COPY_CELLS = [0, 8, 0, 8, 0, 8, 16, 0, 16, 8, 16];
{
  const inserts = lengthCodes(INSERT_EXTRA, 0);
  const copies = lengthCodes(COPY_EXTRA, 2);
  for (let symbol = 0; symbol < COMMAND_SYMBOLS; symbol++) {
    const cell = symbol >> 6;
    const copyCode = COPY_CELLS[cell] + (symbol & 7);
    COMMAND_INSERT[symbol] = inserts[INSERT_CELLS[cell] + (symbol >> 3 & 7)];
    COMMAND_COPY[symbol] = copies[copyCode] | Math.min(copyCode, 3) << 24;
  }
}

/**
 * Literal contexts: for each of the four context modes, 256 values for the last
 * byte and 256 for the byte before it. The context is the bitwise or of the two.
 */
export const CONTEXT_LOOKUP: Uint8Array = new Uint8Array(4 * 512);

// The class of the last byte in UTF-8 mode, for the 96 characters from space on:
// "a" is 8, "b" is 12, and so on in steps of four.
const UTF8_CLASSES = "abcbbdbcefbbgbhb" + "jjjjjjjjjjggeifb" +
  "bklllklllklllllk" + "lllllklllllebfbb" +
  "bmnnnmnnnmnnnnnm" + "nnnnnmnnnnnebfb";
{
  const LSB6 = 0, MSB6 = 512, UTF8 = 1024, SIGNED = 1536, SECOND = 256;
  for (let byte = 0; byte < 256; byte++) {
    CONTEXT_LOOKUP[LSB6 + byte] = byte & 63;
    CONTEXT_LOOKUP[MSB6 + byte] = byte >> 2;
    // The byte as a signed number, in eight steps.
    const step = byte === 0
      ? 0
      : byte < 16
      ? 1
      : byte < 64
      ? 2
      : byte < 128
      ? 3
      : byte < 192
      ? 4
      : byte < 240
      ? 5
      : byte < 255
      ? 6
      : 7;
    CONTEXT_LOOKUP[SIGNED + byte] = step << 3;
    CONTEXT_LOOKUP[SIGNED + SECOND + byte] = step;
    // Continuation bytes get 0 and 1, lead bytes 2 and 3, by their lowest bit. Of
    // the byte before the last, only lead bytes of three and more bytes count.
    if (byte >= 128) CONTEXT_LOOKUP[UTF8 + byte] = byte >> 5 & 2 | byte & 1;
    if (byte >= 224) CONTEXT_LOOKUP[UTF8 + SECOND + byte] = 2;
  }
  for (const blank of [9, 10, 13]) CONTEXT_LOOKUP[UTF8 + blank] = 4;
  for (let i = 0; i < UTF8_CLASSES.length; i++) {
    const group = UTF8_CLASSES.charCodeAt(i) - 95;
    CONTEXT_LOOKUP[UTF8 + 32 + i] = 4 * group;
    // The byte before the last has three classes: lower case letters, other letters
    // and digits, anything else but spaces.
    const before = group > 13 ? 3 : group > 10 ? 2 : i > 0 ? 1 : 0;
    CONTEXT_LOOKUP[UTF8 + SECOND + 32 + i] = before;
  }
}
