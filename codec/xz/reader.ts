import { readUint32 } from "../bytes.ts";
import { crc32 } from "../checksum/crc32.ts";
import { type Emit, PIECE_SIZE } from "../engine.ts";
import { XZ_MAGIC } from "../magic.ts";
import { trailingData } from "../errors.ts";
import { BlockHeader } from "./block_header.ts";
import { Check } from "./check.ts";
import {
  CONTROL_END,
  CONTROL_LZMA,
  CONTROL_LZMA_DICT,
  CONTROL_LZMA_PROPS,
  CONTROL_LZMA_STATE,
  CONTROL_STORED,
  CONTROL_STORED_RESET,
  corrupt,
  FOOTER_MAGIC,
  HEADER_SIZE,
} from "./format.ts";
import { IndexCheck } from "./index_check.ts";
import { LzmaDecoder } from "./lzma_decode.ts";
import { CHUNK_MAX_UNPACKED } from "./lzma_model.ts";

// The element that the reader expects next. The size of every element is known
// before it is read, so whole buffers and streams of small chunks are read alike.
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

/** Names of the elements in error messages. */
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

/** First size of a stream's window. */
const WINDOW_MIN = 1 << 16;
/**
 * Largest window of a stream, in bytes. Data with a larger dictionary is rejected
 * if it refers to bytes farther back.
 */
const WINDOW_MAX = 0x4000_0000;

const NOTHING = new Uint8Array(0);

/**
 * Reads xz files element by element: `need` is the size of the next element, and
 * {@linkcode XzReader.step} reads it.
 *
 * Without `emit`, output goes to the given array, which is also the dictionary.
 * With `emit`, output goes to a window that grows with the data.
 */
export class XzReader {
  /** Size of the next element, in bytes. */
  need = 4;
  /** Where output goes. */
  out: Uint8Array = NOTHING;
  /** Position in `out` of the next output. */
  pos = 0;
  /** Receives the output of streams. */
  emit: Emit | null = null;

  #state = STREAM_START;
  #streams = 0;

  // The stream.
  readonly #flags = new Uint8Array(2);
  readonly #index = new IndexCheck();

  // The block.
  #firstByteCrc = 0;
  #headerSize = 0;
  readonly #header = new BlockHeader();
  #packed = 0;
  #unpacked = 0;
  #blockStart = 0;
  readonly #check = new Check();

  // LZMA2.
  readonly #lzma = new LzmaDecoder();
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
      throw trailingData("xz", left);
    }
    corrupt(`unexpected end of data in ${STATE_NAMES[this.#state]}`);
  }

  /**
   * Reads the next element, at `at` of `src`.
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
          this.#expect(INDEX_COUNT, this.#index.begin(this.#firstByteCrc));
        } else {
          this.#headerSize = (src[at] + 1) * 4;
          this.#expect(BLOCK_HEADER, this.#headerSize - 1);
        }
        return true;
      case BLOCK_HEADER:
        this.#readBlockHeader(src, at);
        return true;
      case INDEX_COUNT:
        this.#index.readCount(src, at);
        this.#expectIndexRecords();
        return true;
      case INDEX_RECORDS:
        this.#index.readRecords(src, at, at + this.need);
        this.#expectIndexRecords();
        return true;
      case INDEX_END:
        this.#index.readEnd(src, at);
        this.#expect(FOOTER, HEADER_SIZE);
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

  #readStart(src: Uint8Array, at: number): void {
    if (this.#streams > 0 && readUint32(src, at) === 0) return;
    for (let i = 0; i < 4; i++) {
      if (src[at + i] !== XZ_MAGIC[i]) {
        corrupt(
          this.#streams === 0
            ? "it does not begin with the magic number of xz"
            : "unexpected data after the end of the stream",
        );
      }
    }
    this.#expect(STREAM_HEADER, HEADER_SIZE - 4);
  }

  #readHeader(src: Uint8Array, at: number): void {
    if (src[at] !== XZ_MAGIC[4] || src[at + 1] !== XZ_MAGIC[5]) {
      corrupt("it does not begin with the magic number of xz");
    }
    if (crc32(src, at + 2, at + 4) !== readUint32(src, at + 4)) {
      corrupt("the stream header does not match its checksum");
    }
    this.#flags[0] = src[at + 2];
    this.#flags[1] = src[at + 3];
    if (src[at + 2] !== 0 || !this.#check.choose(src[at + 3])) {
      const flags = src[at + 2] << 8 | src[at + 3];
      corrupt(`unknown stream flags 0x${flags.toString(16)}`);
    }
    this.#index.reset();
    this.#expect(BLOCK_OR_INDEX, 1);
  }

  #expectIndexRecords(): void {
    const { nextPiece, endSize } = this.#index;
    if (nextPiece > 0) this.#expect(INDEX_RECORDS, nextPiece);
    else this.#expect(INDEX_END, endSize);
  }

  #readFooter(src: Uint8Array, at: number): void {
    if (src[at + 10] !== FOOTER_MAGIC[0] || src[at + 11] !== FOOTER_MAGIC[1]) {
      corrupt("the footer does not end with its magic number");
    }
    if (crc32(src, at + 4, at + 10) !== readUint32(src, at)) {
      corrupt("the footer does not match its checksum");
    }
    if (
      readUint32(src, at + 4) !== this.#index.size / 4 - 1 ||
      src[at + 8] !== this.#flags[0] || src[at + 9] !== this.#flags[1]
    ) {
      corrupt("the footer does not match the stream");
    }
    this.#streams++;
    this.#expect(STREAM_START, 4);
  }

  #readBlockHeader(src: Uint8Array, at: number): void {
    this.#header.read(src, at, at + this.need, this.#firstByteCrc);
    this.#packed = 0;
    this.#unpacked = 0;
    this.#blockStart = this.pos;
    this.#needDictReset = true;
    this.#needProps = true;
    this.#check.reset();
    this.#expect(CHUNK_CONTROL, 1);
  }

  #readBlockEnd(src: Uint8Array, at: number): void {
    const padding = this.need - this.#check.size;
    for (let i = 0; i < padding; i++) {
      if (src[at + i] !== 0) corrupt("the padding of a block is not zero");
    }
    const { packed, unpacked, delta } = this.#header;
    if (
      packed >= 0 && packed !== this.#packed ||
      unpacked >= 0 && unpacked !== this.#unpacked
    ) {
      corrupt("a block does not match the sizes in its header");
    }
    if (delta !== null && this.emit === null) {
      delta.decode(this.out, this.#blockStart, this.pos);
      this.#check.update(this.out, this.#blockStart, this.pos);
    }
    if (!this.#check.matches(src, at + padding)) {
      corrupt("a block does not match its checksum");
    }
    const unpadded = this.#headerSize + this.#packed + this.#check.size;
    this.#index.addBlock(unpadded, this.#unpacked);
    this.#expect(BLOCK_OR_INDEX, 1);
  }

  #readControl(control: number): void {
    this.#packed++;
    if (control === CONTROL_END) {
      this.#expect(BLOCK_END, (-this.#packed & 3) + this.#check.size);
      return;
    }
    if (control > CONTROL_STORED && control < CONTROL_LZMA) {
      corrupt("unknown kind of chunk in a block");
    }
    if (control >= CONTROL_LZMA_DICT || control === CONTROL_STORED_RESET) {
      this.#needDictReset = false;
      this.#needProps = true;
      // All output of a stream so far has been emitted.
      if (this.emit !== null) this.pos = 0;
      this.#dictStart = this.pos;
      this.#phase = -this.pos & 15;
    } else if (this.#needDictReset) {
      corrupt("a block does not begin with a dictionary reset");
    }
    this.#control = control;
    if (control < CONTROL_LZMA) {
      this.#expect(STORED_CHUNK_HEADER, 2);
    } else if (control >= CONTROL_LZMA_PROPS) {
      this.#needProps = false;
      this.#expect(LZMA_CHUNK_HEADER, 5);
    } else if (this.#needProps) {
      corrupt("a block does not begin with the properties of its chunks");
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
      this.#header.dictSize,
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

  /** Adds the output up to `end` to the checksum, and emits it. */
  #finishChunk(end: number): void {
    const start = this.pos;
    this.pos = end;
    this.#packed += this.need;
    this.#unpacked += end - start;
    this.#expect(CHUNK_CONTROL, 1);

    const { emit, out } = this;
    const { delta } = this.#header;
    if (emit === null) {
      // The filter is decoded at the end of the block: until then, the filtered
      // bytes are the dictionary.
      if (delta === null) this.#check.update(out, start, end);
      return;
    }
    for (let at = start; at < end; at += PIECE_SIZE) {
      let piece = out.subarray(at, Math.min(at + PIECE_SIZE, end));
      if (delta !== null) piece = delta.decoded(piece);
      this.#check.update(piece, 0, piece.length);
      emit(piece);
    }
  }

  /** Makes room for `size` more bytes in the window of a stream. */
  #makeRoom(size: number): void {
    const { out, pos } = this;
    if (size <= out.length - pos) return;
    const dictSize = Math.min(this.#header.dictSize, WINDOW_MAX);
    const keep = Math.min(pos - this.#dictStart, dictSize);
    // The decoder uses the lowest 4 bits of the position, so the window moves by
    // multiples of 16.
    const from = pos - keep & ~15;
    // The full size has enough room beside the dictionary to make moving it to the
    // front cheap per byte.
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
