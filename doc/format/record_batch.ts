import { writeInt32 } from "../../codec/bytes.ts";
import type { MemoryPool } from "../../pool/memory_pool.ts";
import { recordSize } from "./record.ts";

/** Records one after the other, in a buffer of the pool. */
export class RecordBatch implements Disposable {
  /** Size of the records, in bytes. */
  length = 0;
  readonly #pool: MemoryPool;
  #buffer: Uint8Array<ArrayBuffer>;

  /** Takes a buffer of `size` bytes from the pool. */
  constructor(pool: MemoryPool, size: number) {
    this.#pool = pool;
    this.#buffer = pool.getBuffer(size);
  }

  /** The buffer, to write the content of a record into. Valid until the next call of `reserve`. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** The records; a view that is valid until the next call. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.length);
  }

  /** Whether a record fits without making the buffer larger. */
  fits(keySize: number, contentSize: number): boolean {
    return this.length + recordSize(keySize, contentSize) <=
      this.#buffer.length;
  }

  /**
   * Writes the key of a record, which does not count before
   * {@linkcode RecordBatch.add}. The buffer grows if necessary.
   *
   * @param room Maximum size of the content, in bytes.
   * @returns The offset of the content in the buffer.
   */
  reserve(key: Uint8Array, room: number): number {
    const needed = this.length + recordSize(key.length, room);
    if (needed > this.#buffer.length) {
      // Get first: if it throws, the old buffer must still be there to be returned.
      const larger = this.#pool.getBuffer(needed);
      larger.set(this.bytes);
      this.#pool.putBuffer(this.#buffer);
      this.#buffer = larger;
    }
    writeInt32(this.#buffer, this.length, key.length);
    this.#buffer.set(key, this.length + 4);
    return this.length + recordSize(key.length, 0);
  }

  /** Adds the record whose content of `size` bytes is at `contentStart`. @returns Its offset in the batch. */
  add(contentStart: number, size: number): number {
    writeInt32(this.#buffer, contentStart - 4, size);
    const offset = this.length;
    this.length = contentStart + size;
    return offset;
  }

  /** Returns the buffer to the pool. */
  [Symbol.dispose](): void {
    this.#pool.putBuffer(this.#buffer);
  }
}
