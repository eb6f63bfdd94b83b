/** What keys look like, which tells records from bytes that happen to look like them. */

/** Keys with so much in common are alike; see {@linkcode likeness}. */
export const MIN_LIKENESS = 3;

/**
 * What keys have in common: bytes at their starts, and two for being as long.
 * Zeros do not count, as all numbers have them.
 */
export function likeness(a: Uint8Array, b: Uint8Array): number {
  let common = a.length === b.length ? 2 : 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) if (a[i] !== 0) common++;
  return common;
}

/**
 * Whether a key is likelier than one that is no text, by the example of one
 * nearby. Binary keys often look like records, but not like ones with such keys.
 */
export function isLikelier(
  key: Uint8Array | undefined,
  other: Uint8Array,
  example: Uint8Array,
): boolean {
  if (key === undefined) return false;
  if (isText(key) && isText(example)) return true;
  const common = likeness(key, example);
  return common >= MIN_LIKENESS && common > likeness(other, example);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Whether the bytes from `start` to `end` are text as keys are: not empty, UTF-8,
 * and without control characters.
 */
export function isText(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): boolean {
  let isAscii = true;
  for (let i = start; i < end; i++) {
    if (bytes[i] < 32 || bytes[i] === 127) return false;
    isAscii &&= bytes[i] < 128;
  }
  // Keys of ASCII, which most are, leave no garbage.
  if (isAscii) return end > start;
  try {
    return decoder.decode(bytes.subarray(start, end)).length > 0;
  } catch {
    return false;
  }
}
