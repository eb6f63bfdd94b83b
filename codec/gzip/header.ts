import { CorruptDataError } from "../errors.ts";

/** Bits of the flags byte (RFC 1952, 2.3.1). */
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED = 0xe0;

/** Bytes of the fixed part of a member's header. */
const FIXED_HEADER_SIZE = 10;

/** Bytes of a member's trailer: CRC-32 and size, both little-endian. */
export const TRAILER_SIZE = 8;

/**
 * Finds the end of the gzip member header that starts at `start`.
 *
 * @returns The offset of the compressed data, or -1 when the header is not
 * complete yet.
 * @throws {CorruptDataError} It is no gzip header.
 */
export function endOfGzipHeader(bytes: Uint8Array, start: number): number {
  if (bytes.length - start < FIXED_HEADER_SIZE) return -1;
  if (
    bytes[start] !== 0x1f || bytes[start + 1] !== 0x8b || bytes[start + 2] !== 8
  ) {
    throw new CorruptDataError("gzip", "a member has no gzip header");
  }
  const flags = bytes[start + 3];
  if (flags & RESERVED) {
    throw new CorruptDataError("gzip", "a header has reserved flags");
  }
  let at = start + FIXED_HEADER_SIZE;
  if (flags & FEXTRA) {
    if (at + 2 > bytes.length) return -1;
    at += 2 + bytes[at] + bytes[at + 1] * 256;
  }
  for (const text of [FNAME, FCOMMENT]) {
    if (!(flags & text)) continue;
    const terminator = bytes.indexOf(0, at);
    if (terminator < 0) return -1;
    at = terminator + 1;
  }
  if (flags & FHCRC) at += 2;
  return at <= bytes.length ? at : -1;
}
