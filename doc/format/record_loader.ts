import {
  globalMemoryPool,
  MAX_CACHE_SIZE,
  type MemoryPool,
} from "../../pool/memory_pool.ts";
import { RecordError } from "../errors.ts";
import type { ByteSource } from "../source/byte_source.ts";
import type { StoredRecord } from "./content_reader.ts";
import { RECORD_OVERHEAD, RecordState, RecordView } from "./record.ts";

/**
 * Bytes that are read of a record whose size is unknown: a page, in which most
 * small records are whole and all usual keys are. More is read only if it is needed.
 */
const FIRST_READ = 4096;

/** Loads single records from any offset, and reads no more of the source than they need. */
export class RecordLoader implements StoredRecord, Disposable {
  /** Offset of the record that was loaded last, in bytes. */
  offset = 0;
  readonly #source: ByteSource;
  readonly #record: RecordView;
  readonly #pool: MemoryPool;
  #buffer: Uint8Array<ArrayBuffer>;
  /** Bytes of the source in the buffer, from the offset on. */
  #length = 0;

  /** Creates a loader of records of `source`, which stays the caller's to close. */
  constructor(
    source: ByteSource,
    keySizeLimit: number,
    pool: MemoryPool = globalMemoryPool,
  ) {
    this.#source = source;
    this.#record = new RecordView(keySizeLimit);
    this.#pool = pool;
    this.#buffer = pool.getBuffer(FIRST_READ);
  }

  /** Path of the file; undefined for bytes in memory. */
  get file(): string | undefined {
    return this.#source.file;
  }

  /**
   * Loads the record at `offset`.
   *
   * @param size Its size in bytes, if it is known, so that one read is enough. A
   * wrong size costs another read.
   * @throws {RecordError} There is no record, or it is corrupt.
   * @throws {FileError} The source cannot be read.
   */
  load(offset: number, size: number = FIRST_READ): void {
    const record = this.#record;
    this.offset = offset;
    this.#length = 0;
    for (let wanted = size;;) {
      const left = this.#source.size - offset;
      if (left > 0) this.#fill(Math.min(wanted, left));
      if (this.#length === 0) throw this.#error("the file ends before it");
      const state = record.parse(this.#buffer, 0, this.#length);
      if (state === RecordState.Whole) return;
      if (state === RecordState.Invalid) throw this.#error(record.problem);
      const { end, keySize } = record;
      const needed = end > 0 ? end : keySize + RECORD_OVERHEAD;
      // A source of unknown size may have found its end meanwhile.
      const available = this.#source.size - offset;
      if (needed > available || this.#length < Math.min(wanted, left)) {
        throw this.#error(
          `truncated: ${this.#length} of ${needed} bytes left`,
          end > 0,
        );
      }
      // Without a known end, memory grows with what has arrived, not with what a size field claims.
      wanted = available === Infinity
        ? Math.min(needed, 2 * this.#length + RECORD_OVERHEAD)
        : needed;
    }
  }

  /** The key; a view that is valid until the next call. */
  key(): Uint8Array<ArrayBuffer> {
    const { keyStart, keySize } = this.#record;
    return this.#buffer.subarray(keyStart, keyStart + keySize);
  }

  /** The key as text. */
  name(): string {
    return this.#record.key(this.#buffer);
  }

  /** The content as it is stored; a view that is valid until the next call. */
  content(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#record.contentStart, this.#record.end);
  }

  /** Returns the buffer to the pool. */
  [Symbol.dispose](): void {
    this.#pool.putBuffer(this.#buffer);
  }

  /** Reads more of the record, until the buffer has `count` bytes of it or the source ends. */
  #fill(count: number): void {
    const { length } = this.#buffer;
    // A very large record must not keep its memory as long as the reader is open.
    if (count > length || (length > MAX_CACHE_SIZE && this.#length === 0)) {
      const buffer = this.#pool.getBuffer(count);
      buffer.set(this.#buffer.subarray(0, this.#length));
      this.#pool.putBuffer(this.#buffer);
      this.#buffer = buffer;
    }
    // A corrupt source gives what comes before the corrupted region, and throws
    // when asked for more.
    for (let read = 1; read > 0 && this.#length < count;) {
      read = this.#source.read(
        this.#buffer,
        this.#length,
        count - this.#length,
        this.offset + this.#length,
      );
      this.#length += read;
    }
  }

  #error(reason: string, keyIsKnown = false): RecordError {
    return new RecordError(reason, {
      file: this.#source.file,
      offset: this.offset,
      ...(keyIsKnown && { key: this.name() }),
    });
  }
}
