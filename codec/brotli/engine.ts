import type { Engine } from "../engine.ts";
import { brotliEngine } from "./portable.ts";
import {
  createNativeCompressor,
  createNativeDecoder,
  createNativeDecompressor,
  createNativeEncoder,
  decompressOnceNative,
  DEFAULT_PARAMETER,
  ignoreWrite,
  IS_DENO,
  type NativeDecoderOptions,
  type NativeHandle,
  type NativeOptions,
  oneShotEngine,
  zlib,
} from "../node_zlib.ts";

/**
 * Makes a brotli context anew inside its handle, for which no stream object is
 * needed. `reset()` will not do: Node's forgets the quality and goes on at 11,
 * Deno's leaves a context that writes nothing.
 */
function initialise(
  handle: NativeHandle,
  state: Uint32Array,
  parameters: Uint32Array,
): void {
  if (IS_DENO) handle.init(parameters, ignoreWrite);
  else handle.init(parameters, state, ignoreWrite);
}

function defaultParameters(): Uint32Array {
  // One more than the highest number of a parameter in the format's C interface.
  return new Uint32Array(10).fill(DEFAULT_PARAMETER);
}

function options(level: number): NativeOptions {
  const { createBrotliCompress, constants } = zlib!;
  const parameters = defaultParameters();
  parameters[constants.BROTLI_PARAM_QUALITY] = level;
  return {
    codec: "brotli",
    createStream: () =>
      createBrotliCompress({
        params: { [constants.BROTLI_PARAM_QUALITY]: level },
      }),
    process: constants.BROTLI_OPERATION_PROCESS,
    finish: constants.BROTLI_OPERATION_FINISH,
    rewind(handle, state, size) {
      // Told the size, the encoder takes tables that fit it.
      parameters[constants.BROTLI_PARAM_SIZE_HINT] = size;
      initialise(handle, state, parameters);
    },
  };
}

function decoderOptions(): NativeDecoderOptions {
  const { createBrotliDecompress, constants } = zlib!;
  const parameters = defaultParameters();
  return {
    codec: "brotli",
    createStream: () => createBrotliDecompress(),
    process: constants.BROTLI_OPERATION_PROCESS,
    finish: constants.BROTLI_OPERATION_FINISH,
    rewind: (handle, state) => initialise(handle, state, parameters),
    concatenable: false,
  };
}

const native: Engine = {
  name: "node:zlib",
  kind: "native",
  createCompressor: (level) => createNativeCompressor(options(level)),
  createDecompressor: () => createNativeDecompressor(decoderOptions()),
  createEncoder: (level) => createNativeEncoder(options(level)),
  createDecoder: () => createNativeDecoder(decoderOptions()),
  compressOnce: (data, level) =>
    zlib!.brotliCompressSync(data, {
      params: { [zlib!.constants.BROTLI_PARAM_QUALITY]: level },
    }),
  decompressOnce: (data, limit) =>
    decompressOnceNative(
      decoderOptions(),
      data,
      limit,
      zlib!.brotliDecompressSync,
    ),
};

/** Engines of brotli, the preferred one first. */
export const engines: readonly Engine[] = zlib === undefined
  ? [brotliEngine]
  : [native, brotliEngine, oneShotEngine(native)];
