import { asFileError, fileError, nodeFs } from "../source/byte_source.ts";
import { openTemporary } from "./temporary.ts";
import { writeFully } from "./write_fully.ts";

/** Where bytes are written, such as a file or memory; the counterpart of `ByteSource`. */
export interface ByteSink {
  /**
   * Writes all of `bytes` at `position`. They are borrowed until the call, or the
   * promise that it returns, is done.
   */
  write(bytes: Uint8Array, position: number): void | Promise<void>;
  /** Completes the output: everything was written. */
  close(): void | Promise<void>;
  /** Discards the output, which is incomplete. Called instead of `close`. */
  abort?(): void | Promise<void>;
}

/**
 * Opens a temporary file for writing at any position; it is created if it does not
 * exist, and not truncated, because other threads may write to it as well.
 *
 * @throws {FileError} It cannot be opened. `write` throws it, too.
 */
export function openFileSink(path: string): ByteSink {
  const fs = nodeFs();
  let descriptor: number;
  try {
    descriptor = openTemporary(path, fs.constants.O_WRONLY, 0o666);
  } catch (error) {
    throw asFileError("write", path, error);
  }
  return {
    write(bytes, position) {
      try {
        writeFully(descriptor, bytes, position);
      } catch (error) {
        throw fileError("write", path, error);
      }
    },
    close: () => fs.closeSync(descriptor),
  };
}

/** Initial capacity of a {@linkcode MemorySink}, in bytes. */
const INITIAL_CAPACITY = 64 * 1024;

/**
 * Collects the output in memory.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { DocReader, MemorySink, repack } from "@binfiles/binfiles/doc";
 *
 * const source = readFileSync("tests/fixtures/gzip.bin");
 * const target = new MemorySink();
 * await repack({ source, target, targetCodec: "lz4" });
 * using reader = new DocReader(target.bytes);
 * assertEquals([...reader].length, 32);
 * ```
 */
export class MemorySink implements ByteSink {
  #memory = new Uint8Array(INITIAL_CAPACITY);
  #length = 0;
  #isClosed = false;

  /** What was written so far: a view, valid until the next `write`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#memory.subarray(0, this.#length);
  }

  /** Copies `bytes` to `position`. */
  write(bytes: Uint8Array, position: number): void {
    if (this.#isClosed) this.abort();
    const end = position + bytes.length;
    if (end > this.#memory.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#memory.length));
      larger.set(this.bytes);
      this.#memory = larger;
    }
    this.#memory.set(bytes, position);
    this.#length = Math.max(this.#length, end);
  }

  /** Completes the output. The next `write` starts another one. */
  close(): void {
    this.#isClosed = true;
  }

  /** Discards what was written. */
  abort(): void {
    this.#length = 0;
    this.#isClosed = false;
  }
}
