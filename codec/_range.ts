/** The bytes from `start` to `end`: `bytes` itself when that is all of them, else a view. */
export function range(
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  return start === 0 && end === bytes.length
    ? bytes
    : bytes.subarray(start, end);
}
