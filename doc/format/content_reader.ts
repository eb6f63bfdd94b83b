import type { CodecLike, CodecName } from "../../codec/names.ts";
import { findCodec } from "../../codec/codecs.ts";
import type { DecompressOptions } from "../../codec/compress.ts";
import { leaseDecompressor } from "../../codec/lease.ts";
import { MAX_DOCUMENT_SIZE, tryDecompress } from "../../codec/output_size.ts";
import type { Decompressor } from "../../codec/engine.ts";
import { CodecError } from "../../codec/errors.ts";
import { globalMemoryPool, type MemoryPool } from "../../pool/memory_pool.ts";
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

/** Decompresses the contents of records, in pooled memory. */
export class ContentReader implements Disposable {
  readonly #codec: CodecName;
  readonly #decompressor: Decompressor & Disposable;
  readonly #maxSize: number;
  readonly #pool: MemoryPool;

  /**
   * Takes a decompressor from the pool.
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
   * @param use Receives the content, which is valid during the call.
   * @returns What `use` returns.
   * @throws {RecordError} The content does not decompress.
   * @throws {RecordLimitError} It exceeds `maxSize`.
   */
  read<T>(record: StoredRecord, use: (content: Uint8Array) => T): T {
    const content = record.content();
    if (this.#codec === "none" && content.length <= this.#maxSize) {
      return use(content);
    }
    let buffer = this.#pool.getDocBuffer();
    let size = -1;
    try {
      while ((size = this.#decompress(record, content, buffer)) < 0) {
        const larger = this.#pool.getDocBuffer(-size);
        this.#pool.putDocBuffer(buffer);
        buffer = larger;
      }
      return use(buffer.subarray(0, size));
    } finally {
      this.#pool.putDocBuffer(buffer, Math.max(size, 0));
    }
  }

  /** Returns the decompressor to the pool. */
  [Symbol.dispose](): void {
    this.#decompressor[Symbol.dispose]();
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
