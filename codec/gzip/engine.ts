import type { Engine } from "../engine.ts";
import {
  createNativeCompressor,
  createNativeDecoder,
  createNativeDecompressor,
  createNativeEncoder,
  decompressOnceNative,
  IS_DENO,
  type NativeDecoderOptions,
  type NativeOptions,
  oneShotEngine,
  zlib,
} from "../node_zlib.ts";

function options(level: number): NativeOptions {
  const { createGzip, constants } = zlib!;
  return {
    codec: "gzip",
    createStream: () => createGzip({ level }),
    process: constants.Z_NO_FLUSH,
    finish: constants.Z_FINISH,
    // Node's zlib finds other matches now and then, depending on earlier documents.
    remembers: !IS_DENO,
  };
}

function decoderOptions(): NativeDecoderOptions {
  const { createGunzip, constants } = zlib!;
  return {
    codec: "gzip",
    createStream: () => createGunzip(),
    process: constants.Z_NO_FLUSH,
    finish: constants.Z_FINISH,
    concatenable: true,
  };
}

const native: Engine = {
  name: "node:zlib",
  kind: "native",
  createCompressor: (level) => createNativeCompressor(options(level)),
  createDecompressor: () => createNativeDecompressor(decoderOptions()),
  createEncoder: (level) => createNativeEncoder(options(level)),
  createDecoder: () => createNativeDecoder(decoderOptions()),
  compressOnce: (data, level) => zlib!.gzipSync(data, { level }),
  decompressOnce: (data, limit) =>
    decompressOnceNative(decoderOptions(), data, limit, zlib!.gunzipSync),
};

/** Engines of gzip, the preferred one first. */
export const engines: readonly Engine[] = zlib === undefined
  ? []
  : [native, oneShotEngine(native)];
