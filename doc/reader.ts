import type { CodecLike, CodecName } from "../codec/names.ts";
import { checkInteger } from "../pool/check.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import { Doc } from "./doc.ts";
import { ClosedError } from "./errors.ts";
import { ContentReader } from "./format/content_reader.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "./format/record.ts";
import { RecordLoader } from "./format/record_loader.ts";
import { openInput } from "./open_input.ts";
import { RecordScanner } from "./record_scanner.ts";
import type { ByteSource } from "./source/byte_source.ts";

/** How to read a bin file. */
export interface DocReaderOptions {
  /** Codec of the contents: a name, alias or number. Default: detected. */
  codec?: CodecLike;
  /** Maximum key size, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Maximum size of a decompressed content, in bytes. Default: 1 GiB. */
  maxSize?: number;
  /**
   * Whether to skip corrupted regions, and to report them in
   * {@linkcode DocReader.skipped}, instead of throwing. Default false.
   */
  skipErrors?: boolean;
  /** Called with each corrupted region when it is skipped. */
  onSkip?(region: SkippedRegion): void;
  /** The pool to use. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** A record, as listed by {@linkcode DocReader.entries}. */
export interface DocEntry {
  /** Offset of the record in the file, in bytes. */
  offset: number;
  /** The key. The caller owns it. */
  key: Uint8Array<ArrayBuffer>;
  /** Size of the stored content, in bytes. */
  contentSize: number;
  /** Offset after the record, in bytes. */
  end: number;
}

/**
 * Reads the documents of a bin file: in order, or from the offset of any record.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DocReader } from "@binfiles/binfiles/doc";
 *
 * using reader = new DocReader("tests/fixtures/gzip.bin");
 * assertEquals(reader.codec, "gzip");
 * for (const doc of reader) {
 *   if (doc.name === "hello.txt") assertEquals(doc.content.length, 12);
 * }
 * assertEquals(reader.position, reader.size);
 * ```
 *
 * @example On Node 22, which has no `using`
 * ```ts
 * import { DocReader } from "@binfiles/binfiles/doc";
 *
 * const reader = new DocReader("tests/fixtures/gzip.bin");
 * try {
 *   for (const doc of reader) console.log(doc.name);
 * } finally {
 *   reader.close();
 * }
 * ```
 */
export class DocReader implements Iterable<Doc>, Disposable {
  /** Codec of the contents, as specified or detected. */
  readonly codec: CodecName;
  /** Package codec of the file; `none` for a plain bin file. */
  readonly packageCodec: CodecName;
  /**
   * Corrupted regions that were skipped so far, in the order in which they were
   * read. Empty without `skipErrors`.
   */
  readonly skipped: readonly SkippedRegion[];
  readonly #options: DocReaderOptions;
  readonly #source: ByteSource;
  readonly #scanner: RecordScanner;
  readonly #contents: ContentReader;
  /** Reads single records; created when it is needed. */
  #direct: DirectReader | undefined;
  #isClosed = false;

  /**
   * Opens a bin file: a path, `-` for the standard input, bytes in memory, or any
   * {@linkcode ByteSource}, which is closed with the reader. A package is
   * decompressed while it is read; offsets are those of the decompressed records,
   * and going far back restarts the decompression.
   *
   * @throws {FileError} The file cannot be opened.
   * @throws {UnknownCodecError | NoEngineError} The codec is unknown or unavailable.
   * @throws {OptionError} A limit is invalid.
   */
  constructor(
    input: string | Uint8Array | ByteSource,
    options: DocReaderOptions = {},
  ) {
    const { keySizeLimit, maxSize, skipErrors, onSkip, pool } = options;
    const { source, codec, packageCodec } = openInput(input, options);
    const skipped: SkippedRegion[] = [];
    this.codec = codec;
    this.packageCodec = packageCodec;
    this.skipped = skipped;
    this.#options = options;
    this.#source = source;
    let scanner: RecordScanner | undefined;
    try {
      scanner = this.#scanner = new RecordScanner(source, {
        keySizeLimit,
        maxSize,
        skipErrors,
        codec,
        pool,
        onSkip(region) {
          skipped.push(region);
          onSkip?.(region);
        },
      });
      this.#contents = new ContentReader(codec, { maxSize, pool });
    } catch (error) {
      scanner?.close();
      source.close();
      throw error;
    }
  }

  /**
   * Size of the records in bytes, the end of the last offset. `Infinity` for a
   * package or a pipe, until its end has been read.
   */
  get size(): number {
    return this.#source.size;
  }

  /**
   * Offset of the next record, in bytes. Set it to an offset of
   * {@linkcode DocReader.entries} or `DocWriter.write`, to read on from there.
   *
   * @throws {OptionError} It is set to something else than 0 or a positive integer.
   */
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
   * @throws {RecordLimitError} The content exceeds `maxSize`. The position is unchanged.
   * @throws {FileError} The file cannot be read.
   * @throws {ClosedError} The reader is closed.
   */
  read(): Doc | undefined {
    const content = this.#nextContent();
    if (content === undefined) return undefined;
    return new Doc(this.#scanner.key().slice(), content.slice());
  }

  /** Reads the documents from {@linkcode DocReader.position} to the end. The caller owns them. */
  *[Symbol.iterator](): IterableIterator<Doc> {
    for (let doc = this.read(); doc !== undefined; doc = this.read()) yield doc;
  }

  /**
   * Reads the documents from {@linkcode DocReader.position} to the end without
   * copying them. Their bytes are valid until the next document is read or the
   * reader is closed: use them at once, or copy them with `slice()`.
   *
   * @throws {RecordError | RecordLimitError} As {@linkcode DocReader.read}.
   * @throws {FileError} The file cannot be read.
   * @throws {ClosedError} The reader is closed.
   *
   * @example
   * ```ts
   * import { mkdtempSync } from "node:fs";
   * import { tmpdir } from "node:os";
   * import { assertEquals } from "@std/assert";
   * import { DocReader, DocWriter } from "@binfiles/binfiles/doc";
   *
   * const path = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
   * using reader = new DocReader("tests/fixtures/gzip.bin");
   * using writer = new DocWriter(path, { codec: "zstd" });
   * for (const doc of reader.borrowed()) writer.write(doc);
   * writer.close();
   * using copy = new DocReader(path);
   * assertEquals([...copy].length, 32);
   * ```
   */
  *borrowed(): IterableIterator<Doc> {
    const scanner = this.#scanner;
    for (;;) {
      const content = this.#nextContent();
      if (content === undefined) return;
      yield new Doc(scanner.key(), content);
    }
  }

  /**
   * Reads the document at an offset, and no more of the file than its record.
   * {@linkcode DocReader.position} is unchanged, and borrowed bytes stay valid.
   *
   * @param offset Offset of its record in bytes, of {@linkcode DocReader.entries}
   * or `DocWriter.write`.
   * @param options The size of the record in bytes, if it is known (`end - offset`
   * of an entry), so that one read is enough. By default a record of more than
   * 4 KiB takes two.
   * @returns The decompressed document, which the caller owns.
   * @throws {RecordError} There is no record at the offset, or it is corrupt,
   * `skipErrors` or not.
   * @throws {RecordLimitError} The content exceeds `maxSize`.
   * @throws {OptionError} The offset or the size is not a positive integer.
   * @throws {FileError} The file cannot be read.
   * @throws {ClosedError} The reader is closed.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { DocReader } from "@binfiles/binfiles/doc";
   *
   * using reader = new DocReader("tests/fixtures/gzip.bin");
   * const entries = [...reader.entries()];
   * const { offset, end } = entries[20];
   * const doc = reader.readAt(offset, { size: end - offset });
   * assertEquals(doc.key, entries[20].key);
   * ```
   */
  readAt(offset: number, { size }: { size?: number } = {}): Doc {
    if (this.#isClosed) throw closed();
    checkInteger("offset", offset, 0);
    if (size !== undefined) checkInteger("size", size, 1);
    this.#direct ??= new DirectReader(this.#source, this.codec, this.#options);
    return this.#direct.read(offset, size);
  }

  /**
   * Lists the records from {@linkcode DocReader.position} to the end without
   * decompressing them. Large contents are not read, unless `skipErrors` is set.
   *
   * @throws {RecordError} A record is corrupt.
   * @throws {ClosedError} The reader is closed.
   */
  *entries(): IterableIterator<DocEntry> {
    const scanner = this.#scanner;
    while (this.#next()) {
      yield {
        offset: scanner.offset,
        key: scanner.key().slice(),
        contentSize: scanner.contentSize,
        end: scanner.position,
      };
    }
  }

  /** Closes the file and returns all memory to the pool. Closing twice does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#direct?.[Symbol.dispose]();
    this.#contents.close();
    this.#scanner.close();
    this.#source.close();
  }

  /** Same as {@linkcode DocReader.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Moves to the next record. @returns False at the end. */
  #next(): boolean {
    if (this.#isClosed) throw closed();
    return this.#scanner.next();
  }

  /** Moves to the next document. @returns Its content, which is borrowed; undefined at the end. */
  #nextContent(): Uint8Array | undefined {
    while (this.#next()) {
      try {
        return this.#contents.read(this.#scanner);
      } catch (error) {
        this.#scanner.reject(error);
      }
    }
    return undefined;
  }
}

/** Reads single documents, with buffers of its own, so that borrowed documents stay valid. */
class DirectReader implements Disposable {
  readonly #record: RecordLoader;
  readonly #contents: ContentReader;

  constructor(
    source: ByteSource,
    codec: CodecName,
    { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, maxSize, pool = globalMemoryPool }:
      DocReaderOptions,
  ) {
    this.#contents = new ContentReader(codec, { maxSize, pool });
    this.#record = new RecordLoader(source, keySizeLimit, pool);
  }

  read(offset: number, size: number | undefined): Doc {
    const record = this.#record;
    record.load(offset, size);
    const content = this.#contents.read(record).slice();
    return new Doc(record.key().slice(), content);
  }

  [Symbol.dispose](): void {
    this.#contents.close();
    this.#record[Symbol.dispose]();
  }
}

function closed(): ClosedError {
  return new ClosedError("read documents", "reader");
}
