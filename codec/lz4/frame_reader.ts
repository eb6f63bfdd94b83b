/** Reading LZ4 frames; `frame.ts` describes the format. */
import { withRoom } from "../bytes.ts";
import { Xxh32, xxh32 } from "../checksum/xxh32.ts";
import type { Decompressor, Emit, StreamCoder } from "../engine.ts";
import {
  type BlockDecompressor,
  BufferViews,
  copyBytes,
  DOES_NOT_FIT,
  MAX_OFFSET,
  MAX_POSITION,
} from "./block.ts";
import {
  blockDataSize,
  checkContent,
  checkContentSize,
  corrupt,
  corruptBlock,
  FrameHeader,
  MAX_HEADER_SIZE,
  tooLong,
  truncated,
  truncatedHeader,
} from "./frame.ts";

/** Content that matches of a linked block can reach, in bytes. */
const WINDOW_SIZE = MAX_OFFSET + 1;

/** Decompresses whole buffers of frames, with all their checksums checked. */
export class FrameDecompressor implements Decompressor {
  readonly #blocks: BlockDecompressor;
  readonly #header = new FrameHeader();
  readonly #src = new BufferViews();
  readonly #dst = new BufferViews();

  /** Creates a decompressor on top of a decompressor of blocks. */
  constructor(blocks: BlockDecompressor) {
    this.#blocks = blocks;
  }

  /** Decompresses all frames of `src`; see {@linkcode Decompressor.decompress}. */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    first = 0,
    last = src.length,
  ): number | undefined {
    if (src.length > MAX_POSITION) throw tooLong(src.length);
    if (offset > dst.length) return undefined;
    const header = this.#header;
    const origin = this.#src.show(src);
    let p = origin + first;
    const end = origin + last;
    const base = this.#dst.show(dst);
    const start = base + offset;
    const limit = base + Math.min(dst.length, MAX_POSITION - base);
    let at = start;
    let ordinal = 0;
    do {
      const size = header.read(this.#src, p, end, ordinal++);
      if (size < 0) throw truncatedHeader(end - p, ordinal - 1);
      p += size;
      if (header.skip >= 0) {
        if (header.skip > end - p) throw truncated("a skippable frame");
        p += header.skip;
        continue;
      }
      const content = at;
      for (;;) {
        if (end - p < 4) throw truncated("the size of a block");
        const word = this.#src.view.getInt32(p, true);
        p += 4;
        if (word === 0) break;
        const data = blockDataSize(word, header);
        if (data + (header.blockChecksum ? 4 : 0) > end - p) {
          throw truncated("a block");
        }
        at = getBlock(
          this.#blocks,
          header,
          this.#src,
          p,
          p + data,
          word < 0,
          this.#dst,
          at,
          limit,
          header.linked ? content : at,
        );
        if (at < 0) return undefined;
        p += data + (header.blockChecksum ? 4 : 0);
      }
      if (header.contentChecksum) {
        if (end - p < 4) throw truncated("the content checksum");
        checkContent(
          xxh32(this.#dst.view, content, at),
          this.#src.view.getInt32(p, true),
        );
        p += 4;
      }
      checkContentSize(header, at - content);
    } while (p < end);
    return at - start;
  }
}

/**
 * Decompresses one block. Its checksum, if it has one, is at `to`.
 *
 * @returns The position after its content in `dst`, or -1 if it does not fit.
 */
function getBlock(
  blocks: BlockDecompressor,
  header: FrameHeader,
  src: BufferViews,
  from: number,
  to: number,
  stored: boolean,
  dst: BufferViews,
  at: number,
  limit: number,
  low: number,
): number {
  if (
    header.blockChecksum &&
    xxh32(src.view, from, to) !== src.view.getInt32(to, true)
  ) {
    throw corrupt("a block does not match its checksum");
  }
  if (stored) {
    const length = to - from;
    if (length > limit - at) return -1;
    copyBytes(src, from, dst, at, length);
    return at + length;
  }
  const maximum = header.blockMaximum;
  const blockLimit = Math.min(limit, at + maximum);
  const end = blocks.decompressBlock(src, from, to, dst, at, blockLimit, low);
  if (end >= 0) return end;
  if (end === DOES_NOT_FIT && limit - at < maximum) return -1;
  throw corruptBlock(end, header);
}

// The parts of a frame that a FrameDecoder expects.
const HEADER = 0;
const SKIPPED = 1;
const BLOCK_SIZE = 2;
const BLOCK = 3;
const CONTENT_CHECKSUM = 4;

/** Names of the parts in error messages. */
const PART_NAMES = [
  "a frame header",
  "a skippable frame",
  "the size of a block",
  "a block",
  "the content checksum",
];

/** Decompresses a stream of frames that arrives in chunks of any size. */
export class FrameDecoder implements StreamCoder {
  readonly #blocks: BlockDecompressor;
  readonly #header = new FrameHeader();
  readonly #checksum = new Xxh32();
  readonly #chunk = new BufferViews();
  readonly #held = new BufferViews();
  readonly #out = new BufferViews();
  #part = HEADER;
  /** Size of the expected part, as far as it is known. */
  #need = 4;
  /** The beginning of the part, if a chunk ended within it. */
  #buffer: Uint8Array = new Uint8Array(MAX_HEADER_SIZE);
  #count = 0;
  /** The size field of the current block. */
  #word = 0;
  /** Content of the last blocks; matches of linked blocks need the last 64 KiB. */
  #output: Uint8Array = new Uint8Array(4096);
  #end = 0;
  /** Content of the current frame so far, in bytes. */
  #size = 0;
  #frames = 0;

  /** Creates a decoder on top of a decompressor of blocks. */
  constructor(blocks: BlockDecompressor) {
    this.#blocks = blocks;
  }

  /** Takes a chunk of the stream; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    const { length } = chunk;
    let taken = 0;
    while (taken < length) {
      const missing = this.#need - this.#count;
      const size = Math.min(missing, length - taken);
      if (this.#part === SKIPPED) {
        this.#need -= size;
        taken += size;
        if (this.#need === 0) this.#expect(HEADER, 4);
        continue;
      }
      if (this.#count === 0 && size === missing) {
        const from = this.#chunk.show(chunk) + taken;
        taken += size;
        this.#take(this.#chunk, from, from + size, emit);
        continue;
      }
      this.#buffer = withRoom(
        this.#buffer,
        this.#count,
        this.#count + size,
        this.#need,
      );
      this.#buffer.set(chunk.subarray(taken, taken + size), this.#count);
      this.#count += size;
      taken += size;
      if (size < missing) break;
      const from = this.#held.show(this.#buffer);
      const to = from + this.#count;
      this.#count = 0;
      this.#take(this.#held, from, to, emit);
    }
    if (!last) return;
    if (this.#part !== HEADER) throw truncated(PART_NAMES[this.#part]);
    if (this.#count > 0 || this.#frames === 0) {
      throw truncatedHeader(this.#count, this.#frames);
    }
  }

  #expect(part: number, need: number): void {
    this.#part = part;
    this.#need = need;
  }

  /** Handles a complete part. */
  #take(src: BufferViews, from: number, to: number, emit: Emit): void {
    switch (this.#part) {
      case HEADER:
        return this.#takeHeader(src, from, to);
      case BLOCK_SIZE:
        return this.#takeBlockSize(src.view.getInt32(from, true));
      case BLOCK:
        return this.#takeBlock(src, from, to, emit);
      case CONTENT_CHECKSUM:
        checkContent(this.#checksum.digest(), src.view.getInt32(from, true));
        return this.#expect(HEADER, 4);
    }
  }

  #takeHeader(src: BufferViews, from: number, to: number): void {
    const header = this.#header;
    const size = header.read(src, from, to, this.#frames);
    if (size < 0) {
      // The header has more fields: keep its beginning and wait for the rest.
      for (let i = 0; i < to - from; i++) this.#buffer[i] = src.bytes[from + i];
      this.#count = to - from;
      this.#need = -size;
      return;
    }
    this.#frames++;
    if (header.skip === 0) return this.#expect(HEADER, 4);
    if (header.skip > 0) return this.#expect(SKIPPED, header.skip);
    this.#checksum.reset();
    this.#size = 0;
    this.#end = 0;
    this.#expect(BLOCK_SIZE, 4);
  }

  #takeBlockSize(word: number): void {
    const header = this.#header;
    if (word !== 0) {
      this.#word = word;
      const size = blockDataSize(word, header) + (header.blockChecksum ? 4 : 0);
      // A block without data is pointless, but valid.
      if (size > 0) this.#expect(BLOCK, size);
      return;
    }
    checkContentSize(header, this.#size);
    if (header.contentChecksum) this.#expect(CONTENT_CHECKSUM, 4);
    else this.#expect(HEADER, 4);
  }

  #takeBlock(src: BufferViews, from: number, to: number, emit: Emit): void {
    const header = this.#header;
    if (header.blockChecksum) to -= 4;
    const stored = this.#word < 0;
    if (!header.linked) this.#end = 0;
    // A byte of a compressed block stands for at most 255 bytes of content.
    const room = stored ? to - from : (to - from) * 255;
    this.#makeRoom(Math.min(room, header.blockMaximum));
    const base = this.#out.show(this.#output);
    const end = getBlock(
      this.#blocks,
      header,
      src,
      from,
      to,
      stored,
      this.#out,
      base + this.#end,
      base + this.#output.length,
      base,
    ) - base;
    const start = this.#end;
    this.#end = end;
    this.#size += end - start;
    if (header.contentChecksum) {
      this.#checksum.update(this.#out.view, base + start, base + end);
    }
    this.#expect(BLOCK_SIZE, 4);
    if (end > start) emit(this.#output.subarray(start, end));
  }

  /** Makes room for `room` bytes after the last 64 KiB of content. */
  #makeRoom(room: number): void {
    if (this.#end + room <= this.#output.length) return;
    const kept = Math.min(this.#end, WINDOW_SIZE);
    const window = this.#output.subarray(this.#end - kept, this.#end);
    // Extra room, so that the window is not moved for every block.
    const size = this.#header.linked ? kept + room + WINDOW_SIZE : room;
    if (size > this.#output.length) this.#output = new Uint8Array(size);
    this.#output.set(window);
    this.#end = kept;
  }
}
