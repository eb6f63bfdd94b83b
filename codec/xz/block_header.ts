import { readUint32 } from "../bytes.ts";
import { crc32 } from "../checksum/crc32.ts";
import { Delta } from "./delta.ts";
import { corrupt, dictSizeOf, FILTER_DELTA, FILTER_LZMA2 } from "./format.ts";

/** Filters that are not supported. */
const FILTER_NAMES = new Map([
  [0x04, "x86"],
  [0x05, "PowerPC"],
  [0x06, "IA-64"],
  [0x07, "ARM"],
  [0x08, "ARM-Thumb"],
  [0x09, "SPARC"],
  [0x0a, "ARM64"],
  [0x0b, "RISC-V"],
]);

/** The header of a block. One object serves any number of blocks. */
export class BlockHeader {
  /** Size of the compressed data, or -1 if it is not in the header. */
  packed = -1;
  /** Size of the uncompressed data, or -1 if it is not in the header. */
  unpacked = -1;
  /** Size of the dictionary. */
  dictSize = 0;
  /** The delta filter, ready for the block; null if it has none. */
  delta: Delta | null = null;
  /** The delta filter of earlier blocks, for reuse. */
  #usedDelta: Delta | null = null;
  /** Position in the header. */
  #at = 0;

  /**
   * Reads the header from `at` to `end`, without its first byte, of which `crc` is
   * the CRC-32.
   *
   * @throws {CorruptDataError} It is corrupt, or needs unsupported filters.
   */
  read(src: Uint8Array, at: number, end: number, crc: number): void {
    end -= 4;
    if (crc32(src, at, end, crc) !== readUint32(src, end)) {
      corrupt("a block header does not match its checksum");
    }
    const flags = src[at++];
    if ((flags & 0x3c) !== 0) corrupt("unknown flags in a block header");
    this.#at = at;
    this.packed = flags & 0x40 ? this.#varint(src, end) : -1;
    this.unpacked = flags & 0x80 ? this.#varint(src, end) : -1;

    this.delta = null;
    for (let left = flags & 3; left >= 0; left--) {
      const filter = this.#varint(src, end);
      const size = this.#varint(src, end);
      if (size > end - this.#at) corrupt("a block header is too short");
      this.#readFilter(filter, size, src[this.#at], left === 0);
      this.#at += size;
    }
    while (this.#at < end) {
      if (src[this.#at++] !== 0) {
        corrupt("the padding of a block header is not zero");
      }
    }
  }

  #readFilter(
    filter: number,
    size: number,
    property: number,
    last: boolean,
  ): void {
    if (filter === FILTER_LZMA2 && last) {
      if (size !== 1 || property > 40) {
        corrupt("invalid dictionary size in a block header");
      }
      this.dictSize = dictSizeOf(property);
      return;
    }
    if (filter === FILTER_DELTA && !last && this.delta === null) {
      if (size !== 1) corrupt("invalid delta filter in a block header");
      this.delta = this.#usedDelta ??= new Delta();
      this.delta.reset(property + 1);
      return;
    }
    const name = FILTER_NAMES.get(filter);
    if (name !== undefined) {
      corrupt(
        `the ${name} filter for executable files is not supported; ` +
          "decompress it with xz -d",
      );
    }
    corrupt(`unsupported chain of filters (0x${filter.toString(16)})`);
  }

  #varint(src: Uint8Array, end: number): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 9 && this.#at < end; i++) {
      const byte = src[this.#at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && i > 0) break;
        return value;
      }
      scale *= 0x80;
    }
    return corrupt("a block header is malformed");
  }
}
