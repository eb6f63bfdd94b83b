/** The engines of a codec of `node:zlib`. */
import { concatenate, range } from "../bytes.ts";
import type { Engine } from "../engine.ts";
import {
  CorruptDataError,
  OutputLimitError,
  trailingData,
  unexpectedEnd,
} from "../errors.ts";
import {
  createNativeCompressor,
  createNativeDecoder,
  createNativeDecompressor,
  createNativeEncoder,
  type NativeDecoderOptions,
  survivesFailure,
} from "./coders.ts";
import { probe } from "./probe.ts";
import type { NativeOptions } from "./zlib.ts";

/** A codec of `node:zlib`. */
export interface NativeCodec {
  /** Settings to compress at a level. */
  encoderOptions(level: number): NativeOptions;
  /** Settings to decompress. */
  decoderOptions(): NativeDecoderOptions;
  /** Compresses with the documented one-shot function. */
  compressOnce(data: Uint8Array, level: number): Uint8Array;
  /** The documented one-shot function to decompress. */
  decompressSync: OneShot;
}

/** A one-shot function of `node:zlib`, called so that it reports how much it read. */
type OneShot = (
  data: Uint8Array,
  options: { maxOutputLength: number; info: true },
) => unknown;

/** What a {@linkcode OneShot} returns. */
interface OneShotResult {
  buffer: Uint8Array;
  engine: { bytesWritten: number };
}

/** A document to be compressed and corrupted; see {@linkcode survivesFailure}. */
const SAMPLE = new TextEncoder().encode("a document, ".repeat(8));

/** The engine that reuses native contexts. */
export function nativeEngine(codec: NativeCodec): Engine {
  const { encoderOptions, compressOnce } = codec;
  let survives: boolean | undefined;
  const decoderOptions = (): NativeDecoderOptions => ({
    ...codec.decoderOptions(),
    survivesFailure: () =>
      survives ??= survivesFailure(
        codec.decoderOptions(),
        compressOnce(SAMPLE, 1),
        SAMPLE,
      ),
  });
  return {
    name: "node:zlib",
    kind: "native",
    probe(level) {
      return probe(this, level);
    },
    createCompressor: (level) => createNativeCompressor(encoderOptions(level)),
    createDecompressor: () => createNativeDecompressor(decoderOptions()),
    createEncoder: (level) => createNativeEncoder(encoderOptions(level)),
    createDecoder: () => createNativeDecoder(decoderOptions()),
    compressOnce,
    decompressOnce: (data, limit) =>
      decompressOnce(decoderOptions(), data, limit, codec.decompressSync),
  };
}

/**
 * The engine that uses only the one-shot functions of another engine, for runtimes
 * whose handles fail their probe.
 */
export function oneShotEngine(engine: Engine): Engine {
  const { compressOnce, decompressOnce } = engine;
  const write = (result: Uint8Array, dst: Uint8Array, offset: number) => {
    if (result.length > dst.length - offset) return undefined;
    dst.set(result, offset);
    return result.length;
  };
  return {
    name: `${engine.name} one-shot`,
    kind: engine.kind,
    probe(level) {
      return probe(this, level);
    },
    createCompressor: (level) => ({
      compress: (src, dst, offset, start = 0, end = src.length) =>
        write(compressOnce!(range(src, start, end), level), dst, offset),
    }),
    createDecompressor: () => ({
      decompress(src, dst, offset, start = 0, end = src.length) {
        const data = range(src, start, end);
        try {
          return write(decompressOnce!(data, dst.length - offset), dst, offset);
        } catch (error) {
          if (error instanceof OutputLimitError) return undefined;
          throw error;
        }
      },
    }),
    compressOnce,
    decompressOnce,
  };
}

/** The largest limit that all runtimes accept, in bytes. */
const MAX_OUTPUT_LENGTH = 0xffff_ffff;

/**
 * Runs a one-shot decompression function, once per frame: by themselves these
 * functions ignore what follows the first frame, or some kinds of it.
 *
 * @throws {OutputLimitError} The output exceeds `limit` bytes.
 * @throws {CorruptDataError} `data` is corrupt.
 */
function decompressOnce(
  { codec, concatenable, createTracker }: NativeDecoderOptions,
  data: Uint8Array,
  limit: number,
  decompress: OneShot,
): Uint8Array {
  if (data.length === 0) throw unexpectedEnd(codec);
  if (createTracker !== undefined) {
    const tracker = createTracker();
    tracker.push(data);
    if (!tracker.complete) throw unexpectedEnd(codec);
  }
  const frames: Uint8Array[] = [];
  let size = 0;
  for (let read = 0; read < data.length;) {
    const room = Math.min(Math.max(limit - size, 1), MAX_OUTPUT_LENGTH);
    const { buffer, engine } = runOneShot(
      codec,
      limit,
      () =>
        decompress(data.subarray(read), { maxOutputLength: room, info: true }),
    );
    size += buffer.length;
    if (size > limit) throw new OutputLimitError(codec, limit);
    frames.push(buffer);
    read += engine.bytesWritten;
    const left = data.length - read;
    if (left > 0 && (!concatenable || engine.bytesWritten === 0)) {
      throw trailingData(codec, left);
    }
  }
  return frames.length === 1 ? frames[0] : concatenate(frames);
}

function runOneShot(
  codec: string,
  limit: number,
  decompress: () => unknown,
): OneShotResult {
  try {
    return decompress() as OneShotResult;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new OutputLimitError(codec, limit);
    }
    throw new CorruptDataError(codec, message, { cause: error });
  }
}
