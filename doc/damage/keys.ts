/** What tells keys from other bytes: text, likeness to a known key, and numbering. */

/** Text and other keys in one file are rare, so this outweighs everything else. */
const SAME_KIND = 100;

/**
 * How much a key resembles another: the nonzero bytes of their common prefix,
 * plus 2 if both have the same length, plus 100 if both are text or neither is.
 */
export function likeness(a: Uint8Array, b: Uint8Array): number {
  let common = a.length === b.length ? 2 : 0;
  if (isText(a) === isText(b)) common += SAME_KIND;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) if (a[i] !== 0) common++;
  return common;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Whether bytes from `start` to `end` are nonempty UTF-8 without control characters. */
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
  // ASCII, the common case, allocates nothing.
  if (isAscii) return end > start;
  try {
    return decoder.decode(bytes.subarray(start, end)).length > 0;
  } catch {
    return false;
  }
}

const latin1 = new TextDecoder("latin1");

/**
 * The difference between the last numbers of two keys that are equal otherwise,
 * such as 2 for `page-7` and `page-9`; NaN for other keys.
 */
export function countFrom(a: Uint8Array, b: Uint8Array): number {
  const [from, to] = [a, b].map((key) =>
    latin1.decode(key).match(/^(.*?)(\d{1,15})(\D*)$/s)
  );
  return from?.[1] === to?.[1] && from?.[3] === to?.[3]
    ? Number(to?.[2]) - Number(from?.[2])
    : NaN;
}
