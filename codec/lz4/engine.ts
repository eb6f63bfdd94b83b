/**
 * LZ4: the LZ4 Frame Format 1.6 (general structure, frame descriptor, data blocks,
 * skippable frames) around the LZ4 Block Format, both in the folder doc of lz4/lz4.
 * Their sections have no numbers. Dictionaries and the legacy frame format are not
 * supported.
 *
 * `block.ts` describes the block format, `frame.ts` the frame format.
 *
 * Tested against lz4 1.9.4 in both directions and at every level, on files of the
 * original Go program, and against the engine of npm:lz4js
 * (tests/codec/lz4_test.ts, tests/codec/reference_test.ts).
 *
 * To be deleted: when the runtimes have LZ4 (no runtime does).
 *
 * @module
 */

import type { Engine } from "../engine.ts";
import { OutputLimitError } from "../errors.ts";
import type { BlockCompressor } from "./block.ts";
import { ChainBlockCompressor, FastBlockCompressor } from "./block_compress.ts";
import { blockDecompressor } from "./block_decompress.ts";
import { measureFrames } from "./frame_measure.ts";
import { FrameDecoder, FrameDecompressor } from "./frame_reader.ts";
import { FrameCompressor, FrameEncoder, maxFrameSize } from "./frame_writer.ts";

/** Levels 1 and 2 are fast; from 3 to 9, each searches twice as long for matches. */
function blockCompressor(level: number): BlockCompressor {
  return level < 3
    ? new FastBlockCompressor()
    : new ChainBlockCompressor(level);
}

/**
 * LZ4 in TypeScript, for every runtime. Nothing is allocated per document.
 *
 * Levels 1 and 2 compress fast. Levels 3 to 9 compress better and more slowly, and
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
  createCompressor: (level) => new FrameCompressor(blockCompressor(level)),
  createDecompressor: () => new FrameDecompressor(blockDecompressor),
  createEncoder: (level) => new FrameEncoder(blockCompressor(level)),
  createDecoder: () => new FrameDecoder(blockDecompressor),
  compressOnce(data, level) {
    const out = new Uint8Array(maxFrameSize(data.length));
    const compressor = new FrameCompressor(blockCompressor(level));
    return out.slice(0, compressor.compress(data, out, 0));
  },
  decompressOnce(data, limit) {
    const { size } = measureFrames(data);
    if (size > limit) throw new OutputLimitError("lz4", limit);
    const out = new Uint8Array(size);
    new FrameDecompressor(blockDecompressor).decompress(data, out, 0);
    return out;
  },
};

/** Engines of LZ4. */
export const engines: readonly Engine[] = [lz4Engine];
