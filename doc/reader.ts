import type { DecompressOptions } from "../codec/compress.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import { ContentReader } from "./format/content_reader.ts";
import { type ByteSource, memorySource } from "./source/byte_source.ts";
import { Doc } from "./doc.ts";
import { openInput } from "./open_input.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "./format/record.ts";
import { RecordScanner } from "./format/record_scanner.ts";

/** How to read a bin file. */
export interface DocReaderOptions {
  /** Codec of the contents: a name, alias or number. Default: detected. */
  codec?: string | number;
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Most bytes a document may decompress to. Default: 1 GiB. */
  maxSize?: DecompressOptions["maxSize"];
  /** The pool to work with. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** A record as {@linkcode DocReader.entries} lists it. */
export interface DocEntry {
  /** Offset of the record in the file, in bytes. */
  offset: number;
  /** The key; the caller's to keep. */
  key: Uint8Array;
  /** Size of the content as it is in the file, in bytes. */
  contentSize: number;
  /** Offset behind the record. */
  end: number;
}

/**
 * Reads the documents of a bin file: in order, or from any record's offset.
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
   * Opens a bin file, by its path, or as bytes, or as any source of bytes; `-`
   * is the standard input. A file that is compressed as a whole is unpacked on
   * the way; offsets are those of what it holds, and going far back begins anew.
   *
   * @throws {FileError} The file cannot be opened.
   * @throws {UnknownCodecError | NoEngineError} `options.codec` is no codec, or
   * cannot be read here.
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

  /** Offset of the next record, in bytes. Set it to read from elsewhere. */
  get position(): number {
    return this.#scanner.position;
  }
  set position(offset: number) {
    this.#scanner.position = offset;
  }

  /**
   * Reads the document at {@linkcode DocReader.position} and moves behind it.
   *
   * @returns The document, decompressed, the caller's to keep; undefined at the end.
   * @throws {RecordError} The record is damaged; the position stays.
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

  /** Reads from {@linkcode DocReader.position} to the end. */
  *[Symbol.iterator](): IterableIterator<Doc> {
    for (let doc = this.read(); doc !== undefined; doc = this.read()) yield doc;
  }

  /**
   * Lists the records from {@linkcode DocReader.position} to the end without
   * decompressing them; large contents are not even read.
   *
   * @throws {RecordError} A record is damaged.
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

  /** Closes the file and returns what came from the pool. `using` calls it. */
  [Symbol.dispose](): void {
    this.#source.close();
    this.#contents[Symbol.dispose]();
    this.#scanner[Symbol.dispose]();
  }
}
