/**
 * The xz codec, written for documents of a few kilobytes: everything is reused
 * from document to document, and what a document costs beside its own bytes is
 * the reset of some thousand probabilities.
 *
 * Where to read on: `_xz_encode.ts` and `_xz_decode.ts` are the container,
 * `_lzma_model.ts` is what LZMA's two sides share, `_lzma_decode.ts` the
 * decoder, `_lzma_encode.ts` the encoder, which rests on
 * `_lzma_match_finder.ts`, `_lzma_prices.ts` and `_lzma_range_encoder.ts`.
 *
 * @module
 */
import { XzDecoder, XzDecompressor } from "./decode.ts";
import { XzCompressor, XzEncoder } from "./encode.ts";
import type { Engine } from "../engine.ts";

/**
 * xz in TypeScript, for every runtime.
 *
 * It writes one stream with CRC-64 checks, as xz does by default. It reads all
 * that xz and Go's ulikunitz/xz write, except filters for executable files.
 * Documents of any size reuse the same compressor.
 */
export const xzEngine: Engine = {
  name: "binfiles",
  kind: "built-in",
  createCompressor: (level) => new XzCompressor(level),
  createDecompressor: () => new XzDecompressor(),
  createEncoder: (level) => new XzEncoder(level),
  createDecoder: () => new XzDecoder(),
};

/** Engines of xz. */
export const engines: readonly Engine[] = [xzEngine];
