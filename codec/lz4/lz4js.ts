/**
 * LZ4 with npm:lz4js for the blocks.
 *
 * lz4js checks neither checksums nor bounds. So every block is measured before
 * lz4js decompresses it, and the frames are read and written by this room.
 *
 * To be deleted: when it is not needed any more as an independent implementation to
 * compare with. `engine.ts` is faster and serves every runtime.
 */

import { readInt32 } from "../bytes.ts";
import { xxh32 } from "../checksum/xxh32.ts";
import type {
  Compressor,
  Decompressor,
  Engine,
  StreamCoder,
} from "../engine.ts";
import { OutputLimitError } from "../errors.ts";
import {
  type BlockCompressor,
  type BlockDecompressor,
  BufferViews,
  copyBytes,
  DOES_NOT_FIT,
  MATCH_FREE_END,
  MAX_POSITION,
} from "./block.ts";
import { putLastLiterals } from "./block_compress.ts";
import { measureBlock } from "./block_decompress.ts";
import { checkContent } from "./frame.ts";
import { measureFrames } from "./frame_measure.ts";
import { FrameDecoder, FrameDecompressor } from "./frame_reader.ts";
import { FrameCompressor, FrameEncoder, maxFrameSize } from "./frame_writer.ts";

/** The functions of `npm:lz4js` that are used. */
export interface Lz4js {
  /** Compresses into a new array. */
  compress(src: Uint8Array): Uint8Array;
  /** Decompresses into a new array. */
  decompress(src: Uint8Array, maxSize?: number): Uint8Array;
  /** Compresses one block to the start of `dst`; 0 when nothing was found to compress. */
  compressBlock(
    src: Uint8Array,
    dst: Uint8Array,
    sIndex: number,
    sLength: number,
    hashTable: Uint32Array,
  ): number;
  /** Decompresses one block, and returns the index after its last byte in `dst`. */
  decompressBlock(
    src: Uint8Array,
    dst: Uint8Array,
    sIndex: number,
    sLength: number,
    dIndex: number,
  ): number;
}

/** Number of entries of the hash table that lz4js expects. */
const HASH_TABLE_SIZE = 65536;
/** From this size on, the frames of lz4js have blocks that are completely full. */
const FULL_BLOCK = 4 << 20;

/** Most bytes that lz4js may allocate in excess when it decompresses. */
const MAX_WASTE = 16 << 20;

class Lz4jsBlockCompressor implements BlockCompressor {
  readonly #lz4js: Lz4js;
  /** For each hash, 1 + the last index of the source that has it. */
  readonly #table = new Uint32Array(HASH_TABLE_SIZE);
  /** The output of lz4js, which does not stop at a limit. */
  #output: Uint8Array = new Uint8Array(4096);
  readonly #compressed = new BufferViews();

  constructor(lz4js: Lz4js) {
    this.#lz4js = lz4js;
  }

  compressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
  ): number {
    const length = to - from;
    const room = length + Math.ceil(length / 255) + 16;
    if (this.#output.length < room) this.#output = new Uint8Array(room);
    this.#compressed.show(this.#output);
    // Old entries would be read as positions in this block.
    this.#table.fill(0);
    let size = this.#lz4js.compressBlock(
      src.bytes,
      this.#output,
      from,
      length,
      this.#table,
    );
    if (size === 0) return -1;
    size = this.#fixEnd(src, from, to, size);
    if (size > limit - at) return -1;
    copyBytes(this.#compressed, 0, dst, at, size);
    return at + size;
  }

  /**
   * Turns a match that begins too close to the end into literals: lz4js allows 10
   * bytes before the end, the format 12, and lz4 rejects such a block if it is
   * completely full.
   *
   * @returns The size of the block in `#output`.
   */
  #fixEnd(src: BufferViews, from: number, to: number, size: number): number {
    const block = this.#output;
    let p = 0, q = from;
    let lastSequence = 0, anchor = from, lastStart = from;
    for (;;) {
      const sequence = p;
      const literalsFrom = q;
      const token = block[p++];
      let length = token >>> 4;
      if (length === 15) {
        do length += block[p]; while (block[p++] === 255);
      }
      p += length;
      q += length;
      if (p >= size) break;
      lastSequence = sequence;
      anchor = literalsFrom;
      lastStart = q;
      p += 2;
      length = token & 15;
      if (length === 15) {
        do length += block[p]; while (block[p++] === 255);
      }
      q += length + 4;
    }
    if (lastStart <= to - MATCH_FREE_END) return size;
    return putLastLiterals(
      src,
      anchor,
      to,
      this.#compressed,
      lastSequence,
      block.length,
    );
  }
}

class Lz4jsBlockDecompressor implements BlockDecompressor {
  readonly #lz4js: Lz4js;

  constructor(lz4js: Lz4js) {
    this.#lz4js = lz4js;
  }

  decompressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
    low: number,
  ): number {
    const size = measureBlock(src, from, to, at - low);
    if (size < 0) return size;
    if (size > limit - at) return DOES_NOT_FIT;
    return this.#lz4js.decompressBlock(
      src.bytes,
      dst.bytes,
      from,
      to - from,
      at,
    );
  }
}

/**
 * Creates the engine `lz4js`. The module is a parameter, so that only its users
 * load it:
 *
 * ```ts
 * const engine = createLz4jsEngine((await import("lz4js")).default);
 * ```
 *
 * lz4js ignores the level.
 */
export function createLz4jsEngine(lz4js: Lz4js): Engine {
  return {
    name: "lz4js",
    kind: "portable",
    createCompressor(): Compressor {
      return new FrameCompressor(new Lz4jsBlockCompressor(lz4js));
    },
    createDecompressor(): Decompressor {
      return new FrameDecompressor(new Lz4jsBlockDecompressor(lz4js));
    },
    createEncoder(): StreamCoder {
      return new FrameEncoder(new Lz4jsBlockCompressor(lz4js));
    },
    createDecoder(): StreamCoder {
      return new FrameDecoder(new Lz4jsBlockDecompressor(lz4js));
    },
    compressOnce(data: Uint8Array): Uint8Array {
      if (data.length < FULL_BLOCK) return lz4js.compress(data);
      // lz4 would reject full blocks of lz4js; see fixEnd().
      const out = new Uint8Array(maxFrameSize(data.length));
      const blocks = new Lz4jsBlockCompressor(lz4js);
      const size = new FrameCompressor(blocks).compress(data, out, 0);
      return out.slice(0, size);
    },
    decompressOnce(data: Uint8Array, limit: number): Uint8Array {
      return decompressOnce(lz4js, data, limit);
    },
  };
}

function decompressOnce(
  lz4js: Lz4js,
  data: Uint8Array,
  limit: number,
): Uint8Array {
  const measured = measureFrames(data);
  const { header } = measured;
  if (measured.size > limit) throw new OutputLimitError("lz4", limit);
  if (measured.frames > 1 || header.skip >= 0 || header.blockChecksum) {
    // lz4js reads one frame only, and no block checksums.
    const out = new Uint8Array(measured.size);
    const blocks = new Lz4jsBlockDecompressor(lz4js);
    new FrameDecompressor(blocks).decompress(data, out, 0);
    return out;
  }
  // Without a size, lz4js trusts the content size in the header, or allocates the
  // block maximum for every block. That is acceptable within limits.
  const bound = Math.max(
    header.contentSize,
    measured.blocks * header.blockMaximum,
  );
  const out = bound - measured.size <= MAX_WASTE && bound <= MAX_POSITION
    ? lz4js.decompress(data)
    : lz4js.decompress(data, measured.size);
  if (header.contentChecksum) {
    const view = new DataView(out.buffer, out.byteOffset, out.length);
    checkContent(xxh32(view, 0, out.length), readInt32(data, data.length - 4));
  }
  return out;
}
