/** Compressors, decompressors and stream coders on top of a native context. */
import {
  type Compressor,
  type Decompressor,
  type Emit,
  PIECE_SIZE,
  type StreamCoder,
} from "../engine.ts";
import {
  CodecError,
  CorruptDataError,
  trailingData,
  unexpectedEnd,
} from "../errors.ts";
import { NativeContext, type NativeOptions } from "./zlib.ts";

/** The settings of a native decoder. */
export interface NativeDecoderOptions extends NativeOptions {
  /** Whether a concatenation of frames is one stream. */
  concatenable: boolean;
  /** Creates a tracker of the stream's structure, if the library does not report a truncated stream. */
  createTracker?(): StreamTracker;
}

/** Follows the structure of a compressed stream without decompressing it. */
export interface StreamTracker {
  /** Starts over. */
  reset(): void;
  /**
   * Takes the next bytes: those of `bytes` from `start` to `end`.
   *
   * @throws {CorruptDataError} They cannot be part of a stream.
   */
  push(bytes: Uint8Array, start?: number, end?: number): void;
  /** Whether the stream may end here. */
  readonly complete: boolean;
}

const NOTHING = new Uint8Array(0);

/** Creates a compressor that reuses one native context. */
export function createNativeCompressor(options: NativeOptions): Compressor {
  const context = new NativeContext(options);
  return {
    compress(src, dst, offset, start = 0, end = src.length) {
      if (offset >= dst.length) return undefined;
      const { finish } = options;
      const size = end - start;
      context.rewind(size);
      const problem = context.write(finish, src, start, size, dst, offset);
      if (problem !== undefined) throw compressionError(options, problem);
      // A full destination may or may not hold all of the output; only a spare byte proves it.
      if (context.free === 0 || context.unread !== 0) return undefined;
      return dst.length - context.free - offset;
    },
    ...(options.remembers && { restart: () => context.close() }),
    close: () => context.close(),
  };
}

/** Creates a compressor of one stream, with a native context of its own. */
export function createNativeEncoder(options: NativeOptions): StreamCoder {
  const context = new NativeContext(options);
  const piece = new Uint8Array(PIECE_SIZE);
  context.rewind(0);
  return {
    push(chunk, last, emit) {
      const flush = last ? options.finish : options.process;
      context.unread = chunk.length;
      do {
        const left = context.unread;
        const read = chunk.length - left;
        const problem = context.write(flush, chunk, read, left, piece, 0);
        if (problem !== undefined) throw compressionError(options, problem);
        emitPiece(piece, context.free, emit);
      } while (context.free === 0 || context.unread > 0);
      if (last) context.close();
    },
    close: () => context.close(),
  };
}

/** Creates a decompressor that reuses one native context. */
export function createNativeDecompressor(
  options: NativeDecoderOptions,
): Decompressor {
  const context = new NativeContext(options);
  const tracker = options.createTracker?.();
  return {
    decompress(src, dst, offset, start = 0, end = src.length) {
      if (offset >= dst.length) return undefined;
      if (start === end) throw unexpectedEnd(options.codec);
      if (tracker !== undefined) {
        tracker.reset();
        tracker.push(src, start, end);
        if (!tracker.complete) throw unexpectedEnd(options.codec);
      }
      const { finish, concatenable } = options;
      let read = start;
      let written = offset;
      do {
        const left = end - read;
        context.rewind(left);
        const problem = context.write(finish, src, read, left, dst, written);
        if (problem !== undefined) {
          throw new CorruptDataError(options.codec, problem);
        }
        written = dst.length - context.free;
        if (context.free === 0) return undefined;
        const { unread } = context;
        if (unread > 0 && (!concatenable || unread === left)) {
          throw trailingData(options.codec, unread);
        }
        read = end - unread;
      } while (read < end);
      return written - offset;
    },
    close: () => context.close(),
  };
}

/** Creates a decompressor of one stream, with a native context of its own. */
export function createNativeDecoder(
  options: NativeDecoderOptions,
): StreamCoder {
  const context = new NativeContext(options);
  const tracker = options.createTracker?.();
  const piece = new Uint8Array(PIECE_SIZE);
  /** Whether the context has read nothing since the last rewind. */
  let fresh = true;
  let empty = true;
  const step = (flush: number, chunk: Uint8Array, read: number, emit: Emit) => {
    const left = chunk.length - read;
    const problem = context.write(flush, chunk, read, left, piece, 0);
    if (problem !== undefined) {
      throw new CorruptDataError(options.codec, problem);
    }
    emitPiece(piece, context.free, emit);
  };
  context.rewind(0);
  return {
    push(chunk, last, emit) {
      tracker?.push(chunk);
      let read = 0;
      while (read < chunk.length) {
        step(options.process, chunk, read, emit);
        const next = chunk.length - context.unread;
        if (context.free > 0 && context.unread > 0) {
          // The frame has ended before the chunk has.
          if (!options.concatenable || (fresh && next === read)) {
            throw trailingData(options.codec, context.unread);
          }
          context.rewind(0);
          fresh = true;
        } else fresh = false;
        read = next;
        empty = false;
        // Output may be left although all input is read.
        while (context.free === 0 && read === chunk.length) {
          step(options.process, chunk, read, emit);
        }
      }
      if (!last) return;
      if (empty || tracker?.complete === false) {
        throw unexpectedEnd(options.codec);
      }
      // The finish flag makes the library check that the stream is complete.
      if (tracker === undefined) step(options.finish, NOTHING, 0, emit);
      context.close();
    },
    close: () => context.close(),
  };
}

/**
 * Whether the context of a decoder can be rewound after a step failed. It has to
 * prove that with each byte of a sample corrupted in turn.
 *
 * @param sample A frame.
 * @param content Its content.
 */
export function survivesFailure(
  options: NativeDecoderOptions,
  sample: Uint8Array,
  content: Uint8Array,
): boolean {
  const context = new NativeContext({
    ...options,
    survivesFailure: () => true,
  });
  const { finish } = options;
  const output = new Uint8Array(content.length + 1);
  let failures = 0;
  try {
    for (let i = 0; i < sample.length; i++) {
      // A copy: slice() of a Buffer is a view.
      const corrupt = new Uint8Array(sample);
      corrupt[i] ^= 0xff;
      context.rewind(sample.length);
      const problem = context.write(
        finish,
        corrupt,
        0,
        sample.length,
        output,
        0,
      );
      if (problem === undefined) continue;
      failures++;
      context.rewind(sample.length);
      if (
        context.write(finish, sample, 0, sample.length, output, 0) !==
          undefined ||
        context.free !== 1 || context.unread !== 0 ||
        content.some((byte, at) => byte !== output[at])
      ) return false;
    }
    return failures > 0;
  } catch {
    return false;
  } finally {
    context.close();
  }
}

function emitPiece(piece: Uint8Array, free: number, emit: Emit): void {
  if (free < piece.length) emit(piece.subarray(0, piece.length - free));
}

function compressionError(
  { codec }: NativeOptions,
  problem: string,
): CodecError {
  return new CodecError(codec, `Cannot compress with ${codec}: ${problem}`);
}
