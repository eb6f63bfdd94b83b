/**
 * gzip: RFC 1952 (members: section 2.2, headers: 2.3) around deflate (RFC 1951).
 *
 * Engines: the runtime's zlib, and fflate (`fflate.ts`) where there is none.
 *
 * Tested against gzip 1.12 in both directions and at every level
 * (tests/codec/reference_test.ts), files of the original Go program
 * (tests/fixtures), and each engine against the other (tests/codec/codec_test.ts).
 *
 * To be deleted: the fflate engine, when `CompressionStream` or its successor is
 * synchronous in browsers.
 *
 * @module
 */
import type { Engine } from "../engine.ts";
import type { NativeDecoderOptions } from "../native/coders.ts";
import { nativeEngine, oneShotEngine } from "../native/engines.ts";
import { IS_DENO, type NativeOptions, zlib } from "../native/zlib.ts";

function encoderOptions(level: number): NativeOptions {
  const { createGzip, constants } = zlib!;
  return {
    codec: "gzip",
    createStream: () => createGzip({ level }),
    process: constants.Z_NO_FLUSH,
    finish: constants.Z_FINISH,
    // Node's zlib sometimes finds other matches, depending on earlier documents.
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

function createEngines(): Engine[] {
  if (zlib === undefined) return [];
  const { gunzipSync, gzipSync } = zlib;
  const native = nativeEngine({
    encoderOptions,
    decoderOptions,
    compressOnce: (data, level) => gzipSync(data, { level }),
    decompressSync: gunzipSync,
  });
  return [native, oneShotEngine(native)];
}

/** Engines of gzip, the preferred one first. */
export const engines: readonly Engine[] = createEngines();
