/**
 * Zstandard: RFC 8878 (frames: section 3.1.1, skippable frames: 3.1.2, blocks:
 * 3.1.1.2), with content checksums.
 *
 * Engines: the runtime's zlib, and fzstd (`fzstd.ts`) to read where that has no
 * zstd. `frame.ts` detects truncated frames, which the runtimes accept.
 *
 * Tested on all test files of facebook/zstd, whole and as streams, against zstd
 * 1.5.4 in both directions and at levels 1 to 19 (tests/codec/reference_test.ts),
 * and each engine against the other (tests/codec/codec_test.ts).
 *
 * To be deleted: the fzstd engine, when binfiles has a zstd decoder of its own;
 * the frame tracker, when the runtimes reject truncated frames.
 *
 * @module
 */
import type { Compressor, Engine } from "../engine.ts";
import {
  createNativeCompressor,
  type NativeDecoderOptions,
} from "../native/coders.ts";
import { nativeEngine, oneShotEngine } from "../native/engines.ts";
import {
  DEFAULT_PARAMETER,
  ignoreWrite,
  IS_DENO,
  type NativeOptions,
  zlib,
} from "../native/zlib.ts";
import { ZstdFrameTracker } from "./frame.ts";

/** Documents up to this size are compressed with small tables, in bytes. */
const SMALL_DOCUMENT = 16 * 1024;
/** Levels up to this one use hash tables only, which can be smaller at the same ratio. */
const LAST_HASHING_LEVEL = 4;

function parameters(level: number, small: boolean): Record<number, number> {
  const c = zlib!.constants;
  return {
    [c.ZSTD_c_compressionLevel]: level,
    [c.ZSTD_c_checksumFlag]: 1,
    ...(small && {
      [c.ZSTD_c_windowLog]: 14,
      [c.ZSTD_c_hashLog]: 13,
      [c.ZSTD_c_chainLog]: 13,
    }),
  };
}

function encoderOptions(level: number, small = false): NativeOptions {
  const { createZstdCompress, constants } = zlib!;
  const params = parameters(level, small);
  return {
    codec: "zstd",
    createStream: () => createZstdCompress({ params }),
    process: constants.ZSTD_e_continue,
    finish: constants.ZSTD_e_end,
    ...(!IS_DENO && { rewind: rewindWith(params) }),
  };
}

/** `reset()` of Node and Bun forgets all parameters, so they are set again. */
function rewindWith(
  params: Record<number, number>,
): NativeOptions["rewind"] {
  const last = Math.max(...Object.keys(params).map(Number));
  const values = new Uint32Array(last + 1).fill(DEFAULT_PARAMETER);
  for (const [key, value] of Object.entries(params)) values[+key] = value;
  return (handle, state) => handle.init(values, undefined, state, ignoreWrite);
}

function decoderOptions(): NativeDecoderOptions {
  const { createZstdDecompress, constants } = zlib!;
  return {
    codec: "zstd",
    createStream: () => createZstdDecompress(),
    process: constants.ZSTD_e_continue,
    finish: constants.ZSTD_e_end,
    concatenable: true,
    createTracker: () => new ZstdFrameTracker(),
  };
}

/** Two contexts: clearing tables of 16 KiB instead of 1 MiB makes small documents 15% faster. */
function createCompressor(level: number): Compressor {
  const large = createNativeCompressor(encoderOptions(level));
  if (level < 1 || level > LAST_HASHING_LEVEL) return large;
  const small = createNativeCompressor(encoderOptions(level, true));
  return {
    compress: (src, dst, offset, start = 0, end = src.length) =>
      (end - start <= SMALL_DOCUMENT ? small : large)
        .compress(src, dst, offset, start, end),
    close() {
      small.close?.();
      large.close?.();
    },
  };
}

function createEngines(): Engine[] {
  // Node before 22.15 has a zlib without zstd.
  if (zlib?.createZstdCompress === undefined) return [];
  const { zstdCompressSync, zstdDecompressSync } = zlib;
  const native = {
    ...nativeEngine({
      encoderOptions,
      decoderOptions,
      compressOnce: (data, level) =>
        zstdCompressSync(data, { params: parameters(level, false) }),
      decompressSync: zstdDecompressSync,
    }),
    createCompressor,
  };
  return [native, oneShotEngine(native)];
}

/** Engines of Zstandard, the preferred one first. */
export const engines: readonly Engine[] = createEngines();
