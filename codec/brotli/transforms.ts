/** Operation: leaves the word unchanged. */
const IDENTITY = 0;
/** Operations 1 to 9 omit that many of the last bytes. */
const OMIT_LAST = 9;
const UPPERCASE_FIRST = 10;
const UPPERCASE_ALL = 11;
/** Operations 12 to 20 omit 1 to 9 of the first bytes. */
const OMIT_FIRST = 12;

/**
 * The 121 transforms of RFC 7932, Appendix B, in order, each as
 * `prefix|operation|suffix`. The operations: `=` leaves the word unchanged, `^`
 * converts its first letter to upper case and `^^` all letters, `-3` omits its
 * first three bytes and `3-` its last three. In prefixes and suffixes, `_` is a space,
 * `$` a newline, `~` a tab and `#` a no-break space.
 */
const TRANSFORMS = `
  |=| |=|_ _|=|_ |-1| |^|_ |=|_the_ _|=| s_|=|_ |=|_of_ |^| |=|_and_ |-2| |1-|
  ,_|=|_ |=|,_ _|^|_ |=|_in_ |=|_to_ e_|=|_ |=|" |=|. |=|"> |=|$ |3-| |=|]
  |=|_for_ |-3| |2-| |=|_a_ |=|_that_ _|^| |=|._ .|=| _|=|,_ |-4| |=|_with_
  |=|' |=|_from_ |=|_by_ |-5| |-6| _the_|=| |4-| |=|._The_ |^^| |=|_on_ |=|_as_
  |=|_is_ |7-| |1-|ing_ |=|$~ |=|: _|=|._ |=|ed_ |-9| |-7| |6-| |=|( |^|,_ |8-|
  |=|_at_ |=|ly_ _the_|=|_of_ |5-| |9-| _|^|,_ |^|" .|=|( |^^|_ |^|"> |=|="
  _|=|. .com/|=| _the_|=|_of_the_ |^|' |=|._This_ |=|, .|=|_ |^|( |^|. |=|_not_
  _|=|=" |=|er_ _|^^|_ |=|al_ _|^^| |=|=' |^^|" |^|._ _|=|( |=|ful_ _|^|._
  |=|ive_ |=|less_ |^^|' |=|est_ _|^|. |^^|"> _|=|=' |^|, |=|ize_ |^^|. #|=|
  _|=|, |^|=" |^^|=" |=|ous_ |^^|,_ |^|=' _|^|, _|^^|=" _|^^|,_ |^^|, |^^|(
  |^^|._ _|^^|. |^^|=' _|^^|._ _|^|=" _|^^|=' _|^|='
`;

/** Number of transforms. */
export const TRANSFORM_COUNT = 121;
/** Length of the longest transformed word. */
export const MAX_TRANSFORMED_LENGTH = 48;

const operations = new Uint8Array(TRANSFORM_COUNT);
/** All prefixes and suffixes, concatenated. */
let affixes = new Uint8Array(0);
/** Transform t has the prefix from 2t to 2t + 1 and the suffix from there to 2t + 2. */
const affixStarts = new Uint16Array(2 * TRANSFORM_COUNT + 1);

/** Fills the arrays above from the list, at first use. */
function parseTransforms(): void {
  const bytes: number[] = [];
  TRANSFORMS.trim().split(/\s+/).forEach((line, t) => {
    const [prefix, operation, suffix] = line.split("|");
    pushAffix(prefix, bytes);
    affixStarts[2 * t + 1] = bytes.length;
    pushAffix(suffix, bytes);
    affixStarts[2 * t + 2] = bytes.length;
    operations[t] = operation === "="
      ? IDENTITY
      : operation === "^"
      ? UPPERCASE_FIRST
      : operation === "^^"
      ? UPPERCASE_ALL
      : operation[0] === "-"
      ? OMIT_FIRST - 1 + Number(operation[1])
      : Number(operation[0]);
  });
  affixes = Uint8Array.from(bytes);
}

function pushAffix(affix: string, bytes: number[]): void {
  for (const character of affix) {
    if (character === "#") bytes.push(0xc2, 0xa0);
    else if (character === "_") bytes.push(32);
    else if (character === "$") bytes.push(10);
    else if (character === "~") bytes.push(9);
    else bytes.push(character.charCodeAt(0));
  }
}

/**
 * Applies `transform` to the word of `length` bytes at `from` of `words`, and writes
 * the result to `dst` at `at`, where there must be room for
 * {@linkcode MAX_TRANSFORMED_LENGTH} bytes.
 *
 * @returns The number of bytes written.
 */
export function transformWord(
  words: Uint8Array,
  from: number,
  length: number,
  transform: number,
  dst: Uint8Array,
  at: number,
): number {
  if (affixes.length === 0) parseTransforms();
  const operation = operations[transform];
  let first = from;
  let end = from + length;
  if (operation >= OMIT_FIRST) first += operation - OMIT_FIRST + 1;
  else if (operation <= OMIT_LAST) end -= operation;

  let op = at;
  const prefixStart = affixStarts[2 * transform];
  const suffixStart = affixStarts[2 * transform + 1];
  const suffixEnd = affixStarts[2 * transform + 2];
  for (let i = prefixStart; i < suffixStart; i++) dst[op++] = affixes[i];
  const wordStart = op;
  while (first < end) dst[op++] = words[first++];
  if (operation === UPPERCASE_FIRST) {
    upperCase(dst, wordStart, op);
  } else if (operation === UPPERCASE_ALL) {
    for (let i = wordStart; i < op;) i = upperCase(dst, i, op);
  }
  for (let i = suffixStart; i < suffixEnd; i++) dst[op++] = affixes[i];
  return op - at;
}

/**
 * Converts the UTF-8 character at `at` to upper case as the format defines it:
 * correct for ASCII, mostly correct for Latin, Greek and Cyrillic, arbitrary for
 * other characters.
 *
 * @returns The position of the next character.
 */
function upperCase(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0xc0) {
    if (lead >= 97 && lead <= 122) bytes[at] = lead ^ 32;
    return at + 1;
  }
  if (lead < 0xe0) {
    if (at + 1 < end) bytes[at + 1] ^= 32;
    return at + 2;
  }
  if (at + 2 < end) bytes[at + 2] ^= 5;
  return at + 3;
}
