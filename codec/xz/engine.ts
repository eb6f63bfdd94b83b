/**
 * xz: The .xz File Format 1.2.1 (streams: section 2, blocks: 3, index: 4, filters:
 * 5.3), around LZMA2 and LZMA (LZMA specification of the LZMA SDK). It writes one
 * stream with CRC-64; it reads every checksum type and the delta filter, but not
 * the filters for executable files.
 *
 * Made for documents of a few kilobytes: everything is reused, and the fixed cost
 * of a document is the reset of some thousand probabilities. `encode.ts`,
 * `decode.ts` and `reader.ts` are the container; `lzma_model.ts` is shared by the
 * LZMA decoder (`lzma_decode.ts`) and encoder (`lzma_encode.ts`), which builds on
 * `lzma_match_finder.ts`, `lzma_prices.ts` and `lzma_range_encoder.ts`.
 *
 * Tested on the test files of XZ Utils, whole and as streams: all but the four that
 * need other filters (a delta filter in a chain, ARM64 twice, PowerPC). Tested
 * against xz 5.4.1 in both directions and at every level, and on files of the
 * original Go program, written by ulikunitz/xz (tests/codec/xz_test.ts,
 * tests/codec/reference_test.ts).
 *
 * To be deleted: when a library can compress small documents into given memory, or
 * the runtimes have xz (none does).
 *
 * @module
 */
import type { Engine } from "../engine.ts";
import { XzDecoder, XzDecompressor } from "./decode.ts";
import { XzCompressor, XzEncoder } from "./encode.ts";

/** xz in TypeScript, for every runtime. */
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
