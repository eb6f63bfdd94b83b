import type { ByteSource } from "./byte_source.ts";
import { FileError } from "../errors.ts";

/** Fewest bytes that are read at a time; asking a browser for a few takes as long as for many. */
const MIN_WINDOW_SIZE = 128 * 1024;

/** Most bytes that are read ahead, where one read follows the other. */
const MAX_WINDOW_SIZE = 4 * 1024 * 1024;

/** What browsers have for this in their workers, and nowhere else. */
interface BlobReader {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/**
 * A file that a user of a browser has picked, or any other blob, as a source of
 * bytes. It is read in slices where it is; gigabytes are no more work than
 * their parts that are looked at. Only for web workers, because only there
 * browsers can wait for a file.
 *
 * @throws {FileError} It is not called in a web worker of a browser. When
 * reading: the file has changed or is gone.
 *
 * @example In a web worker
 * ```ts
 * import { blobSource, DocReader } from "@binfiles/binfiles/doc";
 *
 * function count(file: File): number {
 *   const reader = new DocReader(blobSource(file));
 *   const documents = [...reader.entries()].length;
 *   reader[Symbol.dispose]();
 *   return documents;
 * }
 * ```
 */
export function blobSource(blob: Blob): ByteSource {
  const file = blob instanceof File ? blob.name : undefined;
  const { FileReaderSync } = globalThis as {
    FileReaderSync?: new () => BlobReader;
  };
  if (FileReaderSync === undefined) {
    throw new FileError(
      file ?? "",
      "Cannot read a blob in place: only web workers of browsers have FileReaderSync. " +
        "Do it in a worker, or pass the blob's stream to docStream.",
    );
  }
  return new BlobSource(blob, file, new FileReaderSync());
}

/** Keeps the part of the blob that was read last. */
class BlobSource implements ByteSource {
  readonly size: number;
  readonly file?: string;
  readonly #blob: Blob;
  readonly #reader: BlobReader;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #windowSize = MIN_WINDOW_SIZE;

  constructor(blob: Blob, file: string | undefined, reader: BlobReader) {
    this.size = blob.size;
    if (file !== undefined) this.file = file;
    this.#blob = blob;
    this.#reader = reader;
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    const count = Math.max(0, Math.min(length, this.size - position));
    const start = position - this.#windowStart;
    if (start < 0 || start + count > this.#window.length) {
      this.#load(position, count);
    }
    const at = position - this.#windowStart;
    dst.set(this.#window.subarray(at, at + count), offset);
    return count;
  }

  close(): void {
    this.#window = new Uint8Array(0);
  }

  #load(position: number, count: number): void {
    const start = position - this.#windowStart;
    const follows = start > 0 && start <= this.#window.length;
    this.#windowSize = follows
      ? Math.min(2 * this.#windowSize, MAX_WINDOW_SIZE)
      : MIN_WINDOW_SIZE;
    const end = position + Math.max(count, this.#windowSize);
    try {
      const slice = this.#blob.slice(position, end);
      this.#window = new Uint8Array(this.#reader.readAsArrayBuffer(slice));
    } catch (error) {
      throw new FileError(
        this.file ?? "",
        `Cannot read ${this.file ?? "the blob"}: it has changed or is gone, ` +
          `or may not be read (${(error as Error).message})`,
        { cause: error },
      );
    }
    this.#windowStart = position;
  }
}
