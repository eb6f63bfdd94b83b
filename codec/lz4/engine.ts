/**
 * LZ4 in TypeScript: reads and writes the LZ4 frame format.
 *
 * The format of blocks, and how they are compressed, is in `_lz4_block.ts`;
 * what surrounds them is in `_lz4_frame.ts`.
 *
 * @module
 */

import {
  type BlockCompressor,
  blockDecompressor,
  ChainBlockCompressor,
  FastBlockCompressor,
} from "./block.ts";
import {
  FrameCompressor,
  FrameDecoder,
  FrameDecompressor,
  FrameEncoder,
  maxFrameSize,
  measureFrames,
} from "./frame.ts";
import type {
  Compressor,
  Decompressor,
  Engine,
  StreamCoder,
} from "../engine.ts";
import { OutputLimitError } from "../errors.ts";
import { OptionError } from "../../pool/errors.ts";

/** Levels 1 and 2 are the fast ones; from 3 to 9, each looks twice as hard for long matches. */
function blockCompressor(level: number): BlockCompressor {
  if (!Number.isInteger(level) || level < 1 || level > 9) {
    throw new OptionError(
      `Cannot compress lz4 data: the level must be an integer from 1 to 9, received ${level}`,
    );
  }
  return level < 3
    ? new FastBlockCompressor()
    : new ChainBlockCompressor(level);
}

/**
 * LZ4 in plain TypeScript, for every runtime. Nothing is allocated per document.
 *
 * Levels 1 and 2 compress fast. Levels 3 to 9 compress better and slower, and
 * decompress as fast as the others.
 *
 * @example Compressing and decompressing in memory that is reused
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lz4Engine } from "./engine.ts";
 *
 * const compressor = lz4Engine.createCompressor!(1);
 * const decompressor = lz4Engine.createDecompressor!();
 * const document = new TextEncoder().encode("one of very many documents");
 *
 * const compressed = new Uint8Array(256);
 * const size = compressor.compress(document, compressed, 0);
 * const restored = new Uint8Array(document.length);
 * decompressor.decompress(compressed.subarray(0, size), restored, 0);
 * assertEquals(restored, document);
 * ```
 */
export const lz4Engine: Engine = {
  name: "binfiles",
  kind: "built-in",
  createCompressor(level: number): Compressor {
    return new FrameCompressor(blockCompressor(level));
  },
  createDecompressor(): Decompressor {
    return new FrameDecompressor(blockDecompressor);
  },
  createEncoder(level: number): StreamCoder {
    return new FrameEncoder(blockCompressor(level));
  },
  createDecoder(): StreamCoder {
    return new FrameDecoder(blockDecompressor);
  },
  compressOnce(data: Uint8Array, level: number): Uint8Array {
    const out = new Uint8Array(maxFrameSize(data.length));
    const compressor = new FrameCompressor(blockCompressor(level));
    return out.slice(0, compressor.compress(data, out, 0));
  },
  decompressOnce(data: Uint8Array, limit: number): Uint8Array {
    const size = measureFrames(data).size;
    if (size > limit) throw new OutputLimitError("lz4", limit);
    const out = new Uint8Array(size);
    new FrameDecompressor(blockDecompressor).decompress(data, out, 0);
    return out;
  },
};

/** Engines of LZ4. */
export const engines: readonly Engine[] = [lz4Engine];
