import type { LeasedDecompressor } from "../codec/compress.ts";
import {
  type DecompressOptions,
  leaseDecompressor,
  MAX_DOCUMENT_SIZE,
} from "../codec/compress.ts";
import { CodecError, OutputLimitError } from "../codec/errors.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import { type ByteSource, memorySource, openFile } from "./byte_source.ts";
import { detectSource } from "./detect_source.ts";
import { Doc } from "./doc.ts";
import { RecordError } from "./errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT, RecordState, RecordView } from "./record.ts";

/** Bytes that are read ahead of the document that is asked for. */
const WINDOW_SIZE = 256 * 1024;

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
  /** Offset of the next record, in bytes. Set it to read from elsewhere. */
  position = 0;
  readonly #source: ByteSource;
  readonly #record: RecordView;
  readonly #decompressor: LeasedDecompressor;
  readonly #codec: string | number;
  readonly #maxSize: number;
  readonly #pool: MemoryPool;
  /** Bytes of the source, from `#windowStart` on. */
  #window: Uint8Array;
  #windowStart = 0;
  #windowLength = 0;

  /**
   * Opens a bin file, by its path, or as bytes, or as any source of bytes.
   *
   * @throws {FileError} The file cannot be opened.
   * @throws {RecordError} It is compressed as a whole, so that its records have
   * no offsets; `docStream` reads such files.
   * @throws {UnknownCodecError | NoEngineError} `options.codec` is no codec, or
   * cannot be read here.
   */
  constructor(
    input: string | Uint8Array | ByteSource,
    options: DocReaderOptions = {},
  ) {
    const {
      keySizeLimit = DEFAULT_KEY_SIZE_LIMIT,
      maxSize = MAX_DOCUMENT_SIZE,
      pool = globalMemoryPool,
    } = options;
    this.#source = typeof input === "string"
      ? openFile(input)
      : input instanceof Uint8Array
      ? memorySource(input)
      : input;
    this.#record = new RecordView(keySizeLimit);
    this.#maxSize = maxSize;
    this.#pool = pool;
    try {
      this.#codec = options.codec ?? this.#detect(keySizeLimit);
      this.#decompressor = leaseDecompressor(this.#codec, { pool });
    } catch (error) {
      this.#source.close();
      throw error;
    }
    this.#window = pool.getBuffer(WINDOW_SIZE);
  }

  /**
   * Reads the document at {@linkcode DocReader.position} and moves behind it.
   *
   * @returns The document, decompressed, the caller's to keep; undefined at the end.
   * @throws {RecordError} The record is damaged; the position stays.
   */
  read(): Doc | undefined {
    if (!this.#locate(true)) return undefined;
    const { start, keyStart, keySize, contentStart, end } = this.#record;
    const bytes = this.#window;
    const doc = new Doc(
      bytes.slice(keyStart, keyStart + keySize),
      this.#decompress(bytes.subarray(contentStart, end)),
    );
    this.position += end - start;
    return doc;
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
    while (this.#locate(false)) {
      const { start, keyStart, keySize, contentSize, end } = this.#record;
      const offset = this.position;
      this.position += end - start;
      yield {
        offset,
        key: this.#window.slice(keyStart, keyStart + keySize),
        contentSize,
        end: this.position,
      };
    }
  }

  /** Closes the file and returns what came from the pool. `using` calls it. */
  [Symbol.dispose](): void {
    this.#source.close();
    this.#decompressor[Symbol.dispose]();
    this.#pool.putBuffer(this.#window);
  }

  #detect(keySizeLimit: number): string {
    const { packageCodec, codec } = detectSource(this.#source, keySizeLimit);
    if (packageCodec === "none") return codec ?? "none";
    throw new RecordError(
      `the file is compressed as a whole with ${packageCodec}. Read it with docStream, ` +
        "or repack it without package compression",
      { file: this.#source.file, offset: 0 },
    );
  }

  /** Parses the record at the position. @returns False at the end. */
  #locate(wholeRecord: boolean): boolean {
    const { position } = this;
    const left = this.#source.size - position;
    if (left <= 0) return false;
    let needed = 1;
    for (;;) {
      const at = this.#fill(Math.min(needed, left));
      const available = this.#windowLength - at;
      const state = this.#record.parse(this.#window, at, this.#windowLength);
      const { contentStart, end, keySize, problem } = this.#record;
      if (state === RecordState.Whole) return true;
      if (state === RecordState.Invalid) throw this.#error(problem);
      const size = end > 0 ? end - at : keySize + 8;
      if (size > left || available === left) {
        throw this.#error(
          `it is cut short: ${left} bytes are left of the ${size} it needs`,
          end > 0,
        );
      }
      if (contentStart > 0 && !wholeRecord) return true;
      needed = size;
    }
  }

  /** Makes `count` bytes from the position on available. @returns Where they are in the window. */
  #fill(count: number): number {
    const at = this.position - this.#windowStart;
    if (at >= 0 && at + count <= this.#windowLength) return at;
    if (count > this.#window.length) {
      // In this order: getting may throw, and there must be a window to return then.
      const larger = this.#pool.getBuffer(count);
      this.#pool.putBuffer(this.#window);
      this.#window = larger;
    }
    this.#windowStart = this.position;
    this.#windowLength = this.#source.read(
      this.#window,
      0,
      this.#window.length,
      this.position,
    );
    if (this.#windowLength < count) {
      throw this.#error("the file became shorter while it was read");
    }
    return 0;
  }

  #decompress(content: Uint8Array): Uint8Array {
    let buffer = this.#pool.getDocBuffer();
    let size = -1;
    try {
      for (;;) {
        size = this.#decompressor.decompress(content, buffer, 0);
        if (
          size > this.#maxSize || (size < 0 && buffer.length > this.#maxSize)
        ) {
          throw new OutputLimitError(String(this.#codec), this.#maxSize);
        }
        if (size >= 0) return buffer.slice(0, size);
        const room = Math.min(buffer.length * 2, this.#maxSize + 1);
        const larger = this.#pool.getDocBuffer(room);
        this.#pool.putDocBuffer(buffer);
        buffer = larger;
      }
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      throw this.#error(error.message, true, error);
    } finally {
      this.#pool.putDocBuffer(buffer, Math.max(size, 0));
    }
  }

  #error(reason: string, keyIsKnown = false, cause?: Error): RecordError {
    return new RecordError(reason, {
      file: this.#source.file,
      offset: this.position,
      ...(keyIsKnown && { key: this.#record.key(this.#window) }),
    }, { cause });
  }
}
