import { readUint32 } from "../bytes.ts";
import { crc32 } from "../checksum/crc32.ts";
import { crc64 } from "../checksum/crc64.ts";
import { LzmaDecoder } from "./lzma_decode.ts";
import { CHUNK_MAX_PACKED, CHUNK_MAX_UNPACKED } from "./lzma_model.ts";
import { Sha256 } from "../checksum/sha256.ts";
import {
  CHECK_CRC32,
  CHECK_CRC64,
  CHECK_NONE,
  CHECK_SHA256,
  CONTROL_END,
  CONTROL_LZMA,
  CONTROL_LZMA_DICT,
  CONTROL_LZMA_PROPS,
  CONTROL_LZMA_STATE,
  CONTROL_STORED,
  CONTROL_STORED_RESET,
  dictSizeOf,
  FILTER_DELTA,
  FILTER_LZMA2,
  HEADER_SIZE,
  MAGIC,
  varintSize,
  writeVarint,
} from "./format.ts";
import type { Decompressor, Emit, StreamCoder } from "../engine.ts";
import { CorruptDataError } from "../errors.ts";

// What the reader expects next. Every element has a size that is known before
// it is read, which is what makes reading whole buffers and reading streams of
// small chunks the same thing.
const STREAM_START = 0;
const STREAM_HEADER = 1;
const BLOCK_OR_INDEX = 2;
const BLOCK_HEADER = 3;
const CHUNK_CONTROL = 4;
const LZMA_CHUNK_HEADER = 5;
const LZMA_CHUNK = 6;
const STORED_CHUNK_HEADER = 7;
const STORED_CHUNK = 8;
const BLOCK_END = 9;
const INDEX_COUNT = 10;
const INDEX_RECORDS = 11;
const INDEX_END = 12;
const FOOTER = 13;

/** What each of the states above is called in an error message. */
const STATE_NAMES = [
  "the beginning of a stream",
  "a stream header",
  "a stream",
  "a block header",
  "a block",
  "a chunk header",
  "a chunk",
  "a chunk header",
  "a chunk",
  "the checksum of a block",
  "the index",
  "the index",
  "the index",
  "the footer",
];

/** Filters that may stand before LZMA2, and that only delta is read of. */
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

/** The index is read in pieces of this size. */
const INDEX_PIECE = 4096;
/** Streams hand out pieces of this size at most. */
const PIECE = 1 << 16;
/** First size of a stream's window. */
const WINDOW_MIN = 1 << 16;
/**
 * A stream's window never keeps more than this of a larger dictionary: what
 * points back farther is refused.
 */
const WINDOW_MAX = 0x4000_0000;

const NOTHING = new Uint8Array(0);

function corrupt(reason: string): never {
  throw new CorruptDataError("xz", reason);
}

/**
 * Reads xz files element by element: `need` says how many bytes the next one
 * has, {@linkcode XzReader.step} takes them.
 *
 * Without an `emit`, output goes to the array that it is given, which serves as
 * the dictionary. With one, output goes to a window that grows with the data.
 */
class XzReader {
  /** Size of the next element. */
  need = 4;
  /** Where output goes. */
  out: Uint8Array = NOTHING;
  /** Where in `out` it continues. */
  pos = 0;
  /** Receives the output of streams. */
  emit: Emit | null = null;

  #state = STREAM_START;
  #streams = 0;

  // The stream.
  #checkType = CHECK_NONE;
  #checkSize = 0;
  readonly #flags = new Uint8Array(2);

  // What the index must say: how many blocks there are, and the size and
  // CRC-32 of the records about them.
  #blocks = 0;
  #recordsSize = 0;
  #recordsCrc = 0;
  #indexSize = 0;
  #indexCrc = 0;
  #indexLeft = 0;
  readonly #record = new Uint8Array(20);

  // The block.
  #firstByteCrc = 0;
  #headerSize = 0;
  #declaredPacked = -1;
  #declaredUnpacked = -1;
  #packed = 0;
  #unpacked = 0;
  #blockStart = 0;
  #crc = 0;
  readonly #crc64 = new Int32Array(2);
  #sha256: Sha256 | null = null;
  #delta: Delta | null = null;
  #deltaActive = false;

  // LZMA2.
  readonly #lzma = new LzmaDecoder();
  #dictSize = 0;
  #dictStart = 0;
  #phase = 0;
  #needDictReset = true;
  #needProps = true;
  #control = 0;
  #chunkSize = 0;

  /** Starts over, at the beginning of a file. */
  reset(out: Uint8Array, pos: number): void {
    this.out = out;
    this.pos = pos;
    this.#streams = 0;
    this.#expect(STREAM_START, 4);
  }

  /** Throws unless the input may end here, `left` bytes into an element. */
  end(left: number): void {
    if (this.#state === STREAM_START && left === 0 && this.#streams > 0) return;
    if (this.#state === STREAM_START && this.#streams > 0) {
      corrupt(
        `${left} bytes follow the end of the stream, which are no other stream.`,
      );
    }
    corrupt(
      `it ends ${left > 0 ? "within" : "before"} ${STATE_NAMES[this.#state]}.`,
    );
  }

  /**
   * Takes the next element, which begins in `src` at `at`.
   *
   * @returns Whether there was room for the output.
   */
  step(src: Uint8Array, at: number): boolean {
    switch (this.#state) {
      case CHUNK_CONTROL:
        this.#readControl(src[at]);
        return true;
      case LZMA_CHUNK_HEADER:
        this.#readLzmaHeader(src, at);
        return true;
      case LZMA_CHUNK:
        return this.#readLzmaChunk(src, at);
      case STORED_CHUNK_HEADER:
        this.#packed += 2;
        this.#chunkSize = (src[at] << 8 | src[at + 1]) + 1;
        this.#expect(STORED_CHUNK, this.#chunkSize);
        return true;
      case STORED_CHUNK:
        return this.#readStoredChunk(src, at);
      case BLOCK_END:
        this.#readBlockEnd(src, at);
        return true;
      case STREAM_START:
        this.#readStart(src, at);
        return true;
      case STREAM_HEADER:
        this.#readHeader(src, at);
        return true;
      case BLOCK_OR_INDEX:
        this.#firstByteCrc = crc32(src, at, at + 1);
        if (src[at] === 0) {
          this.#indexSize = 1;
          this.#indexCrc = this.#firstByteCrc;
          this.#expect(INDEX_COUNT, varintSize(this.#blocks));
        } else {
          this.#headerSize = (src[at] + 1) * 4;
          this.#expect(BLOCK_HEADER, this.#headerSize - 1);
        }
        return true;
      case BLOCK_HEADER:
        this.#readBlockHeader(src, at);
        return true;
      case INDEX_COUNT:
        this.#readIndexCount(src, at);
        return true;
      case INDEX_RECORDS:
        this.#readIndexRecords(src, at);
        return true;
      case INDEX_END:
        this.#readIndexEnd(src, at);
        return true;
      default:
        this.#readFooter(src, at);
        return true;
    }
  }

  #expect(state: number, need: number): void {
    this.#state = state;
    this.need = need;
  }

  // ------------------------------------------------------------- the stream

  #readStart(src: Uint8Array, at: number): void {
    if (this.#streams > 0 && readUint32(src, at) === 0) return;
    for (let i = 0; i < 4; i++) {
      if (src[at + i] !== MAGIC[i]) {
        corrupt(
          this.#streams === 0
            ? "it does not begin with the signature of xz."
            : "bytes follow the end of the stream, which are no other stream.",
        );
      }
    }
    this.#expect(STREAM_HEADER, HEADER_SIZE - 4);
  }

  #readHeader(src: Uint8Array, at: number): void {
    if (src[at] !== MAGIC[4] || src[at + 1] !== MAGIC[5]) {
      corrupt("it does not begin with the signature of xz.");
    }
    if (crc32(src, at + 2, at + 4) !== readUint32(src, at + 4)) {
      corrupt("the stream header does not match its checksum.");
    }
    this.#flags[0] = src[at + 2];
    this.#flags[1] = src[at + 3];
    this.#checkType = src[at + 3];
    switch (src[at + 2] << 8 | this.#checkType) {
      case CHECK_NONE:
        this.#checkSize = 0;
        break;
      case CHECK_CRC32:
        this.#checkSize = 4;
        break;
      case CHECK_CRC64:
        this.#checkSize = 8;
        break;
      case CHECK_SHA256:
        this.#checkSize = 32;
        this.#sha256 ??= new Sha256();
        break;
      default:
        corrupt(
          `it uses flags (0x${src[at + 2].toString(16)}) or a checksum type ` +
            `(${this.#checkType}) that is not known.`,
        );
    }
    this.#blocks = 0;
    this.#recordsSize = 0;
    this.#recordsCrc = 0;
    this.#expect(BLOCK_OR_INDEX, 1);
  }

  #readIndexCount(src: Uint8Array, at: number): void {
    const end = writeVarint(this.#record, 0, this.#blocks);
    for (let i = 0; i < end; i++) {
      if (src[at + i] !== this.#record[i]) {
        corrupt("the index does not have one record for each block.");
      }
    }
    this.#indexCrc = crc32(src, at, at + end, this.#indexCrc);
    this.#indexSize += end;
    this.#indexLeft = this.#recordsSize;
    // From here on, the CRC-32 of the records alone, to compare them with the
    // blocks that were read without keeping a list of these.
    this.#crc = 0;
    this.#expectIndexRecords();
  }

  #expectIndexRecords(): void {
    if (this.#indexLeft > 0) {
      this.#expect(INDEX_RECORDS, Math.min(this.#indexLeft, INDEX_PIECE));
    } else {
      this.#expect(INDEX_END, (-this.#indexSize & 3) + 4);
    }
  }

  #readIndexRecords(src: Uint8Array, at: number): void {
    const end = at + this.need;
    this.#indexCrc = crc32(src, at, end, this.#indexCrc);
    this.#crc = crc32(src, at, end, this.#crc);
    this.#indexSize += this.need;
    this.#indexLeft -= this.need;
    if (this.#indexLeft === 0 && this.#crc !== this.#recordsCrc) {
      corrupt("the index does not match the blocks.");
    }
    this.#expectIndexRecords();
  }

  #readIndexEnd(src: Uint8Array, at: number): void {
    const end = at + this.need - 4;
    for (let i = at; i < end; i++) {
      if (src[i] !== 0) corrupt("the padding of the index is not empty.");
    }
    this.#indexCrc = crc32(src, at, end, this.#indexCrc);
    if (this.#indexCrc !== readUint32(src, end)) {
      corrupt("the index does not match its checksum.");
    }
    this.#indexSize += this.need;
    this.#expect(FOOTER, HEADER_SIZE);
  }

  #readFooter(src: Uint8Array, at: number): void {
    if (src[at + 10] !== 0x59 || src[at + 11] !== 0x5a) {
      corrupt("the footer does not end with its signature.");
    }
    if (crc32(src, at + 4, at + 10) !== readUint32(src, at)) {
      corrupt("the footer does not match its checksum.");
    }
    if (
      readUint32(src, at + 4) !== this.#indexSize / 4 - 1 ||
      src[at + 8] !== this.#flags[0] || src[at + 9] !== this.#flags[1]
    ) {
      corrupt("the footer does not match the stream.");
    }
    this.#streams++;
    this.#expect(STREAM_START, 4);
  }

  // -------------------------------------------------------------- the block

  #readBlockHeader(src: Uint8Array, at: number): void {
    const end = at + this.need - 4;
    if (crc32(src, at, end, this.#firstByteCrc) !== readUint32(src, end)) {
      corrupt("a block header does not match its checksum.");
    }
    const flags = src[at++];
    if ((flags & 0x3c) !== 0) corrupt("a block header uses unknown flags.");
    this.#at = at;
    this.#declaredPacked = flags & 0x40 ? this.#varint(src, end) : -1;
    this.#declaredUnpacked = flags & 0x80 ? this.#varint(src, end) : -1;

    this.#deltaActive = false;
    for (let left = flags & 3; left >= 0; left--) {
      const filter = this.#varint(src, end);
      const size = this.#varint(src, end);
      if (size > end - this.#at) corrupt("a block header is too short.");
      this.#readFilter(filter, size, src[this.#at], left === 0);
      this.#at += size;
    }
    while (this.#at < end) {
      if (src[this.#at++] !== 0) {
        corrupt("the padding of a block header is not empty.");
      }
    }

    this.#packed = 0;
    this.#unpacked = 0;
    this.#blockStart = this.pos;
    this.#needDictReset = true;
    this.#needProps = true;
    this.#crc = 0;
    this.#crc64.fill(0);
    if (this.#checkType === CHECK_SHA256) this.#sha256!.reset();
    this.#expect(CHUNK_CONTROL, 1);
  }

  #readFilter(
    filter: number,
    size: number,
    property: number,
    last: boolean,
  ): void {
    if (filter === FILTER_LZMA2 && last) {
      if (size !== 1 || property > 40) {
        corrupt("a block declares an impossible dictionary.");
      }
      this.#dictSize = dictSizeOf(property);
      return;
    }
    if (filter === FILTER_DELTA && !last && !this.#deltaActive) {
      if (size !== 1) corrupt("a block declares an impossible delta filter.");
      this.#delta ??= new Delta();
      this.#delta.reset(property + 1);
      this.#deltaActive = true;
      return;
    }
    const name = FILTER_NAMES.get(filter);
    if (name !== undefined) {
      corrupt(
        `it uses the ${name} filter for executable files, which binfiles ` +
          `does not read; xz -d does.`,
      );
    }
    corrupt(
      `it uses a chain of filters (0x${filter.toString(16)}) that binfiles ` +
        `does not read.`,
    );
  }

  /** Where the header is being parsed. */
  #at = 0;

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
    return corrupt("a block header is malformed.");
  }

  #readBlockEnd(src: Uint8Array, at: number): void {
    const padding = this.need - this.#checkSize;
    for (let i = 0; i < padding; i++) {
      if (src[at + i] !== 0) corrupt("the padding of a block is not empty.");
    }
    if (
      this.#declaredPacked >= 0 && this.#declaredPacked !== this.#packed ||
      this.#declaredUnpacked >= 0 && this.#declaredUnpacked !== this.#unpacked
    ) {
      corrupt("a block does not have the size that its header declares.");
    }
    if (this.#deltaActive && this.emit === null) {
      this.#delta!.decode(this.out, this.#blockStart, this.pos);
      this.#updateCheck(this.out, this.#blockStart, this.pos);
    }
    if (!this.#checkMatches(src, at + padding)) {
      corrupt("a block does not match its checksum.");
    }

    // Its record in the index: size without padding, size of the data.
    const record = this.#record;
    const unpadded = this.#headerSize + this.#packed + this.#checkSize;
    let end = writeVarint(record, 0, unpadded);
    end = writeVarint(record, end, this.#unpacked);
    this.#recordsCrc = crc32(record, 0, end, this.#recordsCrc);
    this.#recordsSize += end;
    this.#blocks++;
    this.#expect(BLOCK_OR_INDEX, 1);
  }

  #updateCheck(bytes: Uint8Array, start: number, end: number): void {
    switch (this.#checkType) {
      case CHECK_CRC32:
        this.#crc = crc32(bytes, start, end, this.#crc);
        break;
      case CHECK_CRC64:
        crc64(this.#crc64, bytes, start, end);
        break;
      case CHECK_SHA256:
        this.#sha256!.update(bytes, start, end);
        break;
    }
  }

  #checkMatches(src: Uint8Array, at: number): boolean {
    switch (this.#checkType) {
      case CHECK_CRC32:
        return readUint32(src, at) === this.#crc;
      case CHECK_CRC64:
        return readUint32(src, at) === this.#crc64[0] >>> 0 &&
          readUint32(src, at + 4) === this.#crc64[1] >>> 0;
      case CHECK_SHA256:
        return this.#sha256!.matches(src, at);
      default:
        return true;
    }
  }

  // ------------------------------------------------------------------ LZMA2

  #readControl(control: number): void {
    this.#packed++;
    if (control === CONTROL_END) {
      this.#expect(BLOCK_END, (-this.#packed & 3) + this.#checkSize);
      return;
    }
    if (control > CONTROL_STORED && control < CONTROL_LZMA) {
      corrupt("a block contains an unknown kind of chunk.");
    }
    if (control >= CONTROL_LZMA_DICT || control === CONTROL_STORED_RESET) {
      this.#needDictReset = false;
      this.#needProps = true;
      // All that a stream has decoded so far was handed out.
      if (this.emit !== null) this.pos = 0;
      this.#dictStart = this.pos;
      this.#phase = -this.pos & 15;
    } else if (this.#needDictReset) {
      corrupt("a block does not begin with an empty dictionary.");
    }
    this.#control = control;
    if (control < CONTROL_LZMA) {
      this.#expect(STORED_CHUNK_HEADER, 2);
    } else if (control >= CONTROL_LZMA_PROPS) {
      this.#needProps = false;
      this.#expect(LZMA_CHUNK_HEADER, 5);
    } else if (this.#needProps) {
      corrupt("a block does not begin with the properties of its chunks.");
    } else {
      this.#expect(LZMA_CHUNK_HEADER, 4);
    }
  }

  #readLzmaHeader(src: Uint8Array, at: number): void {
    const control = this.#control;
    if (control >= CONTROL_LZMA_PROPS) {
      this.#lzma.setProps(src[at + 4]);
    } else if (control >= CONTROL_LZMA_STATE) {
      this.#lzma.resetState();
    }
    this.#packed += this.need;
    this.#chunkSize = ((control & 0x1f) << 16 | src[at] << 8 | src[at + 1]) + 1;
    this.#expect(LZMA_CHUNK, (src[at + 2] << 8 | src[at + 3]) + 1);
  }

  #readLzmaChunk(src: Uint8Array, at: number): boolean {
    if (this.emit !== null) this.#makeRoom(this.#chunkSize);
    const end = this.#lzma.decode(
      src,
      at,
      at + this.need,
      this.out,
      this.pos,
      this.#chunkSize,
      this.#dictStart,
      this.#dictSize,
      this.#phase,
    );
    if (end < 0) return false;
    this.#finishChunk(end);
    return true;
  }

  #readStoredChunk(src: Uint8Array, at: number): boolean {
    const size = this.#chunkSize;
    if (this.emit !== null) this.#makeRoom(size);
    if (size > this.out.length - this.pos) return false;
    this.out.set(src.subarray(at, at + size), this.pos);
    this.#finishChunk(this.pos + size);
    return true;
  }

  /** Takes note of the output up to `end`, and hands it out. */
  #finishChunk(end: number): void {
    const start = this.pos;
    this.pos = end;
    this.#packed += this.need;
    this.#unpacked += end - start;
    this.#expect(CHUNK_CONTROL, 1);

    const { emit, out } = this;
    if (emit === null) {
      // A filter is undone once the whole block is there: until then, the
      // filtered bytes are the dictionary.
      if (!this.#deltaActive) this.#updateCheck(out, start, end);
      return;
    }
    for (let at = start; at < end; at += PIECE) {
      let piece = out.subarray(at, Math.min(at + PIECE, end));
      if (this.#deltaActive) piece = this.#delta!.decoded(piece);
      this.#updateCheck(piece, 0, piece.length);
      emit(piece);
    }
  }

  /** Sees to it that a stream's window has room for `size` more bytes. */
  #makeRoom(size: number): void {
    const { out, pos } = this;
    if (size <= out.length - pos) return;
    const dictSize = Math.min(this.#dictSize, WINDOW_MAX);
    const keep = Math.min(pos - this.#dictStart, dictSize);
    // Moves by multiples of 16 do not change which bits of the position the
    // decoder sees.
    const from = pos - keep & ~15;
    // At full size there is so much room beside the dictionary that moving it
    // back to the front costs little per byte.
    const full = dictSize + (dictSize >>> 2) + 2 * CHUNK_MAX_UNPACKED;
    if (out.length < full) {
      const wanted = Math.max(WINDOW_MIN, 2 * out.length, keep + 16 + size);
      this.out = new Uint8Array(Math.min(wanted, full));
      this.out.set(out.subarray(from, pos));
    } else {
      out.copyWithin(0, from, pos);
    }
    this.pos = pos - from;
    this.#dictStart = Math.max(this.#dictStart - from, 0);
  }
}

/** Undoes the delta filter: each byte is a difference to an earlier one. */
class Delta {
  #distance = 1;
  #position = 0;
  readonly #history = new Uint8Array(256);
  readonly #piece = new Uint8Array(PIECE);

  reset(distance: number): void {
    this.#distance = distance;
    this.#position = 0;
    this.#history.fill(0);
  }

  /** Decodes in place. */
  decode(bytes: Uint8Array, start: number, end: number): void {
    const history = this.#history;
    const distance = this.#distance;
    let position = this.#position;
    for (let i = start; i < end; i++) {
      bytes[i] += history[position - distance & 0xff];
      history[position++ & 0xff] = bytes[i];
    }
    this.#position = position & 0xff;
  }

  /** Decodes a copy of `piece`, which stays what it is. */
  decoded(piece: Uint8Array): Uint8Array {
    const copy = this.#piece.subarray(0, piece.length);
    copy.set(piece);
    this.decode(copy, 0, copy.length);
    return copy;
  }
}

/** Decompresses whole xz files, straight into the caller's memory. */
export class XzDecompressor implements Decompressor {
  readonly #reader = new XzReader();

  /** Decompresses `src`; see {@linkcode Decompressor.decompress}. */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number {
    const reader = this.#reader;
    reader.reset(dst, offset);
    try {
      let at = start;
      for (let need = reader.need; need <= end - at;) {
        if (!reader.step(src, at)) return -1;
        at += need;
        need = reader.need;
      }
      reader.end(end - at);
      return reader.pos - offset;
    } finally {
      reader.out = NOTHING;
    }
  }
}

/** Decompresses an xz file that arrives in chunks. */
export class XzDecoder implements StreamCoder {
  readonly #reader = new XzReader();
  /** The beginning of an element whose end has not arrived. */
  #held = new Uint8Array(256);
  #heldSize = 0;

  /** Takes `chunk`; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    const reader = this.#reader;
    reader.emit = emit;
    let at = 0;
    for (;;) {
      const need = reader.need;
      if (this.#heldSize === 0 && need <= chunk.length - at) {
        reader.step(chunk, at);
        at += need;
        continue;
      }
      at += this.#hold(chunk, at, need);
      if (this.#heldSize < need) break;
      this.#heldSize = 0;
      reader.step(this.#held, 0);
    }
    if (last) reader.end(this.#heldSize);
  }

  /** Keeps bytes of `chunk` until there are `need` of them. */
  #hold(chunk: Uint8Array, at: number, need: number): number {
    if (this.#held.length < need) {
      const larger = new Uint8Array(Math.max(need, CHUNK_MAX_PACKED));
      larger.set(this.#held.subarray(0, this.#heldSize));
      this.#held = larger;
    }
    const size = Math.min(need - this.#heldSize, chunk.length - at);
    for (let i = 0; i < size; i++) {
      this.#held[this.#heldSize + i] = chunk[at + i];
    }
    this.#heldSize += size;
    return size;
  }

  /** Lets go of the window. */
  close(): void {
    this.#reader.out = NOTHING;
  }
}
