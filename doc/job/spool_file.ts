import { type ByteSource, fileError, nodeFs } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";
import { openRegular } from "../target/own_file.ts";
import { openTemporary, removeParts } from "../target/temporary.ts";
import { writeFully } from "../target/write_fully.ts";
import type { SharedState } from "./shared_state.ts";

/** Size of all segments but the last, in bytes. */
const SEGMENT_SIZE = 64 * 1024 * 1024;

/**
 * A temporary file that is written at one end while it is read at another. It
 * consists of segments, so that what has been read can be removed: the disk holds
 * only what is between the two ends.
 */
export class SpoolFile implements Disposable {
  readonly #path: string;
  readonly #mode: "read" | "write";
  readonly #fs = nodeFs();
  /** The open segment; -1 for none. */
  #segment = -1;
  #descriptor = -1;
  /** Segments before this one were removed. */
  #first = 0;

  /**
   * Opens the spool file at `path`, which must exist.
   *
   * @param mode A file opened for writing can be read as well.
   */
  constructor(path: string, mode: "read" | "write") {
    this.#path = path;
    this.#mode = mode;
  }

  /**
   * Reads exactly `length` bytes, which must have been written.
   *
   * @throws {FileError} They cannot be read.
   */
  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): void {
    this.#transfer(
      length,
      position,
      "read",
      (done, count, at) =>
        this.#fs.readSync(this.#descriptor, dst, offset + done, count, at),
    );
  }

  /**
   * Writes bytes at any position that was not removed.
   *
   * @throws {FileError} They cannot be written.
   */
  write(bytes: Uint8Array, position: number): void {
    this.#transfer(
      bytes.length,
      position,
      "write",
      (done, count, at) => {
        writeFully(this.#descriptor, bytes.subarray(done, done + count), at);
        return count;
      },
    );
  }

  /** Removes all segments that end before a position. */
  removeBefore(position: number): void {
    for (; (this.#first + 1) * SEGMENT_SIZE <= position; this.#first++) {
      if (this.#first === this.#segment) this[Symbol.dispose]();
      try {
        this.#fs.rmSync(this.#pathOf(this.#first), { force: true });
      } catch {
        // Windows keeps files that another thread has open. `removeSpool` removes them.
      }
    }
  }

  /** Closes the file. Using it again reopens it. */
  [Symbol.dispose](): void {
    if (this.#segment >= 0) this.#fs.closeSync(this.#descriptor);
    this.#segment = -1;
  }

  #pathOf(segment: number): string {
    return `${this.#path}.${segment}`;
  }

  /** Splits a transfer at the ends of segments. */
  #transfer(
    length: number,
    position: number,
    action: "read" | "write",
    move: (done: number, count: number, at: number) => number,
  ): void {
    try {
      for (let done = 0; done < length;) {
        const segment = Math.floor((position + done) / SEGMENT_SIZE);
        const at = position + done - segment * SEGMENT_SIZE;
        if (segment !== this.#segment) this.#open(segment);
        const count = Math.min(length - done, SEGMENT_SIZE - at);
        const moved = move(done, count, at);
        if (moved === 0) throw new Error("it was truncated");
        done += moved;
      }
    } catch (error) {
      throw error instanceof FileError
        ? error
        : fileError(action, this.#path, error);
    }
  }

  #open(segment: number): void {
    this[Symbol.dispose]();
    const path = this.#pathOf(segment);
    const { O_RDONLY, O_RDWR } = this.#fs.constants;
    this.#descriptor = this.#mode === "read"
      ? openRegular(path, O_RDONLY)
      : openTemporary(path, O_RDWR, 0o600);
    this.#segment = segment;
  }
}

/** Removes a spool file with all its segments. */
export function removeSpool(path: string): void {
  removeParts(path);
  nodeFs().rmSync(path, { force: true });
}

/**
 * Opens a spool file for reading. Reads block until the bytes are there. The size
 * is Infinity until the file is complete.
 *
 * @param file Name of the source in error messages.
 */
export function spoolSource(
  path: string,
  file: string,
  state: SharedState,
): ByteSource {
  const spool = new SpoolFile(path, "read");
  return {
    file,
    get size() {
      return state.spoolDone ? state.spoolSize : Infinity;
    },
    read(dst, offset, length, position) {
      state.waitForSpool(position + length);
      const available = Math.max(state.spoolSize - position, 0);
      const count = Math.min(length, available);
      spool.read(dst, offset, count, position);
      return count;
    },
    close: () => spool[Symbol.dispose](),
  };
}
