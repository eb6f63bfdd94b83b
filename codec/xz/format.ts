/**
 * What reading and writing the xz container share (The .xz File Format 1.2.1).
 *
 *     file   := stream (stream | padding)*      padding: 4 zero bytes
 *     stream := header block* index footer
 *     block  := header LZMA2-data padding check
 *
 * Numbers of variable size ("varints") have seven bits per byte, lowest first; the
 * highest bit says that more bytes follow.
 */
import { CorruptDataError } from "../errors.ts";

/** Size of a stream header, and of a footer. */
export const HEADER_SIZE = 12;
/** Last bytes of a footer. */
export const FOOTER_MAGIC: readonly number[] = [0x59, 0x5a];

/** No checksum. The types of checksums are numbers in the stream flags. */
export const CHECK_NONE = 0;
/** CRC-32. */
export const CHECK_CRC32 = 1;
/** CRC-64, the default of xz. */
export const CHECK_CRC64 = 4;
/** SHA-256. */
export const CHECK_SHA256 = 10;

/** Filter number of LZMA2. */
export const FILTER_LZMA2 = 0x21;
/** Filter number of delta. */
export const FILTER_DELTA = 0x03;

/** LZMA2 control byte: the end of a block's data. */
export const CONTROL_END = 0;
/** LZMA2 control byte: a stored chunk that begins with an empty dictionary. */
export const CONTROL_STORED_RESET = 1;
/** LZMA2 control byte: a stored chunk. */
export const CONTROL_STORED = 2;
/** LZMA2 control bytes from here on: a compressed chunk that resets nothing. */
export const CONTROL_LZMA = 0x80;
/** As {@linkcode CONTROL_LZMA}, with a state reset. */
export const CONTROL_LZMA_STATE = 0xa0;
/** As {@linkcode CONTROL_LZMA_STATE}, with a properties byte. */
export const CONTROL_LZMA_PROPS = 0xc0;
/** As {@linkcode CONTROL_LZMA_PROPS}, with an empty dictionary. */
export const CONTROL_LZMA_DICT = 0xe0;

/** Size of `value` as a varint, in bytes. */
export function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}

/** Writes `value` as a varint and returns its end. */
export function writeVarint(
  bytes: Uint8Array,
  at: number,
  value: number,
): number {
  while (value >= 0x80) {
    bytes[at++] = value % 0x80 | 0x80;
    value = Math.floor(value / 0x80);
  }
  bytes[at++] = value;
  return at;
}

/** The dictionary size of a property byte of LZMA2, which is at most 40. */
export function dictSizeOf(byte: number): number {
  if (byte === 40) return 0xffffffff;
  return (2 | byte & 1) * 2 ** ((byte >> 1) + 11);
}

/** The property byte of the smallest dictionary of at least `size` bytes. */
export function dictByteFor(size: number): number {
  let byte = 0;
  while (dictSizeOf(byte) < size) byte++;
  return byte;
}

/** Throws the error about corrupt data. */
export function corrupt(reason: string): never {
  throw new CorruptDataError("xz", reason);
}
