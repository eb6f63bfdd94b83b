/** Keys that end with a number, or with a number and more: `page-17`, `doc/0017.txt`. */

const ZERO = 48;

/** More digits are not exact as a number. */
const MAX_DIGITS = 15;

/** Where the last number of a key is. */
function lastNumber(key: Uint8Array): { start: number; end: number } {
  let end = key.length;
  while (end > 0 && !isDigit(key[end - 1])) end--;
  let start = end;
  while (start > 0 && isDigit(key[start - 1])) start--;
  return { start, end };
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

/**
 * How far one key counts on from another.
 *
 * @returns The difference of their last numbers, or NaN if they differ in
 * anything else, or have none.
 */
export function countOn(from: Uint8Array, to: Uint8Array): number {
  const a = lastNumber(from);
  const b = lastNumber(to);
  if (
    a.start !== b.start || from.length - a.end !== to.length - b.end
  ) return NaN;
  for (let i = 0; i < a.start; i++) if (from[i] !== to[i]) return NaN;
  for (let i = a.end, j = b.end; i < from.length; i++, j++) {
    if (from[i] !== to[j]) return NaN;
  }
  return numberIn(to, b) - numberIn(from, a);
}

function numberIn(
  key: Uint8Array,
  { start, end }: { start: number; end: number },
): number {
  if (start === end || end - start > MAX_DIGITS) return NaN;
  let number = 0;
  for (let i = start; i < end; i++) number = number * 10 + key[i] - ZERO;
  return number;
}
