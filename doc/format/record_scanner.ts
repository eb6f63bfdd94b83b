import { globalMemoryPool, type MemoryPool } from "../../pool/memory_pool.ts";
import type { ByteSource } from "../source/byte_source.ts";
import { RecordError } from "../errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT, RecordState, RecordView } from "./record.ts";

/** Bytes that are read ahead of the record that is asked for. */
const WINDOW_SIZE = 256 * 1024;

/** How to walk over records. */
export interface RecordScannerOptions {
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** The pool to take the window from. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
}

/** A walk over records: of those of {@linkcode RecordScanner}, or of {@linkcode TolerantScanner}. */
export interface Records extends Disposable {
  /** Path of the file, for errors; undefined when there is none. */
  readonly file: string | undefined;
  /** Offset of the next record, in bytes. Set it to go on elsewhere. */
  position: number;
  /** Offset of the record that was found last, in bytes. */
  readonly offset: number;
  /** Size of its key, in bytes. */
  readonly keySize: number;
  /** Size of its content as it is in the file, in bytes. */
  readonly contentSize: number;
  /** Memory that holds its key, from {@linkcode Records.keyStart} on, until the next call. */
  readonly bytes: Uint8Array;
  /** Where its key starts in {@linkcode Records.bytes}. */
  readonly keyStart: number;
  /** Finds the record at the position and moves behind it. @returns False at the end. */
  next(): boolean;
  /** Its key; a view that is valid until the next call. */
  key(): Uint8Array;
  /** Its key as text. */
  name(): string;
  /** Its content as it is in the file; a view that is valid until the next call. */
  content(): Uint8Array;
}

/**
 * Walks over the records of a source as they are, compressed contents and all.
 * It allocates nothing per record: keys and contents are views of a window that
 * moves over the source. Contents that nobody asks for are not even read, if
 * they are large.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openFile, RecordScanner } from "@binfiles/binfiles/doc";
 *
 * const source = openFile("tests/fixtures/gzip.bin");
 * const scanner = new RecordScanner(source);
 * let stored = 0;
 * while (scanner.next()) stored += scanner.contentSize;
 * scanner[Symbol.dispose]();
 * source.close();
 * assertEquals(stored > 20_000, true);
 * ```
 */
export class RecordScanner implements Records {
  /** Offset of the next record, in bytes. Set it to go on elsewhere. */
  position = 0;
  /** Offset of the record that was found last, in bytes. */
  offset = 0;
  readonly #source: ByteSource;
  readonly #record: RecordView;
  readonly #pool: MemoryPool;
  /** Bytes of the source, from `#windowStart` on. */
  #window: Uint8Array;
  #windowStart = 0;
  #windowLength = 0;

  /** Creates a scanner at the start of `source`, which stays the caller's to close. */
  constructor(source: ByteSource, options: RecordScannerOptions = {}) {
    const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, pool = globalMemoryPool } =
      options;
    this.#source = source;
    this.#record = new RecordView(keySizeLimit);
    this.#pool = pool;
    this.#window = pool.getBuffer(WINDOW_SIZE);
  }

  /** Path of the file, for errors; undefined when there is none. */
  get file(): string | undefined {
    return this.#source.file;
  }

  /**
   * Finds the record at {@linkcode RecordScanner.position} and moves behind it.
   *
   * @returns False at the end.
   * @throws {RecordError} The record is damaged; the position stays.
   */
  next(): boolean {
    if (!this.#locate(false)) return false;
    this.offset = this.position;
    this.position += this.#record.end - this.#record.start;
    return true;
  }

  /** Size of the record's key, in bytes. */
  get keySize(): number {
    return this.#record.keySize;
  }

  /** Size of the record's content as it is in the file, in bytes. */
  get contentSize(): number {
    return this.#record.contentSize;
  }

  /** Memory that holds the key, from {@linkcode RecordScanner.keyStart} on, until the next call. */
  get bytes(): Uint8Array {
    return this.#window;
  }

  /** Where the key starts in {@linkcode RecordScanner.bytes}. */
  get keyStart(): number {
    return this.#record.keyStart;
  }

  /** The key of the record; a view that is valid until the next call. */
  key(): Uint8Array {
    const { keyStart, keySize } = this.#record;
    return this.#window.subarray(keyStart, keyStart + keySize);
  }

  /** The key as text. */
  name(): string {
    return this.#record.key(this.#window);
  }

  /**
   * The content of the record as it is in the file; a view that is valid until
   * the next call. Afterwards, the key is still there.
   *
   * @throws {FileError} It cannot be read.
   */
  content(): Uint8Array {
    if (this.#record.end > this.#windowLength) {
      this.position = this.offset;
      this.#locate(true);
      this.position += this.#record.end - this.#record.start;
    }
    return this.#window.subarray(this.#record.contentStart, this.#record.end);
  }

  /** Returns the window to the pool. The source stays open. */
  [Symbol.dispose](): void {
    this.#pool.putBuffer(this.#window);
  }

  /** Parses the record at the position. @returns False at the end. */
  #locate(wholeRecord: boolean): boolean {
    let needed = 1;
    for (;;) {
      const left = this.#source.size - this.position;
      if (left <= 0) return false;
      const at = this.#fill(Math.min(needed, left));
      // A source that does not know its size beforehand may just have found out.
      if (at < 0) continue;
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
      if (contentStart > 0 && !wholeRecord && left !== Infinity) return true;
      // Where the end is not known, memory grows with what arrives, not with what is claimed.
      needed = left === Infinity ? Math.min(size, 2 * available + 8) : size;
    }
  }

  /**
   * Makes `count` bytes from the position on available.
   *
   * @returns Where they are in the window; -1 if the source turns out to end before.
   */
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
    this.#windowLength = 0;
    // More than once where the source is damaged: it gives what comes before
    // that, and says what is wrong when asked for more.
    for (let read = 1; read > 0 && this.#windowLength < count;) {
      read = this.#source.read(
        this.#window,
        this.#windowLength,
        this.#window.length - this.#windowLength,
        this.position + this.#windowLength,
      );
      this.#windowLength += read;
    }
    if (this.#windowLength >= count) return 0;
    if (this.#source.size - this.position < count) return -1;
    throw this.#error("the file became shorter while it was read");
  }

  #error(reason: string, keyIsKnown = false): RecordError {
    return new RecordError(reason, {
      file: this.#source.file,
      offset: this.position,
      ...(keyIsKnown && { key: this.#record.key(this.#window) }),
    });
  }
}
