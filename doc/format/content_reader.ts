import type { CodecLike, CodecName } from "../../codec/names.ts";
import { findCodec } from "../../codec/codecs.ts";
import type { DecompressOptions } from "../../codec/compress.ts";
import { leaseDecompressor } from "../../codec/lease.ts";
import { MAX_DOCUMENT_SIZE, tryDecompress } from "../../codec/output_size.ts";
import type { Decompressor } from "../../codec/engine.ts";
import { CodecError } from "../../codec/errors.ts";
import {
  globalMemoryPool,
  MAX_CACHE_SIZE,
  type MemoryPool,
} from "../../pool/memory_pool.ts";
import { contentError } from "../errors.ts";

/** A record to be read, with its location for errors; a `RecordScanner` is one. */
export interface StoredRecord {
  /** Path of the file; undefined for bytes in memory. */
  readonly file: string | undefined;
  /** Offset of the record, in bytes. */
  readonly offset: number;
  /** The key as text. */
  name(): string;
  /** The content as it is stored. */
  content(): Uint8Array;
}

/** Decompresses the contents of records, one after the other, into a buffer that it holds. */
export class ContentReader implements Disposable {
  readonly #codec: CodecName;
  readonly #maxSize: number;
  readonly #pool: MemoryPool;
  readonly #decompressor: Decompressor & Disposable;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #isClosed = false;

  /**
   * Takes a decompressor from the pool; a buffer follows when it is needed.
   *
   * @throws {UnknownCodecError | NoEngineError} The codec is unknown or unavailable.
   */
  constructor(
    codec: CodecLike,
    { maxSize = MAX_DOCUMENT_SIZE, pool = globalMemoryPool }:
      DecompressOptions = {},
  ) {
    this.#codec = findCodec(codec).name;
    this.#maxSize = maxSize;
    this.#pool = pool;
    this.#decompressor = leaseDecompressor(this.#codec, { pool });
  }

  /**
   * Decompresses the content of a record.
   *
   * @returns A view that is valid until the next call: of the buffer, or of the
   * stored content if the codec is `none`.
   * @throws {RecordError} The content does not decompress.
   * @throws {RecordLimitError} It exceeds `maxSize`.
   */
  read(record: StoredRecord): Uint8Array {
    const content = record.content();
    if (this.#codec === "none" && content.length <= this.#maxSize) {
      return content;
    }
    let buffer = this.#buffer;
    // A very large document must not keep its memory as long as the reader is open.
    if (buffer === undefined || buffer.length > MAX_CACHE_SIZE) {
      buffer = this.#replaceBuffer();
    }
    let size: number;
    while ((size = this.#decompress(record, content, buffer)) < 0) {
      buffer = this.#replaceBuffer(-size);
    }
    return buffer.subarray(0, size);
  }

  /** Returns the decompressor and the buffer to the pool. Closing twice does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#decompressor[Symbol.dispose]();
    if (this.#buffer !== undefined) this.#pool.putDocBuffer(this.#buffer);
  }

  /** Same as {@linkcode ContentReader.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #replaceBuffer(size?: number): Uint8Array<ArrayBuffer> {
    // Getting may throw, and the old buffer must still be there to be returned.
    const buffer = this.#pool.getDocBuffer(size);
    if (this.#buffer !== undefined) this.#pool.putDocBuffer(this.#buffer);
    return this.#buffer = buffer;
  }

  /** One attempt; returns as {@linkcode tryDecompress}. */
  #decompress(
    record: StoredRecord,
    content: Uint8Array,
    buffer: Uint8Array,
  ): number {
    try {
      return tryDecompress(
        this.#decompressor,
        this.#codec,
        this.#maxSize,
        content,
        0,
        content.length,
        buffer,
        0,
      );
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      throw contentError(error, {
        file: record.file,
        offset: record.offset,
        key: record.name(),
      });
    }
  }
}
