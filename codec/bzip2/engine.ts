/**
 * The bzip2 codec: reads whatever bzip2 writes, and writes what bzip2 reads.
 *
 * It is made for great numbers of small documents. All working memory belongs
 * to the compressor or decompressor, grows to what the documents need, and is
 * reused; nothing is allocated per document.
 *
 * `_bzip2_format.ts` tells how the format works.
 *
 * @module
 */

import type {
  Compressor,
  Decompressor,
  Engine,
  StreamCoder,
} from "../engine.ts";
import { Bzip2Decoder, Bzip2Decompressor } from "./decode.ts";
import { Bzip2Compressor, Bzip2Encoder } from "./encode.ts";
import { OptionError } from "../../pool/errors.ts";

/**
 * bzip2 in plain TypeScript, for every runtime.
 *
 * Levels go from 1 to 9 and say how large a block is: `level` times 100,000
 * bytes. They make no difference to documents that fit into one block.
 *
 * @example Compressing and decompressing a document
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bzip2Engine } from "./engine.ts";
 *
 * const compressor = bzip2Engine.createCompressor!(6);
 * const decompressor = bzip2Engine.createDecompressor!();
 * const document = new TextEncoder().encode("one of very many documents");
 *
 * const compressed = new Uint8Array(256);
 * const size = compressor.compress(document, compressed, 0);
 * const restored = new Uint8Array(document.length);
 * decompressor.decompress(compressed.subarray(0, size), restored, 0);
 * assertEquals(restored, document);
 * ```
 */
export const bzip2Engine: Engine = {
  name: "binfiles",
  kind: "built-in",

  createCompressor(level: number): Compressor {
    return new Bzip2Compressor(checkLevel(level));
  },

  createDecompressor(): Decompressor {
    return new Bzip2Decompressor();
  },

  createEncoder(level: number): StreamCoder {
    return new Bzip2Encoder(checkLevel(level));
  },

  createDecoder(): StreamCoder {
    return new Bzip2Decoder();
  },
};

function checkLevel(level: number): number {
  if (!Number.isInteger(level) || level < 1 || level > 9) {
    throw new OptionError(
      `Cannot compress bzip2 data: the level must be an integer from 1 to 9, received ${level}`,
    );
  }
  return level;
}

/** Engines of bzip2. */
export const engines: readonly Engine[] = [bzip2Engine];
