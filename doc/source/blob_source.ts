import type { ByteSource } from "./byte_source.ts";
import { FileError } from "../errors.ts";

/** Minimum bytes per read: in browsers a small read takes as long as this one. */
const MIN_WINDOW_SIZE = 128 * 1024;

/** Maximum bytes per read when reads are sequential. */
const MAX_WINDOW_SIZE = 4 * 1024 * 1024;

/** `FileReaderSync`, which only web workers of browsers have. */
interface BlobReader {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/**
 * Wraps a `Blob`, such as a file picked in a browser, as a
 * {@linkcode ByteSource}. Only the parts that are used are read. Works in web
 * workers of browsers, the only place with synchronous file access.
 *
 * @throws {FileError} It is not called in a web worker of a browser. Reading
 * throws it if the file was changed or removed.
 *
 * @example In a web worker
 * ```ts
 * import { blobSource, DocReader } from "@binfiles/binfiles/doc";
 *
 * function count(file: File): number {
 *   const reader = new DocReader(blobSource(file));
 *   const documents = [...reader.entries()].length;
 *   reader.close();
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
      "Cannot read a blob: FileReaderSync exists only in web workers of browsers. " +
        "Call blobSource in a web worker, or pass blob.stream() to docStream.",
    );
  }
  return new BlobSource(blob, file, new FileReaderSync());
}

/** Reads through a window that grows while reads are sequential. */
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
        `Cannot read ${this.file ?? "the blob"}: it was changed or removed, ` +
          `or permission was denied (${(error as Error).message})`,
        { cause: error },
      );
    }
    this.#windowStart = position;
  }
}
