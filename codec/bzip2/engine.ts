/**
 * bzip2. The format has no official specification, only the source of bzip2 1.0 and
 * a description by Joe Tsai (dsnet/compress, doc/bzip2-format.pdf). All is read but
 * randomized blocks.
 *
 * All working memory belongs to the compressor or decompressor, grows to what the
 * documents need, and is reused. `format.ts` describes the format and its steps.
 *
 * Tested on all test files of bzip2, whole and as streams, against bzip2
 * 1.0.8 in both directions and at every level, and on files of the original Go
 * program (tests/codec/bzip2_test.ts, tests/codec/reference_test.ts).
 *
 * To be deleted: when a library can compress small documents into given memory, or
 * the runtimes have bzip2 (none does).
 *
 * @module
 */
import type { Engine } from "../engine.ts";
import { Bzip2Decoder, Bzip2Decompressor } from "./decode.ts";
import { Bzip2Compressor, Bzip2Encoder } from "./encode.ts";

/**
 * bzip2 in TypeScript, for every runtime.
 *
 * A level, 1 to 9, is the size of a block: `level` times 100,000 bytes. It makes no
 * difference for documents that fit into one block.
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
  createCompressor: (level) => new Bzip2Compressor(level),
  createDecompressor: () => new Bzip2Decompressor(),
  createEncoder: (level) => new Bzip2Encoder(level),
  createDecoder: () => new Bzip2Decoder(),
};

/** Engines of bzip2. */
export const engines: readonly Engine[] = [bzip2Engine];
