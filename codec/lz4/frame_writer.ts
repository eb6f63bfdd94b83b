/** Writing LZ4 frames; `frame.ts` describes the format. */
import { withRoom } from "../bytes.ts";
import { Xxh32, xxh32 } from "../checksum/xxh32.ts";
import type { Compressor, Emit, StreamCoder } from "../engine.ts";
import {
  type BlockCompressor,
  BufferViews,
  copyBytes,
  MAX_POSITION,
} from "./block.ts";
import {
  blockMaximum,
  blockMaximumId,
  FLAGS,
  HEADER_SIZE,
  MAGIC_NUMBER,
  STORED,
  tooLong,
  TRAILER_SIZE,
} from "./frame.ts";

/** Checksums of the four headers that can be written, by the number of the block maximum. */
const headerChecksums = new Uint8Array(8);
for (let id = 4; id <= 7; id++) {
  const view = new DataView(Uint8Array.of(FLAGS, id << 4).buffer);
  headerChecksums[id] = xxh32(view, 0, 2) >> 8;
}

/** Largest size of a frame of `length` bytes of content: all blocks are stored. */
export function maxFrameSize(length: number): number {
  const blocks = Math.ceil(length / blockMaximum(blockMaximumId(length)));
  return HEADER_SIZE + 4 * blocks + length + TRAILER_SIZE;
}

function putHeader(dst: BufferViews, at: number, id: number): number {
  dst.view.setInt32(at, MAGIC_NUMBER, true);
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
 * Writes one block: compressed if that makes it smaller, otherwise stored.
 *
 * @returns The position after it, or -1 if it does not fit before `limit`.
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
  // The compressor gives up as soon as it saves nothing.
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

/** Compresses whole buffers, each to a frame with independent blocks and a content checksum. */
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
  ): number | undefined {
    const length = last - first;
    if (length > MAX_POSITION) throw tooLong(length);
    if (dst.length - offset < HEADER_SIZE + TRAILER_SIZE) return undefined;
    let from = this.#src.show(src) + first;
    const base = this.#dst.show(dst);
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
      if (at + 4 > limit) return undefined;
      at = putBlock(this.#blocks, this.#src, from, to, this.#dst, at, limit);
      if (at < 0) return undefined;
      from = to;
    }
    return putTrailer(this.#dst, at, checksum) - start;
  }
}

/** Block maximum of streams, whose length is unknown: 1 MiB. */
const STREAM_BLOCK_ID = 6;
const STREAM_BLOCK = blockMaximum(STREAM_BLOCK_ID);

/** Compresses a stream as one frame, block by block. */
export class FrameEncoder implements StreamCoder {
  readonly #blocks: BlockCompressor;
  readonly #checksum = new Xxh32();
  readonly #chunk = new BufferViews();
  readonly #held = new BufferViews();
  readonly #out = new BufferViews();
  /** Input of the next block. */
  #buffer: Uint8Array = new Uint8Array(4096);
  #count = 0;
  #output: Uint8Array = new Uint8Array(4096);
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
        // A complete block in the chunk needs no copy.
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
    // A stream that ends within its first block gets a smaller block maximum.
    if (this.#count > 0 || !this.#begun) {
      this.#flush(blockMaximumId(this.#count), emit);
    }
    const at = this.#out.show(this.#output);
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
    const from = src.show(block);
    const to = from + block.length;
    const start = this.#out.show(this.#output);
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
