import type { DecompressOptions } from "../codec/compress.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import { ContentReader } from "./format/content_reader.ts";
import { type ByteSource, memorySource } from "./source/byte_source.ts";
import { Doc } from "./doc.ts";
import { openInput } from "./open_input.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "./format/record.ts";
import { RecordScanner } from "./record_scanner.ts";

/** How to read a bin file. */
export interface DocReaderOptions {
  /** Codec of the contents: a name, alias or number. Default: detected. */
  codec?: string | number;
  /** Longest accepted key, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Maximum size of a decompressed document, in bytes. Default: 1 GiB. */
  maxSize?: DecompressOptions["maxSize"];
  /** The pool to use. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** A record, as listed by {@linkcode DocReader.entries}. */
export interface DocEntry {
  /** Offset of the record in the file, in bytes. */
  offset: number;
  /** The key. The caller owns it. */
  key: Uint8Array;
  /** Size of the stored content, in bytes. */
  contentSize: number;
  /** Offset after the record, in bytes. */
  end: number;
}

/**
 * Reads the documents of a bin file, in order or from the offset of any record.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DocReader } from "@binfiles/binfiles/doc";
 *
 * using reader = new DocReader("tests/fixtures/gzip.bin");
 * for (const doc of reader) {
 *   if (doc.name === "hello.txt") assertEquals(doc.content.length, 12);
 * }
 * reader.position = 0;
 * const [first] = reader.entries();
 * assertEquals(first.offset, 0);
 * ```
 */
export class DocReader implements Iterable<Doc>, Disposable {
  readonly #source: ByteSource;
  readonly #scanner: RecordScanner;
  readonly #contents: ContentReader;

  /**
   * Opens a bin file: a path, `-` for the standard input, bytes in memory, or any
   * {@linkcode ByteSource}. A package is decompressed while it is read; offsets
   * are those of the decompressed records, and going far back restarts the
   * decompression.
   *
   * @throws {FileError} The file cannot be opened.
   * @throws {UnknownCodecError | NoEngineError} The codec is unknown or unavailable.
   */
  constructor(
    input: string | Uint8Array | ByteSource,
    options: DocReaderOptions = {},
  ) {
    const {
      keySizeLimit = DEFAULT_KEY_SIZE_LIMIT,
      maxSize,
      pool = globalMemoryPool,
    } = options;
    const { source, codec } = openInput(
      input instanceof Uint8Array ? memorySource(input) : input,
      options,
    );
    this.#source = source;
    let scanner: RecordScanner | undefined;
    try {
      scanner = this.#scanner = new RecordScanner(source, {
        keySizeLimit,
        pool,
      });
      this.#contents = new ContentReader(codec, { maxSize, pool });
    } catch (error) {
      scanner?.[Symbol.dispose]();
      source.close();
      throw error;
    }
  }

  /** Offset of the next record, in bytes. Assign to it to seek. */
  get position(): number {
    return this.#scanner.position;
  }
  set position(offset: number) {
    this.#scanner.position = offset;
  }

  /**
   * Reads the document at {@linkcode DocReader.position} and advances past it.
   *
   * @returns The decompressed document, which the caller owns; undefined at the end.
   * @throws {RecordError} The record is corrupt. The position is unchanged.
   */
  read(): Doc | undefined {
    const scanner = this.#scanner;
    if (!scanner.next()) return undefined;
    try {
      const content = this.#contents.read(scanner, (bytes) => bytes.slice());
      return new Doc(scanner.key().slice(), content);
    } catch (error) {
      scanner.position = scanner.offset;
      throw error;
    }
  }

  /** Reads the documents from {@linkcode DocReader.position} to the end. */
  *[Symbol.iterator](): IterableIterator<Doc> {
    for (let doc = this.read(); doc !== undefined; doc = this.read()) yield doc;
  }

  /**
   * Lists the records from {@linkcode DocReader.position} to the end without
   * decompressing them. Large contents are not read.
   *
   * @throws {RecordError} A record is corrupt.
   */
  *entries(): IterableIterator<DocEntry> {
    const scanner = this.#scanner;
    while (scanner.next()) {
      yield {
        offset: scanner.offset,
        key: scanner.key().slice(),
        contentSize: scanner.contentSize,
        end: scanner.position,
      };
    }
  }

  /** Closes the file and returns its buffers to the pool. Called by `using`. */
  [Symbol.dispose](): void {
    this.#source.close();
    this.#contents[Symbol.dispose]();
    this.#scanner[Symbol.dispose]();
  }
}
