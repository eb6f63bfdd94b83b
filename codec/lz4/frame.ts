/**
 * The LZ4 frame format: what surrounds the blocks of {@link ./_lz4_block.ts}.
 *
 * ```text
 * magic number     4 bytes: 04 22 4D 18
 * flags            1 byte: version and what the frame has, see FLAG_…
 * block maximum    1 byte: how large the content of a block can be (bits 4..6)
 * content size     8 bytes, when flagged
 * dictionary id    4 bytes, when flagged
 * header checksum  1 byte: second byte of the XXH32 of flags .. dictionary id
 * blocks           each 4 bytes of size (highest bit: stored uncompressed),
 *                  the data, and when flagged 4 bytes of XXH32 of the data
 * end mark         4 bytes: 00 00 00 00
 * content checksum 4 bytes, when flagged: XXH32 of the uncompressed content
 * ```
 *
 * All numbers are little-endian. Several frames can follow one another, and
 * between them skippable frames: a magic number 50..5F 2A 4D 18, 4 bytes of
 * size, and as many bytes that mean something to someone else.
 */

import {
  type BlockCompressor,
  type BlockDecompressor,
  BufferViews,
  copyBytes,
  CUT_SHORT,
  DOES_NOT_FIT,
  MAX_POSITION,
  measureBlock,
  OFFSET_TOO_FAR,
  ZERO_OFFSET,
} from "./block.ts";
import { Xxh32, xxh32 } from "../checksum/xxh32.ts";
import type { Compressor, Decompressor, Emit, StreamCoder } from "../engine.ts";
import { CodecError, CorruptDataError } from "../errors.ts";

const MAGIC = 0x184d2204;
const LEGACY_MAGIC = 0x184c2102;
const SKIPPABLE_MAGIC = 0x184d2a50;

const FLAG_VERSION = 0x40;
const VERSION_MASK = 0xc0;
const FLAG_INDEPENDENT_BLOCKS = 0x20;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_RESERVED = 0x02;
const FLAG_DICTIONARY = 0x01;

/** Set in a block's size when its data is not compressed. */
const STORED = 0x80000000;

const KIB64 = 65536;
/** How far back matches reach, rounded up to something rounder. */
const WINDOW = KIB64;

/** Size of the headers that are written here. */
const HEADER_SIZE = 7;
/** Size of what follows the last block: end mark and content checksum. */
const TRAILER_SIZE = 8;
/** Size of the largest header there is. */
const MAX_HEADER_SIZE = 19;

/** The block maximum for each number in the header: 4 is 64 KiB, 7 is 4 MiB. */
function blockMaximum(id: number): number {
  return 1 << (8 + 2 * id);
}

/** The smallest block maximum that holds `length` bytes, or the largest. */
function blockMaximumId(length: number): number {
  let id = 4;
  while (id < 7 && length > blockMaximum(id)) id++;
  return id;
}

const FLAGS = FLAG_VERSION | FLAG_INDEPENDENT_BLOCKS | FLAG_CONTENT_CHECKSUM;

/** Header checksums of the four headers that are written here, by block maximum id. */
const headerChecksums = new Uint8Array(8);
for (let id = 4; id <= 7; id++) {
  const view = new DataView(Uint8Array.of(FLAGS, id << 4).buffer);
  headerChecksums[id] = xxh32(view, 0, 2) >> 8;
}

/** The most that a frame of `length` bytes of content can take: all blocks stored. */
export function maxFrameSize(length: number): number {
  const blocks = Math.ceil(length / blockMaximum(blockMaximumId(length)));
  return HEADER_SIZE + 4 * blocks + length + TRAILER_SIZE;
}

function putHeader(dst: BufferViews, at: number, id: number): number {
  dst.view.setInt32(at, MAGIC, true);
  dst.bytes[at + 4] = FLAGS;
  dst.bytes[at + 5] = id << 4;
  dst.bytes[at + 6] = headerChecksums[id];
  return at + HEADER_SIZE;
}

function putTrailer(dst: BufferViews, at: number, checksum: number): number {
  dst.view.setInt32(at, 0, true);
  dst.view.setInt32(at + 4, checksum, true);
  return at + TRAILER_SIZE;
}

/**
 * Writes one block: compressed when that makes it smaller, stored otherwise.
 *
 * @returns The position after it, or -1 when it does not fit before `limit`.
 */
function putBlock(
  blocks: BlockCompressor,
  src: BufferViews,
  from: number,
  to: number,
  dst: BufferViews,
  at: number,
  limit: number,
): number {
  const data = at + 4;
  const length = to - from;
  // Compression gives up as soon as it would not save anything.
  const worthwhile = Math.min(data + length - 1, limit);
  let end = blocks.compressBlock(src, from, to, dst, data, worthwhile);
  if (end >= 0) {
    dst.view.setInt32(at, end - data, true);
    return end;
  }
  end = data + length;
  if (end > limit) return -1;
  dst.view.setInt32(at, length | STORED, true);
  copyBytes(src, from, dst, data, length);
  return end;
}

/** Writes whole buffers as frames: independent blocks, content checksum. */
export class FrameCompressor implements Compressor {
  readonly #blocks: BlockCompressor;
  readonly #src = new BufferViews();
  readonly #dst = new BufferViews();

  /** Creates a compressor on top of a compressor of blocks. */
  constructor(blocks: BlockCompressor) {
    this.#blocks = blocks;
  }

  /** Compresses `src` into one frame; see {@linkcode Compressor.compress}. */
  compress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    first = 0,
    last = src.length,
  ): number {
    const length = last - first;
    if (length > MAX_POSITION) throw tooLong(length);
    if (dst.length - offset < HEADER_SIZE + TRAILER_SIZE) return -1;
    let from = this.#src.see(src) + first;
    const base = this.#dst.see(dst);
    const start = base + offset;
    const limit = base + Math.min(dst.length, MAX_POSITION - base) -
      TRAILER_SIZE;
    const end = from + length;
    const checksum = xxh32(this.#src.view, from, end);
    const id = blockMaximumId(length);
    const maximum = blockMaximum(id);
    let at = putHeader(this.#dst, start, id);
    while (from < end) {
      const to = Math.min(from + maximum, end);
      if (at + 4 > limit) return -1;
      at = putBlock(this.#blocks, this.#src, from, to, this.#dst, at, limit);
      if (at < 0) return -1;
      from = to;
    }
    return putTrailer(this.#dst, at, checksum) - start;
  }
}

/** What the header of a frame says; one object serves any number of frames. */
export class FrameHeader {
  /** Of a skippable frame, the number of bytes to skip; -1 for others. */
  skip = -1;
  /** Whether matches reach into the blocks before. */
  linked = false;
  /** Whether each block is followed by its checksum. */
  blockChecksum = false;
  /** Whether the end mark is followed by the checksum of the content. */
  contentChecksum = false;
  /** Size of the content, or -1 when the header does not say. */
  contentSize = -1;
  /** The largest content that a block can have. */
  blockMaximum = 0;

  /**
   * Reads the header at `at`, checking all of it.
   *
   * @param ordinal How many frames came before; for the error message only.
   * @returns Its size, or, when there are not enough bytes before `end`, minus
   * the number of bytes that there must be at least.
   * @throws {CorruptDataError} There is no header at `at`, or a damaged one.
   */
  read(src: BufferViews, at: number, end: number, ordinal: number): number {
    const { bytes, view } = src;
    const available = end - at;
    if (available < 4) return -4;
    const magic = view.getInt32(at, true);
    this.skip = -1;
    if ((magic & ~0xf) === SKIPPABLE_MAGIC) {
      if (available < 8) return -8;
      this.skip = view.getUint32(at + 4, true);
      return 8;
    }
    if (magic !== MAGIC) throw notAFrame(magic, ordinal);
    if (available < HEADER_SIZE) return -HEADER_SIZE;
    const flags = bytes[at + 4];
    const maximum = bytes[at + 5];
    if ((flags & VERSION_MASK) !== FLAG_VERSION) {
      throw corrupt(`unknown frame version ${flags >> 6}`);
    }
    if ((flags & FLAG_RESERVED) !== 0 || (maximum & 0x8f) !== 0) {
      throw corrupt("reserved bits of the frame header are set");
    }
    if (maximum < 4 << 4) {
      throw corrupt(`the frame header has the block maximum ${maximum >> 4}`);
    }
    let size = HEADER_SIZE;
    if ((flags & FLAG_CONTENT_SIZE) !== 0) size += 8;
    if ((flags & FLAG_DICTIONARY) !== 0) size += 4;
    if (available < size) return -size;
    const checksum = xxh32(view, at + 4, at + size - 1) >> 8 & 0xff;
    if (checksum !== bytes[at + size - 1]) {
      throw corrupt("the checksum of the frame header does not match");
    }
    if ((flags & FLAG_DICTIONARY) !== 0) {
      const id = view.getUint32(at + size - 5, true);
      throw corrupt(`dictionary ${id} is needed, and there are none here`);
    }
    this.linked = (flags & FLAG_INDEPENDENT_BLOCKS) === 0;
    this.blockChecksum = (flags & FLAG_BLOCK_CHECKSUM) !== 0;
    this.contentChecksum = (flags & FLAG_CONTENT_CHECKSUM) !== 0;
    this.blockMaximum = blockMaximum(maximum >> 4);
    this.contentSize = (flags & FLAG_CONTENT_SIZE) === 0
      ? -1
      : view.getUint32(at + 6, true) +
        view.getUint32(at + 10, true) * 0x100000000;
    return size;
  }
}

/** Reads whole buffers of frames, checking every checksum there is. */
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
  ): number {
    if (src.length > MAX_POSITION) throw tooLong(src.length);
    if (offset > dst.length) return -1;
    const header = this.#header;
    const origin = this.#src.see(src);
    let p = origin + first;
    const end = origin + last;
    const base = this.#dst.see(dst);
    const start = base + offset;
    const limit = base + Math.min(dst.length, MAX_POSITION - base);
    let at = start;
    let ordinal = 0;
    do {
      const size = header.read(this.#src, p, end, ordinal++);
      if (size < 0) throw headerCutShort(end - p, ordinal - 1);
      p += size;
      if (header.skip >= 0) {
        if (header.skip > end - p) throw cutShort("a skippable frame");
        p += header.skip;
        continue;
      }
      const content = at;
      for (;;) {
        if (end - p < 4) throw cutShort("the size of a block");
        const word = this.#src.view.getInt32(p, true);
        p += 4;
        if (word === 0) break;
        const data = blockDataSize(word, header);
        if (data + (header.blockChecksum ? 4 : 0) > end - p) {
          throw cutShort("a block");
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
        if (at < 0) return -1;
        p += data + (header.blockChecksum ? 4 : 0);
      }
      if (header.contentChecksum) {
        if (end - p < 4) throw cutShort("the content checksum");
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

/** The size of a block's data from the word before it. */
function blockDataSize(word: number, header: FrameHeader): number {
  const size = word & ~STORED;
  if (size > header.blockMaximum) {
    throw corrupt(
      `a block of ${size} bytes in a frame of blocks of at most ${header.blockMaximum} bytes`,
    );
  }
  return size;
}

/**
 * Reads one block, whose checksum, if there is one, is at `to`.
 *
 * @returns The position after its content in `dst`, or -1 when it does not fit.
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
    throw corrupt("the checksum of a block does not match");
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

/** What {@linkcode measureFrames} finds. */
export interface Measure {
  /** Size of the content in bytes, exact unless a checksum does not match. */
  size: number;
  /** Number of frames, skippable ones included. */
  frames: number;
  /** Number of blocks in all frames. */
  blocks: number;
  /** The header of the last frame. */
  header: FrameHeader;
}

/**
 * Finds the size of the content of all frames in `data` without decompressing
 * them, so that memory for it can be allocated.
 *
 * @throws {CorruptDataError} The frames are malformed or cut short.
 */
export function measureFrames(data: Uint8Array): Measure {
  if (data.length > MAX_POSITION) throw tooLong(data.length);
  const header = new FrameHeader();
  const result = { size: 0, frames: 0, blocks: 0, header };
  const src = new BufferViews();
  let p = src.see(data);
  const end = p + data.length;
  do {
    const size = header.read(src, p, end, result.frames);
    if (size < 0) throw headerCutShort(end - p, result.frames);
    result.frames++;
    p += size;
    if (header.skip >= 0) {
      if (header.skip > end - p) throw cutShort("a skippable frame");
      p += header.skip;
      continue;
    }
    const extra = header.blockChecksum ? 4 : 0;
    let content = 0;
    for (;;) {
      if (end - p < 4) throw cutShort("the size of a block");
      const word = src.view.getInt32(p, true);
      p += 4;
      if (word === 0) break;
      result.blocks++;
      const length = blockDataSize(word, header);
      if (length + extra > end - p) throw cutShort("a block");
      if (word < 0) {
        content += length;
      } else {
        const history = header.linked ? content : 0;
        const size = measureBlock(src, p, p + length, history);
        if (size < 0) throw corruptBlock(size, header);
        if (size > header.blockMaximum) {
          throw corruptBlock(DOES_NOT_FIT, header);
        }
        content += size;
      }
      p += length + extra;
    }
    if (header.contentChecksum) {
      if (end - p < 4) throw cutShort("the content checksum");
      p += 4;
    }
    checkContentSize(header, content);
    result.size += content;
  } while (p < end);
  return result;
}

/** Content per block when the length of the stream is not known: 1 MiB. */
const STREAM_BLOCK_ID = 6;
const STREAM_BLOCK = blockMaximum(STREAM_BLOCK_ID);

/** Compresses a stream as one frame, block by block. */
export class FrameEncoder implements StreamCoder {
  readonly #blocks: BlockCompressor;
  readonly #checksum = new Xxh32();
  readonly #chunk = new BufferViews();
  readonly #held = new BufferViews();
  readonly #out = new BufferViews();
  /** Bytes that wait for their block to become full. */
  #buffer: Uint8Array = new Uint8Array(4096);
  #count = 0;
  #output: Uint8Array = new Uint8Array(4096);
  /** How much of `#output` is waiting to be emitted. */
  #at = 0;
  #begun = false;

  /** Creates an encoder on top of a compressor of blocks. */
  constructor(blocks: BlockCompressor) {
    this.#blocks = blocks;
  }

  /** Takes a chunk of the stream; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    const { length } = chunk;
    let taken = 0;
    while (length - taken > 0) {
      if (this.#count === 0 && length - taken >= STREAM_BLOCK) {
        // A whole block at once needs no copy.
        const block = chunk.subarray(taken, taken + STREAM_BLOCK);
        this.#encode(this.#chunk, block, STREAM_BLOCK_ID, emit);
        taken += STREAM_BLOCK;
        continue;
      }
      const size = Math.min(length - taken, STREAM_BLOCK - this.#count);
      this.#buffer = withRoom(
        this.#buffer,
        this.#count,
        this.#count + size,
        STREAM_BLOCK,
      );
      this.#buffer.set(chunk.subarray(taken, taken + size), this.#count);
      this.#count += size;
      taken += size;
      if (this.#count === STREAM_BLOCK) this.#flush(STREAM_BLOCK_ID, emit);
    }
    if (!last) return;
    // A stream that ends within its first block gets the header that fits it.
    if (this.#count > 0 || !this.#begun) {
      this.#flush(blockMaximumId(this.#count), emit);
    }
    const at = this.#out.see(this.#output);
    putTrailer(this.#out, at, this.#checksum.digest());
    emit(this.#output.subarray(0, TRAILER_SIZE));
  }

  #flush(id: number, emit: Emit): void {
    const block = this.#buffer.subarray(0, this.#count);
    this.#count = 0;
    this.#encode(this.#held, block, id, emit);
  }

  #encode(src: BufferViews, block: Uint8Array, id: number, emit: Emit): void {
    const room = HEADER_SIZE + 4 + block.length;
    if (this.#output.length < room) this.#output = new Uint8Array(room);
    const from = src.see(block);
    const to = from + block.length;
    const start = this.#out.see(this.#output);
    let at = start;
    if (!this.#begun) at = putHeader(this.#out, at, id);
    this.#begun = true;
    if (from < to) {
      this.#checksum.update(src.view, from, to);
      at = putBlock(this.#blocks, src, from, to, this.#out, at, start + room);
    }
    emit(this.#output.subarray(0, at - start));
  }
}

/** `buffer`, or a larger one with the same first `count` bytes when `size` bytes have no room. */
function withRoom(
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

// What a FrameDecoder waits for next.
const HEADER = 0;
const SKIPPED = 1;
const BLOCK_SIZE = 2;
const BLOCK = 3;
const CONTENT_CHECKSUM = 4;

/** How each part is called when a stream ends within it. */
const partNames = [
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
  /** Size of the part, as far as it is known. */
  #need = 4;
  /** The beginning of the part, when a chunk ended within it. */
  #buffer: Uint8Array = new Uint8Array(MAX_HEADER_SIZE);
  #count = 0;
  /** The word before the present block. */
  #word = 0;
  /** The content of the last blocks, of which matches in a linked block need 64 KiB. */
  #output: Uint8Array = new Uint8Array(4096);
  #end = 0;
  /** Content of the present frame so far, in bytes. */
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
        const from = this.#chunk.see(chunk) + taken;
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
      const from = this.#held.see(this.#buffer);
      const to = from + this.#count;
      this.#count = 0;
      this.#take(this.#held, from, to, emit);
    }
    if (!last) return;
    if (this.#part !== HEADER) throw cutShort(partNames[this.#part]);
    if (this.#count > 0 || this.#frames === 0) {
      throw headerCutShort(this.#count, this.#frames);
    }
  }

  #expect(part: number, need: number): void {
    this.#part = part;
    this.#need = need;
  }

  /** Handles a part that has arrived as a whole. */
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
      // The beginning says that there is more: keep it, and wait for the rest.
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
      // A block without any data is pointless, but allowed.
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
    // No byte of a block stands for more than 255 bytes of its content.
    const room = stored ? to - from : (to - from) * 255;
    this.#makeRoom(Math.min(room, header.blockMaximum));
    const base = this.#out.see(this.#output);
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
    const kept = Math.min(this.#end, WINDOW);
    const window = this.#output.subarray(this.#end - kept, this.#end);
    // With more room than asked for, the window is not moved for every block.
    const size = this.#header.linked ? kept + room + WINDOW : room;
    if (size > this.#output.length) this.#output = new Uint8Array(size);
    this.#output.set(window);
    this.#end = kept;
  }
}

function corrupt(reason: string): CorruptDataError {
  return new CorruptDataError("lz4", reason);
}

function cutShort(part: string): CorruptDataError {
  return corrupt(`it is cut short within or before ${part}`);
}

function headerCutShort(available: number, ordinal: number): CorruptDataError {
  if (ordinal === 0 && available === 0) return corrupt("it is empty");
  return ordinal > 0 && available < 4
    ? corrupt("a frame is followed by bytes that are no LZ4 frame")
    : cutShort("a frame header");
}

function corruptBlock(result: number, header: FrameHeader): CorruptDataError {
  switch (result) {
    case CUT_SHORT:
      return corrupt("a block ends within a sequence");
    case ZERO_OFFSET:
      return corrupt("a match with offset 0");
    case OFFSET_TOO_FAR:
      return corrupt("a match from before the first byte");
    default:
      return corrupt(
        `a block has more content than the ${header.blockMaximum} bytes that its frame allows`,
      );
  }
}

function notAFrame(magic: number, ordinal: number): CorruptDataError {
  if (magic === LEGACY_MAGIC) {
    return corrupt(
      "it is in the legacy frame format; recompress it with a current lz4",
    );
  }
  return corrupt(
    ordinal === 0
      ? "it does not begin with an LZ4 frame"
      : "a frame is followed by bytes that are no LZ4 frame",
  );
}

function checkContent(computed: number, stored: number): void {
  if (computed !== stored) {
    throw corrupt("the checksum of the content does not match");
  }
}

function checkContentSize(header: FrameHeader, size: number): void {
  if (header.contentSize >= 0 && header.contentSize !== size) {
    throw corrupt(
      `the frame header announces ${header.contentSize} bytes of content, and there are ${size}`,
    );
  }
}

function tooLong(length: number): CodecError {
  return new CodecError(
    "lz4",
    `Cannot handle ${length} bytes of lz4 data at once: the most is ${MAX_POSITION}. Use a stream instead.`,
  );
}
