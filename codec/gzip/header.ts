import { readUint16 } from "../bytes.ts";
import { CorruptDataError } from "../errors.ts";
import { GZIP_MAGIC } from "../magic.ts";

/** Bits of the flags byte (RFC 1952, 2.3.1). */
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED = 0xe0;

/** Size of the fixed part of a member header, in bytes. */
const FIXED_HEADER_SIZE = 10;

/** Size of a member trailer, in bytes: CRC-32 and size, both little-endian. */
export const TRAILER_SIZE = 8;

/**
 * Finds the end of the gzip member header that starts at `start`.
 *
 * @returns The offset of the compressed data, or -1 if the header is incomplete.
 * @throws {CorruptDataError} There is no gzip header.
 */
export function endOfGzipHeader(bytes: Uint8Array, start: number): number {
  if (bytes.length - start < FIXED_HEADER_SIZE) return -1;
  for (let i = 0; i < GZIP_MAGIC.length; i++) {
    if (bytes[start + i] !== GZIP_MAGIC[i]) {
      throw new CorruptDataError("gzip", "a member has no gzip header");
    }
  }
  const flags = bytes[start + 3];
  if (flags & RESERVED) {
    throw new CorruptDataError(
      "gzip",
      "reserved flags are set in a member header",
    );
  }
  let at = start + FIXED_HEADER_SIZE;
  if (flags & FEXTRA) {
    if (at + 2 > bytes.length) return -1;
    at += 2 + readUint16(bytes, at);
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
