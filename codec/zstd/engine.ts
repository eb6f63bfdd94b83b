import type { Compressor, Engine } from "../engine.ts";
import {
  createNativeCompressor,
  createNativeDecoder,
  createNativeDecompressor,
  createNativeEncoder,
  cutShort,
  decompressOnceNative,
  DEFAULT_PARAMETER,
  ignoreWrite,
  IS_DENO,
  type NativeDecoderOptions,
  type NativeOptions,
  oneShotEngine,
  zlib,
} from "../node_zlib.ts";
import { ZstdFrameTracker } from "./frame.ts";

/** Documents up to this size are compressed with tables that fit them. */
const SMALL_DOCUMENT = 16 * 1024;
/** Levels up to this one use hash tables only, whose size can be cut without losing ratio. */
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

function options(level: number, small = false): NativeOptions {
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

/** Node's and Bun's `reset()` forgets all parameters, so they are given anew. */
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
  const large = createNativeCompressor(options(level));
  if (level < 1 || level > LAST_HASHING_LEVEL) return large;
  const small = createNativeCompressor(options(level, true));
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

const native: Engine = {
  name: "node:zlib",
  kind: "native",
  createCompressor,
  createDecompressor: () => createNativeDecompressor(decoderOptions()),
  createEncoder: (level) => createNativeEncoder(options(level)),
  createDecoder: () => createNativeDecoder(decoderOptions()),
  compressOnce: (data, level) =>
    zlib!.zstdCompressSync(data, { params: parameters(level, false) }),
  decompressOnce(data, limit) {
    const tracker = new ZstdFrameTracker();
    tracker.push(data);
    if (!tracker.complete) throw cutShort(decoderOptions());
    return decompressOnceNative(
      decoderOptions(),
      data,
      limit,
      zlib!.zstdDecompressSync,
    );
  },
};

/** Engines of Zstandard, the preferred one first. */
export const engines: readonly Engine[] = zlib?.createZstdCompress === undefined
  ? []
  : [native, oneShotEngine(native)];
