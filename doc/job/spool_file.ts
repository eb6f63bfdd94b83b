import type { JobControl } from "./shared_state.ts";
import { removeParts } from "../target/temporary.ts";
import { writeFully } from "../target/write_fully.ts";
import { type ByteSource, fileError, nodeFs } from "../source/byte_source.ts";

/** Bytes of each segment but the last. */
const SEGMENT_SIZE = 64 * 1024 * 1024;

/**
 * A long temporary file that is written at one end while it is read at another.
 * It is kept as segments, so that what has been read can be removed: the disk
 * holds what is between the two, however long the whole is.
 */
export class SpoolFile implements Disposable {
  readonly #path: string;
  readonly #flags: number;
  readonly #fs = nodeFs();
  /** The segment that is open; -1 for none. */
  #segment = -1;
  #descriptor = -1;
  /** Segments before this one have been removed. */
  #first = 0;

  /**
   * Opens the file at `path`, which is there already, for reading or writing.
   *
   * @param mode What it is opened for; whoever writes may read, too.
   */
  constructor(path: string, mode: "read" | "write") {
    const { O_RDONLY, O_RDWR, O_CREAT } = this.#fs.constants;
    this.#path = path;
    this.#flags = mode === "read" ? O_RDONLY : O_RDWR | O_CREAT;
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
   * Writes bytes, anywhere behind what has been removed.
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

  /** Gives back the space of what comes before a position, as far as that makes whole segments. */
  removeBefore(position: number): void {
    for (; (this.#first + 1) * SEGMENT_SIZE <= position; this.#first++) {
      if (this.#first === this.#segment) this[Symbol.dispose]();
      // A system that does not let go of open files keeps it until the end.
      try {
        this.#fs.rmSync(this.#pathOf(this.#first), { force: true });
      } catch { /* The end removes whatever is left. */ }
    }
  }

  /** Closes the file. It can still be used: segments are opened as they are needed. */
  [Symbol.dispose](): void {
    if (this.#segment >= 0) this.#fs.closeSync(this.#descriptor);
    this.#segment = -1;
  }

  #pathOf(segment: number): string {
    return `${this.#path}.${segment}`;
  }

  /** Splits a transfer where segments end. */
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
        if (moved === 0) throw new Error("it became shorter than it was");
        done += moved;
      }
    } catch (error) {
      throw fileError(action, this.#path, error);
    }
  }

  #open(segment: number): void {
    this[Symbol.dispose]();
    this.#descriptor = this.#fs
      .openSync(this.#pathOf(segment), this.#flags, 0o600);
    this.#segment = segment;
  }
}

/** Removes a spool file with all its segments. */
export function removeSpool(path: string): void {
  removeParts(path);
  nodeFs().rmSync(path, { force: true });
}

/**
 * Opens the spool file for reading. Reads wait until the bytes are there; the
 * size counts as infinite until it is known.
 *
 * @param path Path of the spool file.
 * @param file Path of the package, for errors.
 */
export function openSpool(
  path: string,
  file: string,
  control: JobControl,
): ByteSource {
  const spool = new SpoolFile(path, "read");
  return {
    file,
    get size() {
      return control.spoolDone ? control.spoolSize : Infinity;
    },
    read(dst, offset, length, position) {
      control.waitForSpool(position + length);
      const available = Math.max(control.spoolSize - position, 0);
      const count = Math.min(length, available);
      spool.read(dst, offset, count, position);
      return count;
    },
    close: () => spool[Symbol.dispose](),
  };
}
