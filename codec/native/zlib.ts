/**
 * The runtime's own zlib, driven through handles that are reset and reused.
 *
 * `gzipSync` and its like create a stream object, a native context and several
 * buffers for every call. The handle inside such a stream can instead be reset
 * and told to write from one buffer directly into another. Node, Deno and Bun
 * share this interface, but it is undocumented. It is therefore used only after
 * a successful round trip (see `probe.ts`), and the engines' one-shot
 * functions use the documented interface.
 *
 * To be deleted when `node:zlib` gets a documented way to reuse a context.
 */
import type NodeZlib from "node:zlib";
import { nodeModule } from "../../pool/runtime.ts";

/** The runtime's `node:zlib`; undefined in browsers. */
export const zlib: typeof NodeZlib | undefined = nodeModule("node:zlib");

/**
 * Deno wraps `writeSync` in a closure that packs its arguments into an array.
 * The native function below it takes the write state as an eighth argument;
 * calling it directly saves a tenth of the time of a small document. Node aborts
 * on an eighth argument.
 */
export const IS_DENO: boolean = "Deno" in globalThis;

/** A parameter with this value keeps its default when a handle is initialized. */
export const DEFAULT_PARAMETER = 0xffff_ffff;

/** The callback that a handle needs for asynchronous writes, of which there are none. */
export function ignoreWrite(): void {}

/** The native part of a zlib stream. */
export interface NativeHandle {
  /** Called with the message when a write fails. */
  onerror: (message: string) => void;
  /** Starts over with the same settings. */
  reset(): void;
  /** Releases the context. */
  close(): void;
  /** Creates a new context in the handle. Its parameters differ between codecs and runtimes. */
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
  on(event: "error", listener: () => void): void;
}

/** The settings of a native context. */
export interface NativeOptions {
  /** Name of the codec, for errors. */
  codec: string;
  /** Creates the stream whose handle is used, with a documented function of `node:zlib`. */
  createStream(): unknown;
  /** Flush flag in the middle of a stream. */
  process: number;
  /** Flush flag at the end of a stream. */
  finish: number;
  /**
   * Prepares a used context for a document of `size` bytes. Default:
   * `handle.reset()`.
   */
  rewind?(handle: NativeHandle, state: Uint32Array, size: number): void;
  /** Whether the output of a used context can depend on earlier documents. */
  remembers?: boolean;
  /** Whether a context can be rewound after a step failed. Default: it cannot. */
  survivesFailure?(): boolean;
}

/** A native context and the outcome of its last step. */
export class NativeContext {
  /** Free bytes left in the destination after a step. */
  free = 0;
  /** Unread bytes left in the source after a step. */
  unread = 0;
  readonly #options: NativeOptions;
  #stream: ZlibStream | undefined;
  #nativeWrite: NativeHandle["writeSync"] | undefined;
  #error: string | undefined;

  /** Creates an object without a native context; the first document creates that. */
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
   * @returns The error message if the step failed. If the context does not
   * survive that, it is closed, and the next {@linkcode NativeContext.rewind}
   * creates a new one.
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
      this.#error = undefined;
      if (!this.#options.survivesFailure?.()) this.close();
      return message;
    }
    this.free = state[0];
    this.unread = state[1];
  }

  /** Releases the native memory. The next document creates a new context. */
  close(): void {
    // Not with destroy(), which keeps the memory until the event loop turns.
    this.#stream?._handle.close();
    this.#stream = undefined;
  }

  #open(): void {
    const stream = this.#options.createStream() as ZlibStream;
    // Errors are reported through the handle. The stream itself is never written to.
    stream.on("error", () => {});
    stream._handle.onerror = (message) => this.#error = message;
    this.#stream = stream;

    if (IS_DENO) {
      this.#nativeWrite = Object.getPrototypeOf(stream._handle).writeSync;
    }
  }
}
