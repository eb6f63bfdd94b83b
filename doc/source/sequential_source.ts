/** Sequential sources: packages and pipes, with enough history kept to go back a little. */
import type { CodecName } from "../../codec/names.ts";
import { CodecError } from "../../codec/errors.ts";
import { createDecoder, decoderSliceSize } from "../../codec/stream_coders.ts";
import { STANDARD_INPUT_NAME } from "./standard_input.ts";
import {
  type ByteSource,
  descriptorSource,
  fileError,
  nodeFs,
} from "./byte_source.ts";
import { ClosedError, FileError, RecordError } from "../errors.ts";

/** Maximum bytes of a package that are decompressed to detect its records. */
export const MAX_PACKAGE_START = 16 * 1024 * 1024;

/** Bytes per read of the standard input or a package. */
const CHUNK_SIZE = 64 * 1024;

/** Bytes of history, enough to return to the start after detection. */
const HISTORY_SIZE = MAX_PACKAGE_START + 1024 * 1024;

/** Initial size of the buffer, in bytes. */
const INITIAL_CAPACITY = 512 * 1024;

/** Milliseconds between two reads of an input that has no data yet. */
const POLL_INTERVAL = 5;

/** A sequence of bytes. */
interface Feed {
  /** Passes the next bytes to `append`, which must copy them. @returns False at the end. */
  pull(append: (bytes: Uint8Array) => void): boolean;
  /** Releases its resources. */
  close(): void;
}

/**
 * A source over a {@linkcode Feed}. Its size is Infinity until the end is
 * reached. The last {@linkcode HISTORY_SIZE} bytes are kept. Reading further back
 * restarts the feed if that is possible.
 */
class SequentialSource implements ByteSource {
  readonly file: string | undefined;
  size = Infinity;
  readonly #start: () => Feed;
  readonly #underneath: ByteSource | undefined;
  #feed: Feed;
  /** The history, which starts at offset `#from`. */
  #kept = new Uint8Array(INITIAL_CAPACITY);
  #from = 0;
  #length = 0;
  /** Offset of the current read; bytes from here on must not be dropped. */
  #wanted = 0;
  #ended = false;
  /** The error that ended the feed. */
  #failure: unknown;
  #isClosed = false;

  /**
   * @param start Creates a feed from the first byte.
   * @param underneath What `start` reads; closed with this source. Undefined if
   * the feed cannot be restarted.
   */
  constructor(
    file: string | undefined,
    start: () => Feed,
    underneath?: ByteSource,
  ) {
    this.file = file;
    this.#start = start;
    this.#underneath = underneath;
    this.#feed = start();
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    if (this.#isClosed) {
      throw new ClosedError(`read ${this.file ?? "the package"}`, "input");
    }
    if (position < this.#from) this.#goBack(position);
    let done = 0;
    for (;;) {
      this.#wanted = position + done;
      const at = this.#wanted - this.#from;
      if (at < this.#length) {
        const end = Math.min(at + length - done, this.#length);
        dst.set(this.#kept.subarray(at, end), offset + done);
        done += end - at;
      }
      if (done === length) return done;
      if (this.#ended) {
        // The bytes before the failure are returned first.
        if (done === 0 && this.#failure !== undefined) throw this.#failure;
        return done;
      }
      this.#pull();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#feed.close();
    this.#underneath?.close();
  }

  #pull(): void {
    try {
      if (this.#feed.pull((bytes) => this.#append(bytes))) return;
      this.size = this.#from + this.#length;
    } catch (error) {
      this.#failure = error instanceof CodecError
        ? new RecordError(
          `the package is corrupt from here on: ${error.message}`,
          { file: this.file, offset: this.#from + this.#length },
          { cause: error },
        )
        : error;
    }
    this.#ended = true;
  }

  #append(bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.#length + length > this.#kept.length) this.#makeRoom(length);
    this.#kept.set(bytes, this.#length);
    this.#length += length;
  }

  #makeRoom(needed: number): void {
    const end = this.#from + this.#length;
    const keepFrom = Math.min(this.#wanted, end + needed - HISTORY_SIZE, end);
    const dropped = Math.max(keepFrom - this.#from, 0);
    const kept = this.#kept.subarray(dropped, this.#length);
    const capacity = this.#kept.length;
    // Grows unless half of the buffer is free, so that bytes are moved rarely.
    if (2 * (kept.length + needed) > capacity) {
      this.#kept = new Uint8Array(2 * (kept.length + needed));
    }
    this.#kept.set(kept);
    this.#from += dropped;
    this.#length = kept.length;
  }

  #goBack(position: number): void {
    if (this.#underneath === undefined) {
      throw new FileError(
        this.file ?? "",
        `Cannot go back to offset ${position} of ${this.file}: ` +
          "it can be read only once. Save it to a file first.",
      );
    }
    this.#feed.close();
    this.#feed = this.#start();
    this.#from = this.#length = 0;
    this.#ended = false;
    this.#failure = undefined;
  }
}

/**
 * Decompresses a package while it is read. Where the package is corrupt or
 * truncated, reading throws a `RecordError` once the bytes before that have been
 * read. Closing the source closes the package.
 *
 * @param packed The package, which is read sequentially.
 */
export function packageSource(
  packed: ByteSource,
  codec: CodecName,
): ByteSource {
  const sliceSize = decoderSliceSize(codec);
  const chunk = new Uint8Array(CHUNK_SIZE);
  const start = (): Feed => {
    const decoder = createDecoder(codec);
    let isOpen = true;
    let position = 0;
    let length = 0;
    let at = 0;
    return {
      pull(append) {
        if (at === length) {
          length = packed.read(chunk, 0, CHUNK_SIZE, position);
          position += length;
          at = 0;
        }
        const slice = chunk.subarray(at, Math.min(at + sliceSize, length));
        at += slice.length;
        const isLast = slice.length === 0;
        decoder.push(slice, isLast, append);
        return !isLast;
      },
      close() {
        if (isOpen) decoder.close?.();
        isOpen = false;
      },
    };
  };
  return new SequentialSource(packed.file, start, packed);
}

/**
 * Opens the standard input of the process. If it is redirected from a file, it
 * can be read from any position.
 *
 * @throws {FileError} It cannot be read.
 */
export function standardInput(): ByteSource {
  const fs = nodeFs();
  const descriptor = 0;
  try {
    if (fs.fstatSync(descriptor).isFile()) {
      return descriptorSource(STANDARD_INPUT_NAME, descriptor);
    }
  } catch (error) {
    throw fileError("read", STANDARD_INPUT_NAME, error);
  }
  const chunk = new Uint8Array(CHUNK_SIZE);
  const feed: Feed = {
    pull(append) {
      const count = readNow(descriptor, chunk);
      append(chunk.subarray(0, count));
      return count > 0;
    },
    // The process owns the descriptor.
    close() {},
  };
  return new SequentialSource(STANDARD_INPUT_NAME, () => feed);
}

/** Reads what is available, waiting for at least one byte. @returns 0 at the end. */
function readNow(descriptor: number, dst: Uint8Array): number {
  for (;;) {
    try {
      return nodeFs().readSync(descriptor, dst, 0, dst.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Windows reports the end of a pipe as an error.
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") {
        throw fileError("read", STANDARD_INPUT_NAME, error);
      }
      Atomics.wait(
        new Int32Array(new SharedArrayBuffer(4)),
        0,
        0,
        POLL_INTERVAL,
      );
    }
  }
}
