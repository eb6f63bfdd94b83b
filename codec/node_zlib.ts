/**
 * The runtime's own zlib, driven through handles that are reset and reused.
 *
 * `gzipSync` and its kin make a stream object, a native context and a few
 * buffers for every call. The handle inside such a stream can instead be reset
 * and told to write from one buffer straight into another. That interface is
 * shared by Node, Deno and Bun, but is not documented; it is therefore proved
 * by a round trip before it is trusted (see `engines.ts`), and the engines'
 * one-shot functions stay on the documented ones.
 */
import { concatenate, range } from "./bytes.ts";
import type NodeZlib from "node:zlib";
import { nodeModule } from "../pool/runtime.ts";
import type {
  Compressor,
  Decompressor,
  Emit,
  Engine,
  StreamCoder,
} from "./engine.ts";
import { CodecError, CorruptDataError, OutputLimitError } from "./errors.ts";

/** The runtime's `node:zlib`; undefined in browsers. */
export const zlib: typeof NodeZlib | undefined = nodeModule("node:zlib");

/** The native part of a zlib stream. */
export interface NativeHandle {
  /** Called with what went wrong in a write. */
  onerror: (message: string) => void;
  /** Starts over with the same settings. */
  reset(): void;
  /** Makes the context anew. Its parameters differ between codecs and runtimes. */
  // deno-lint-ignore no-explicit-any
  init(...args: any[]): void;
  /** Compresses or decompresses from `src` into `dst`. */
  writeSync(
    flush: number,
    src: Uint8Array,
    srcOffset: number,
    srcLength: number,
    dst: Uint8Array,
    dstOffset: number,
    dstLength: number,
    state?: Uint32Array,
  ): void;
}

/** The parts of a zlib stream that are used here. */
interface ZlibStream {
  _handle: NativeHandle;
  /** After a write: free bytes left in the destination, unread bytes left in the source. */
  _writeState: Uint32Array;
  destroy(): void;
  on(event: "error", listener: () => void): void;
}

/** What tells one use of a native context from another. */
export interface NativeOptions {
  /** Name of the codec, for errors. */
  codec: string;
  /** Makes the stream whose handle is used, by a documented function of `node:zlib`. */
  createStream(): unknown;
  /** Flush flag in the middle of a stream. */
  process: number;
  /** Flush flag at the end of a stream. */
  finish: number;
  /**
   * Makes a used context ready for a document of `size` bytes. Default:
   * `handle.reset()`.
   */
  rewind?(handle: NativeHandle, state: Uint32Array, size: number): void;
  /** Whether what a used context writes can depend on what it wrote before. */
  remembers?: boolean;
}

/** What tells one native decoder from another. */
export interface NativeDecoderOptions extends NativeOptions {
  /** Whether several frames in a row make one stream. */
  concatenable: boolean;
  /** Makes what follows a stream's structure, where the library does not tell whether it ended. */
  createTracker?(): StreamTracker;
}

/** Follows the structure of a compressed stream without decompressing it. */
export interface StreamTracker {
  /** Starts over. */
  reset(): void;
  /**
   * Looks at the next bytes: those of `bytes` from `start` to `end`.
   *
   * @throws {CorruptDataError} They cannot be part of a stream.
   */
  push(bytes: Uint8Array, start?: number, end?: number): void;
  /** Whether a stream may end here. */
  readonly complete: boolean;
}

/** Size of the pieces that stream coders emit, in bytes. */
export const PIECE_SIZE: number = 64 * 1024;

/**
 * Deno wraps `writeSync` in a closure that packs its arguments into an array.
 * The native function below takes the write state as an eighth argument; calling
 * it directly saves a tenth of the time of a small document. Node aborts on an
 * eighth argument.
 */
export const IS_DENO: boolean = "Deno" in globalThis;

/** A parameter with this value keeps its default when a handle is initialised. */
export const DEFAULT_PARAMETER = 0xffff_ffff;

/** What a handle would call after asynchronous writes, of which there are none. */
export function ignoreWrite(): void {}

const NOTHING = new Uint8Array(0);

/** A native context and what it reports. */
class NativeContext {
  /** Free bytes left in the destination after a write. */
  free = 0;
  /** Unread bytes left in the source after a write. */
  unread = 0;
  readonly #options: NativeOptions;
  #stream: ZlibStream | undefined;
  #nativeWrite: NativeHandle["writeSync"] | undefined;
  #error: string | undefined;

  constructor(options: NativeOptions) {
    this.#options = options;
  }

  /** Starts a document of `size` bytes. */
  rewind(size: number): void {
    if (this.#stream === undefined) this.#open();
    const { _handle: handle, _writeState: state } = this.#stream!;
    if (this.#options.rewind === undefined) handle.reset();
    else this.#options.rewind(handle, state, size);
  }

  /**
   * Takes one step and sets `free` and `unread`.
   *
   * @returns What went wrong, if anything. The next
   * {@linkcode NativeContext.rewind} then makes a new context, because some
   * remember their errors.
   */
  write(
    flush: number,
    src: Uint8Array,
    srcOffset: number,
    srcLength: number,
    dst: Uint8Array,
    dstOffset: number,
  ): string | undefined {
    const { _handle: handle, _writeState: state } = this.#stream!;
    const dstLength = dst.length - dstOffset;
    try {
      if (this.#nativeWrite !== undefined) {
        // deno-fmt-ignore
        this.#nativeWrite.call(handle, flush, src, srcOffset, srcLength, dst, dstOffset, dstLength, state);
      } else {
        // deno-fmt-ignore
        handle.writeSync(flush, src, srcOffset, srcLength, dst, dstOffset, dstLength);
      }
    } catch (error) {
      this.#error = (error as Error).message;
    }
    if (this.#error !== undefined) {
      const message = this.#error;
      this.close();
      return message;
    }
    this.free = state[0];
    this.unread = state[1];
  }

  /** Gives the native memory back. The next use makes a new context. */
  close(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#error = undefined;
  }

  #open(): void {
    const stream = this.#options.createStream() as ZlibStream;
    // Errors are reported through the handle; the stream itself is never written to.
    stream.on("error", () => {});
    stream._handle.onerror = (message) => this.#error = message;
    this.#stream = stream;
    if (IS_DENO) {
      this.#nativeWrite = Object.getPrototypeOf(stream._handle).writeSync;
    }
  }
}

/** Makes a compressor that reuses one native context. */
export function createNativeCompressor(options: NativeOptions): Compressor {
  const context = new NativeContext(options);
  return {
    compress(src, dst, offset, start = 0, end = src.length) {
      if (offset >= dst.length) return -1;
      const { finish } = options;
      const size = end - start;
      context.rewind(size);
      const problem = context.write(finish, src, start, size, dst, offset);
      if (problem !== undefined) throw compressionError(options, problem);
      // A full destination may hold all of the output or not: a spare byte proves it.
      if (context.free === 0 || context.unread !== 0) return -1;
      return dst.length - context.free - offset;
    },
    ...(options.remembers && { restart: () => context.close() }),
    close: () => context.close(),
  };
}

/** Makes a compressor of one stream, on a native context of its own. */
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

/** Makes a decompressor that reuses one native context. */
export function createNativeDecompressor(
  options: NativeDecoderOptions,
): Decompressor {
  const context = new NativeContext(options);
  const tracker = options.createTracker?.();
  return {
    decompress(src, dst, offset, start = 0, end = src.length) {
      if (offset >= dst.length) return -1;
      if (start === end) throw cutShort(options);
      if (tracker !== undefined) {
        tracker.reset();
        tracker.push(src, start, end);
        if (!tracker.complete) throw cutShort(options);
      }
      const { finish, concatenable } = options;
      let read = start;
      let written = offset;
      do {
        const left = end - read;
        context.rewind(left);
        const problem = context.write(finish, src, read, left, dst, written);
        if (problem !== undefined) throw malformed(options, problem);
        written = dst.length - context.free;
        if (context.free === 0) return -1;
        const { unread } = context;
        if (unread > 0 && (!concatenable || unread === left)) {
          throw trailing(options, unread);
        }
        read = end - unread;
      } while (read < end);
      return written - offset;
    },
    close: () => context.close(),
  };
}

/** Makes a decompressor of one stream, on a native context of its own. */
export function createNativeDecoder(
  options: NativeDecoderOptions,
): StreamCoder {
  const context = new NativeContext(options);
  const tracker = options.createTracker?.();
  const piece = new Uint8Array(PIECE_SIZE);
  /** Whether the context has taken nothing since it was made ready. */
  let fresh = true;
  let empty = true;
  const step = (flush: number, chunk: Uint8Array, read: number, emit: Emit) => {
    const left = chunk.length - read;
    const problem = context.write(flush, chunk, read, left, piece, 0);
    if (problem !== undefined) throw malformed(options, problem);
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
            throw trailing(options, context.unread);
          }
          context.rewind(0);
          fresh = true;
        } else fresh = false;
        read = next;
        empty = false;
        // Output may be left although all input is taken.
        while (context.free === 0 && read === chunk.length) {
          step(options.process, chunk, read, emit);
        }
      }
      if (!last) return;
      if (empty || tracker?.complete === false) throw cutShort(options);
      // Asking for the end makes the library check that it was reached.
      if (tracker === undefined) step(options.finish, NOTHING, 0, emit);
      context.close();
    },
    close: () => context.close(),
  };
}

function emitPiece(piece: Uint8Array, free: number, emit: Emit): void {
  if (free < piece.length) emit(piece.subarray(0, piece.length - free));
}

function compressionError(options: NativeOptions, problem: string): CodecError {
  return new CodecError(
    options.codec,
    `Cannot compress with ${options.codec}: ${problem}`,
  );
}

/** The error about data that ends too early. */
export function cutShort(options: { codec: string }): CorruptDataError {
  return new CorruptDataError(options.codec, "it is cut short");
}

function malformed(
  options: { codec: string },
  problem: string,
): CorruptDataError {
  return new CorruptDataError(options.codec, problem);
}

function trailing(options: { codec: string }, count: number): CorruptDataError {
  return malformed(
    options,
    `the ${count} bytes after its end are no ${options.codec} data`,
  );
}

/** A one-shot function of `node:zlib`, asked to tell how much it read. */
type OneShot = (
  data: Uint8Array,
  options: { maxOutputLength: number; info: true },
) => unknown;

/** What such a function then returns. */
interface OneShotResult {
  buffer: Uint8Array;
  engine: { bytesWritten: number };
}

/** The largest limit that all runtimes take, in bytes. */
const MAX_OUTPUT_LENGTH = 0xffff_ffff;

/**
 * Runs a one-shot decompression function, once per frame: left to itself it
 * passes over what follows the first frame, or some kinds of it.
 *
 * @throws {OutputLimitError} The output exceeds `limit` bytes.
 * @throws {CorruptDataError} Anything else went wrong.
 */
export function decompressOnceNative(
  { codec, concatenable }: { codec: string; concatenable: boolean },
  data: Uint8Array,
  limit: number,
  decompress: OneShot,
): Uint8Array {
  if (data.length === 0) throw cutShort({ codec });
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
      throw trailing({ codec }, left);
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

/**
 * An engine that keeps to an engine's one-shot functions, for runtimes whose
 * handles do not prove themselves.
 */
export function oneShotEngine(engine: Engine): Engine {
  const { compressOnce, decompressOnce } = engine;
  const write = (result: Uint8Array, dst: Uint8Array, offset: number) => {
    if (result.length > dst.length - offset) return -1;
    dst.set(result, offset);
    return result.length;
  };
  return {
    name: `${engine.name} one-shot`,
    kind: engine.kind,
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
          if (error instanceof OutputLimitError) return -1;
          throw error;
        }
      },
    }),
    compressOnce,
    decompressOnce,
  };
}
