import { writeInt32 } from "../bytes.ts";
import { crc32 } from "../checksum/crc32.ts";
import { crc64 } from "../checksum/crc64.ts";
import { LzmaEncoder, type LzmaOptions } from "./lzma_encode.ts";
import {
  CHECK_CRC64,
  dictByteFor,
  FILTER_LZMA2,
  FOOTER_MAGIC,
  HEADER_SIZE,
  varintSize,
  writeVarint,
} from "./format.ts";
import {
  type Compressor,
  type Emit,
  PIECE_SIZE,
  type StreamCoder,
} from "../engine.ts";
import { XZ_MAGIC } from "../magic.ts";

const CHECK_SIZE = 8;
/** Size of a block header without the sizes of the block. */
const PLAIN_BLOCK_HEADER = 12;
/** Size of a block header with the sizes of the block. */
const SIZED_BLOCK_HEADER = 20;
/** Largest block, in bytes: positions must stay 31-bit integers. */
const BLOCK_MAX = 0x4000_0000;
/** Block size of streams, in MiB, by level. */
const STREAM_BLOCK_MIB = [2, 2, 4, 4, 4, 4, 4, 8, 8, 8];

const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of the levels. */
const LEVELS: readonly LzmaOptions[] = [
  { optimal: false, nice: 128, depth: 3, lead: 0, dictSize: 256 * KIB },
  { optimal: false, nice: 128, depth: 8, lead: 0, dictSize: 1 * MIB },
  { optimal: false, nice: 273, depth: 12, lead: 0, dictSize: 2 * MIB },
  { optimal: false, nice: 273, depth: 24, lead: 0, dictSize: 4 * MIB },
  { optimal: true, nice: 32, depth: 8, lead: 2, dictSize: 4 * MIB },
  { optimal: true, nice: 64, depth: 12, lead: 1.5, dictSize: 8 * MIB },
  { optimal: true, nice: 128, depth: 24, lead: 1, dictSize: 8 * MIB },
  { optimal: true, nice: 192, depth: 40, lead: 0.5, dictSize: 16 * MIB },
  { optimal: true, nice: 273, depth: 64, lead: 0.5, dictSize: 32 * MIB },
  { optimal: true, nice: 273, depth: 160, lead: 0.125, dictSize: 64 * MIB },
];

/** Writes the parts of one xz stream. */
class XzWriter {
  readonly #lzma: LzmaEncoder;
  readonly #crc = new Int32Array(2);
  // The records of the index.
  #records = new Uint8Array(64);
  #recordsSize = 0;
  #blocks = 0;

  constructor(level: number) {
    this.#lzma = new LzmaEncoder(LEVELS[level]);
  }

  /** Writes the stream header. Returns its end, or -1 if it does not fit. */
  begin(dst: Uint8Array, at: number): number {
    this.#recordsSize = 0;
    this.#blocks = 0;
    if (dst.length - at < HEADER_SIZE) return -1;
    for (let i = 0; i < XZ_MAGIC.length; i++) dst[at + i] = XZ_MAGIC[i];
    dst[at + 6] = 0;
    dst[at + 7] = CHECK_CRC64;
    writeInt32(dst, at + 8, crc32(dst, at + 6, at + 8));
    return at + HEADER_SIZE;
  }

  /** Writes a block. Returns its end, or -1 if it does not fit. */
  block(
    src: Uint8Array,
    start: number,
    end: number,
    dst: Uint8Array,
    at: number,
    sized: boolean,
  ): number {
    const size = end - start;
    const headerSize = sized ? SIZED_BLOCK_HEADER : PLAIN_BLOCK_HEADER;
    const dataAt = at + headerSize;
    if (dataAt >= dst.length) return -1;
    const dataEnd = this.#lzma.encode(src, start, end, dst, dataAt);
    const packed = dataEnd - dataAt;
    const padding = -packed & 3;
    if (dataEnd < 0 || dataEnd + padding + CHECK_SIZE > dst.length) return -1;

    dst[at] = headerSize / 4 - 1;
    dst[at + 1] = sized ? 0xc0 : 0;
    let pos = at + 2;
    if (sized) {
      pos = writeVarint(dst, pos, packed);
      pos = writeVarint(dst, pos, size);
    }
    dst[pos++] = FILTER_LZMA2;
    dst[pos++] = 1;
    dst[pos++] = dictByteFor(this.#lzma.dictSizeFor(size));
    while (pos < dataAt - 4) dst[pos++] = 0;
    writeInt32(dst, pos, crc32(dst, at, pos));

    pos = dataEnd;
    while (pos < dataEnd + padding) dst[pos++] = 0;
    const crc = this.#crc;
    crc[0] = crc[1] = 0;
    crc64(crc, src, start, end);
    writeInt32(dst, pos, crc[0]);
    writeInt32(dst, pos + 4, crc[1]);
    this.#addRecord(headerSize + packed + CHECK_SIZE, size);
    return pos + CHECK_SIZE;
  }

  #addRecord(unpadded: number, size: number): void {
    if (this.#records.length - this.#recordsSize < 20) {
      const larger = new Uint8Array(2 * this.#records.length);
      larger.set(this.#records);
      this.#records = larger;
    }
    let at = writeVarint(this.#records, this.#recordsSize, unpadded);
    at = writeVarint(this.#records, at, size);
    this.#recordsSize = at;
    this.#blocks++;
  }

  /** Size of index and footer, in bytes. */
  get finishSize(): number {
    const index = 1 + varintSize(this.#blocks) + this.#recordsSize;
    return index + (-index & 3) + 4 + HEADER_SIZE;
  }

  /** Writes index and footer. Returns their end, or -1 if they do not fit. */
  finish(dst: Uint8Array, at: number): number {
    if (dst.length - at < this.finishSize) return -1;
    const indexAt = at;
    dst[at++] = 0;
    at = writeVarint(dst, at, this.#blocks);
    for (let i = 0; i < this.#recordsSize; i++) dst[at++] = this.#records[i];
    while ((at - indexAt & 3) !== 0) dst[at++] = 0;
    writeInt32(dst, at, crc32(dst, indexAt, at));
    at += 4;

    writeInt32(dst, at + 4, (at - indexAt) / 4 - 1);
    dst[at + 8] = 0;
    dst[at + 9] = CHECK_CRC64;
    writeInt32(dst, at, crc32(dst, at + 4, at + 10));
    dst[at + 10] = FOOTER_MAGIC[0];
    dst[at + 11] = FOOTER_MAGIC[1];
    return at + HEADER_SIZE;
  }
}

/** Compresses whole buffers, each to one xz stream. */
export class XzCompressor implements Compressor {
  readonly #writer: XzWriter;

  /** Creates a compressor of `level` 0 (fastest) to 9 (smallest). */
  constructor(level: number) {
    this.#writer = new XzWriter(level);
  }

  /** Compresses `src`; see {@linkcode Compressor.compress}. */
  compress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number | undefined {
    const writer = this.#writer;
    let at = writer.begin(dst, offset);
    for (let from = start; from < end && at >= 0;) {
      const to = Math.min(from + BLOCK_MAX, end);
      at = writer.block(src, from, to, dst, at, false);
      from = to;
    }
    if (at >= 0) at = writer.finish(dst, at);
    return at < 0 ? undefined : at - offset;
  }
}

/**
 * Compresses a stream of any length, in independent blocks with their sizes in the
 * headers, so that other tools can decompress them in parallel.
 */
export class XzEncoder implements StreamCoder {
  readonly #writer: XzWriter;
  readonly #blockSize: number;
  #block: Uint8Array = new Uint8Array(0);
  #filled = 0;
  #out: Uint8Array = new Uint8Array(256);
  #begun = false;

  /** Creates an encoder of `level` 0 (fastest) to 9 (smallest). */
  constructor(level: number) {
    this.#writer = new XzWriter(level);
    this.#blockSize = STREAM_BLOCK_MIB[level] * MIB;
  }

  /** Takes `chunk`; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    for (let at = 0; at < chunk.length;) {
      const size = Math.min(chunk.length - at, this.#blockSize - this.#filled);
      this.#makeRoom(this.#filled + size);
      this.#block.set(chunk.subarray(at, at + size), this.#filled);
      this.#filled += size;
      at += size;
      if (this.#filled === this.#blockSize) this.#endBlock(emit);
    }
    if (!last) return;
    if (this.#filled > 0) this.#endBlock(emit);
    const out = this.#room(HEADER_SIZE + this.#writer.finishSize);
    this.#emit(out, this.#writer.finish(out, this.#begin(out)), emit);
  }

  /** Writes the stream header once. Returns its end. */
  #begin(out: Uint8Array): number {
    if (this.#begun) return 0;
    this.#begun = true;
    return this.#writer.begin(out, 0);
  }

  #endBlock(emit: Emit): void {
    const size = this.#filled;
    // Stored chunks add less than 0.1%.
    const out = this.#room(size + (size >> 10) + 256);
    const at = this.#begin(out);
    const end = this.#writer.block(this.#block, 0, size, out, at, true);
    this.#filled = 0;
    this.#emit(out, end, emit);
  }

  #emit(out: Uint8Array, end: number, emit: Emit): void {
    for (let at = 0; at < end; at += PIECE_SIZE) {
      emit(out.subarray(at, Math.min(at + PIECE_SIZE, end)));
    }
  }

  #makeRoom(size: number): void {
    if (size <= this.#block.length) return;
    const grown = Math.max(size, 2 * this.#block.length, 4096);
    const larger = new Uint8Array(Math.min(grown, this.#blockSize));
    larger.set(this.#block.subarray(0, this.#filled));
    this.#block = larger;
  }

  #room(size: number): Uint8Array {
    if (this.#out.length < size) this.#out = new Uint8Array(size);
    return this.#out;
  }

  /** Releases the buffers. */
  close(): void {
    this.#block = this.#out = new Uint8Array(0);
  }
}
