/** Bytes: checks, ranges, copies, and little-endian integers. */
import { invalidArgument } from "../pool/check.ts";

/**
 * Checks that an argument is a `Uint8Array`. Strings and other arrays have a
 * length, too, and would be read as zeros or cut to bytes.
 *
 * @param name Name of the parameter, or of the property.
 * @throws {TypeError} It is not.
 */
export function checkBytes(
  value: unknown,
  name: string,
): asserts value is Uint8Array {
  if (value instanceof Uint8Array || isForeignUint8Array(value)) return;
  const remedy = typeof value === "string"
    ? ". Encode it with TextEncoder."
    : value instanceof ArrayBuffer
    ? ". Wrap it in new Uint8Array()."
    : "";
  throw invalidArgument(name, value, "a Uint8Array", remedy);
}

/** Whether a value is a `Uint8Array` of another realm, such as a frame or a `node:vm` context. */
function isForeignUint8Array(value: unknown): boolean {
  return ArrayBuffer.isView(value) &&
    (value as Uint8Array)[Symbol.toStringTag] === "Uint8Array";
}

/** Returns the bytes from `start` to `end`: `bytes` itself if that is all of them, else a view. */
export function range(
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  return start === 0 && end === bytes.length
    ? bytes
    : bytes.subarray(start, end);
}

/** Concatenates `parts` in new memory. */
export function concatenate(
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Returns a buffer for `size` bytes that begins with the first `count` bytes of
 * `buffer`: `buffer` itself if it is large enough, else one of at least twice the
 * size, but no more than `maximum` unless `size` is.
 */
export function withRoom(
  buffer: Uint8Array,
  count: number,
  size: number,
  maximum: number,
): Uint8Array {
  if (size <= buffer.length) return buffer;
  const larger = new Uint8Array(
    Math.max(size, Math.min(buffer.length * 2, maximum)),
  );
  larger.set(buffer.subarray(0, count));
  return larger;
}

/** Reads an unsigned 16-bit little-endian integer. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8;
}

/** Reads a signed 32-bit little-endian integer. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
    bytes[at + 3] << 24;
}

/** Reads an unsigned 32-bit little-endian integer. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0;
}

/** Writes a 32-bit little-endian integer. */
export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
