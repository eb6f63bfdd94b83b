/**
 * Brotli: RFC 7932 (stream and meta-block headers: sections 9.1 and 9.2, prefix
 * codes: 3, context modeling: 7, static dictionary and transforms: 8 and the
 * appendices A and B).
 *
 * Engines: the runtime's zlib, and a decoder in TypeScript (`decoders.ts`).
 *
 * Tested on all test files of google/brotli, whole and as streams, and against
 * brotli 1.0.9 in both directions and at every level (tests/codec/brotli_test.ts,
 * tests/codec/reference_test.ts).
 *
 * To be deleted: the decoder in TypeScript, when Deno's zlib rejects truncated
 * streams and browsers decompress brotli synchronously.
 *
 * @module
 */
import type { Engine } from "../engine.ts";
import type { NativeDecoderOptions } from "../native/coders.ts";
import { nativeEngine, oneShotEngine } from "../native/engines.ts";
import {
  DEFAULT_PARAMETER,
  ignoreWrite,
  IS_DENO,
  type NativeHandle,
  type NativeOptions,
  zlib,
} from "../native/zlib.ts";
import { BrotliDecompressor, BrotliStreamDecoder } from "./decoders.ts";

/**
 * Creates a new brotli context in a handle, without a new stream object.
 * `reset()` does not work: Node's forgets the quality and continues with 11,
 * Deno's leaves a context that writes nothing.
 */
function initialize(
  handle: NativeHandle,
  state: Uint32Array,
  parameters: Uint32Array,
): void {
  if (IS_DENO) handle.init(parameters, ignoreWrite);
  else handle.init(parameters, state, ignoreWrite);
}

function defaultParameters(): Uint32Array {
  // One more than the highest parameter number in brotli's C interface.
  return new Uint32Array(10).fill(DEFAULT_PARAMETER);
}

function encoderOptions(level: number): NativeOptions {
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
      // Given the size, the encoder allocates tables that fit it.
      parameters[constants.BROTLI_PARAM_SIZE_HINT] = size;
      initialize(handle, state, parameters);
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
    rewind: (handle, state) => initialize(handle, state, parameters),
    concatenable: false,
  };
}

/** Brotli decompression in TypeScript, for every runtime. It does not compress. */
export const brotliEngine: Engine = {
  name: "binfiles",
  kind: "built-in",
  createDecompressor: () => new BrotliDecompressor(),
  createDecoder: () => new BrotliStreamDecoder(),
};

function createEngines(): Engine[] {
  if (zlib === undefined) return [brotliEngine];
  const { brotliCompressSync, brotliDecompressSync, constants } = zlib;
  const native = nativeEngine({
    encoderOptions,
    decoderOptions,
    compressOnce: (data, level) =>
      brotliCompressSync(data, {
        params: { [constants.BROTLI_PARAM_QUALITY]: level },
      }),
    decompressSync: brotliDecompressSync,
  });
  return [native, brotliEngine, oneShotEngine(native)];
}

/** Engines of brotli, the preferred one first. */
export const engines: readonly Engine[] = createEngines();
