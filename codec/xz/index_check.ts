import { readUint32 } from "../bytes.ts";
import { crc32 } from "../checksum/crc32.ts";
import { corrupt, varintSize, writeVarint } from "./format.ts";

/** The records of an index are read in pieces of this size. */
const INDEX_PIECE = 4096;

/**
 * Compares the index at the end of a stream with the blocks that were read.
 *
 * It keeps no list of the blocks: the size and the CRC-32 of the records that the
 * index should have are enough.
 */
export class IndexCheck {
  /** Size of the index that was read so far, in bytes. */
  size = 0;
  #blocks = 0;
  #expectedSize = 0;
  #expectedCrc = 0;
  /** CRC-32 of the whole index, and of its records. */
  #crc = 0;
  #recordsCrc = 0;
  /** Bytes of records that have not been read. */
  #left = 0;
  readonly #record = new Uint8Array(20);

  /** Starts over, for the next stream. */
  reset(): void {
    this.#blocks = 0;
    this.#expectedSize = 0;
    this.#expectedCrc = 0;
  }

  /** Adds a block, of which the index should have a record. */
  addBlock(unpaddedSize: number, uncompressedSize: number): void {
    const record = this.#record;
    let end = writeVarint(record, 0, unpaddedSize);
    end = writeVarint(record, end, uncompressedSize);
    this.#expectedCrc = crc32(record, 0, end, this.#expectedCrc);
    this.#expectedSize += end;
    this.#blocks++;
  }

  /** Starts with the index; `crc` is the CRC-32 of its first byte. Returns the size of the number of blocks. */
  begin(crc: number): number {
    this.size = 1;
    this.#crc = crc;
    return varintSize(this.#blocks);
  }

  /** Reads the number of blocks. */
  readCount(src: Uint8Array, at: number): void {
    const end = writeVarint(this.#record, 0, this.#blocks);
    for (let i = 0; i < end; i++) {
      if (src[at + i] !== this.#record[i]) {
        corrupt("the index does not have one record for each block");
      }
    }
    this.#crc = crc32(src, at, at + end, this.#crc);
    this.size += end;
    this.#left = this.#expectedSize;
    this.#recordsCrc = 0;
  }

  /** Size of the next piece of records; 0 after the last one. */
  get nextPiece(): number {
    return Math.min(this.#left, INDEX_PIECE);
  }

  /** Reads a piece of the records. */
  readRecords(src: Uint8Array, at: number, end: number): void {
    this.#crc = crc32(src, at, end, this.#crc);
    this.#recordsCrc = crc32(src, at, end, this.#recordsCrc);
    this.size += end - at;
    this.#left -= end - at;
    if (this.#left === 0 && this.#recordsCrc !== this.#expectedCrc) {
      corrupt("the index does not match the blocks");
    }
  }

  /** Size of padding and CRC-32, which end the index. */
  get endSize(): number {
    return (-this.size & 3) + 4;
  }

  /** Reads the end of the index, of {@linkcode IndexCheck.endSize} bytes. */
  readEnd(src: Uint8Array, at: number): void {
    const size = this.endSize;
    const end = at + size - 4;
    for (let i = at; i < end; i++) {
      if (src[i] !== 0) corrupt("the padding of the index is not zero");
    }
    this.#crc = crc32(src, at, end, this.#crc);
    if (this.#crc !== readUint32(src, end)) {
      corrupt("the index does not match its checksum");
    }
    this.size += size;
  }
}
