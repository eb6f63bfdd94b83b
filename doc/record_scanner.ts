import type { CodecLike } from "../codec/names.ts";
import { checkInteger } from "../pool/check.ts";
import { globalMemoryPool, type MemoryPool } from "../pool/memory_pool.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import type { KnownDocuments } from "./damage/known_documents.ts";
import type { Recovery } from "./damage/recovery.ts";
import { requireRecovery } from "./damage/recovery_support.ts";
import { ClosedError, isAboutRecord, RecordError } from "./errors.ts";
import {
  checkLimits,
  DEFAULT_KEY_SIZE_LIMIT,
  RECORD_OVERHEAD,
  RecordState,
  RecordView,
} from "./format/record.ts";
import type { ByteSource } from "./source/byte_source.ts";

/** Bytes that are read ahead of the record that is asked for. */
const WINDOW_SIZE = 256 * 1024;

/** How to walk over records. */
export interface RecordScannerOptions {
  /** Maximum key size, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** The pool to take memory from. Default: `globalMemoryPool`. */
  pool?: MemoryPool;
  /**
   * Whether to recover from corrupt records: to continue with the next sound one
   * instead of throwing. Default false.
   */
  skipErrors?: boolean;
  /** Codec of the contents, by which recovery recognizes records. Default `none`. */
  codec?: CodecLike;
  /** Maximum size of a content that recovery decompresses, in bytes. Default 1 GiB. */
  maxSize?: number;
  /** Called with each corrupted region that recovery has skipped, in order. */
  onSkip?(region: SkippedRegion): void;
  /** Corrupted regions that are known beforehand and skipped without a call of `onSkip`, in order. */
  skipped?: readonly SkippedRegion[];
  /**
   * Documents known by their checksums, by which recovery recognizes records in a
   * source whose size is known.
   *
   * @ignore
   */
  known?: KnownDocuments;
}

/**
 * Walks over the records of a source as they are stored, with compressed
 * contents. It allocates nothing per record: keys and contents are views of a
 * window that moves over the source. A large content is read only if
 * {@linkcode RecordScanner.content} is called.
 *
 * With `skipErrors`, a record is believed only if what follows it looks like a
 * record, too. All bytes of the source are either in a record that is found or
 * in a region that is reported.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openFile, RecordScanner } from "@binfiles/binfiles/doc";
 *
 * const source = openFile("tests/fixtures/gzip.bin");
 * using scanner = new RecordScanner(source);
 * let stored = 0;
 * while (scanner.next()) stored += scanner.contentSize;
 * source.close();
 * assertEquals(stored > 20_000, true);
 * ```
 *
 * @example Recovery
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { memorySource, RecordScanner } from "@binfiles/binfiles/doc";
 *
 * const bytes = readFileSync("tests/fixtures/gzip.bin");
 * bytes.fill(0xff, 100, 110);
 * let skipped = 0;
 * using scanner = new RecordScanner(memorySource(bytes), {
 *   codec: "gzip",
 *   skipErrors: true,
 *   onSkip: ({ size }) => skipped += size,
 * });
 * let count = 0;
 * while (scanner.next()) count++;
 * assertEquals(count < 32 && skipped > 10, true);
 * ```
 */
export class RecordScanner implements Disposable {
  /** Offset of the record that was found last, in bytes. */
  offset = 0;
  readonly #source: ByteSource;
  readonly #record: RecordView;
  readonly #pool: MemoryPool;
  /** Undefined if corrupt records are errors. */
  readonly #recovery: Recovery | undefined;
  /** Corrupted regions that are still to be skipped, the last one first. */
  readonly #regions: SkippedRegion[] | undefined;
  /** Bytes of the source, from `#windowStart` on. */
  #window: Uint8Array;
  #windowStart = 0;
  #windowLength = 0;
  #position = 0;
  #isClosed = false;

  /**
   * Creates a scanner at the start of `source`, which stays the caller's to close.
   *
   * @throws {OptionError} A limit is invalid.
   * @throws {UnknownCodecError} With `skipErrors`: there is no such codec.
   */
  constructor(source: ByteSource, options: RecordScannerOptions = {}) {
    const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, pool = globalMemoryPool } =
      options;
    checkLimits(options);
    this.#source = source;
    this.#record = new RecordView(keySizeLimit);
    this.#pool = pool;
    this.#regions = options.skipped?.toReversed();
    if (options.skipErrors) {
      const { Recovery } = requireRecovery();
      this.#recovery = new Recovery(source, keySizeLimit, options);
    }
    // With recovery, the window belongs to the block reader.
    this.#window = options.skipErrors
      ? new Uint8Array(0)
      : pool.getBuffer(WINDOW_SIZE);
  }

  /** Path of the file, for errors; undefined when there is none. */
  get file(): string | undefined {
    return this.#source.file;
  }

  /**
   * Offset of the next record, in bytes. Set it to continue elsewhere.
   *
   * @throws {OptionError} It is set to something else than 0 or a positive integer.
   */
  get position(): number {
    return this.#position;
  }
  set position(offset: number) {
    checkInteger("position", offset, 0);
    this.#position = offset;
  }

  /**
   * Finds the record at {@linkcode RecordScanner.position} and moves behind it.
   *
   * @returns False at the end.
   * @throws {RecordError} The record is corrupt, and `skipErrors` is not set; the position stays.
   * @throws {FileError} The source cannot be read.
   * @throws {ClosedError} The scanner is closed.
   */
  next(): boolean {
    if (this.#isClosed) throw closed();
    if (this.#regions !== undefined && !this.#skipRegions(this.#regions)) {
      return false;
    }
    const isFound = this.#recovery === undefined
      ? this.#locate(false)
      : this.#recover(this.#recovery);
    if (!isFound) return false;
    this.offset = this.#position;
    this.#position += this.#record.end - this.#record.start;
    return true;
  }

  /**
   * Skips the record that was found last as well, because its content does not
   * decompress. The records that it overlaps come next.
   *
   * @param error What is wrong with it.
   * @throws The error, if it is not about a record or `skipErrors` is not set; the
   * position is that of the record then.
   */
  reject(error: unknown): void {
    if (!isAboutRecord(error) || this.#recovery === undefined) {
      this.#position = this.offset;
      throw error;
    }
    this.#recovery.reject(this.#window, this.#record, error.reason);
    this.#position = this.#recovery.position;
  }

  /** Size of the record's key, in bytes. */
  get keySize(): number {
    return this.#record.keySize;
  }

  /** Size of the record's content as it is stored, in bytes. */
  get contentSize(): number {
    return this.#record.contentSize;
  }

  /** Memory that contains the key at {@linkcode RecordScanner.keyStart}, valid until the next call. */
  get bytes(): Uint8Array {
    return this.#window;
  }

  /** Where the key starts in {@linkcode RecordScanner.bytes}. */
  get keyStart(): number {
    return this.#record.keyStart;
  }

  /**
   * The key of the record; a view that is valid until the next call.
   *
   * @throws {ClosedError} The scanner is closed.
   */
  key(): Uint8Array {
    if (this.#isClosed) throw closed();
    const { keyStart, keySize } = this.#record;
    return this.#window.subarray(keyStart, keyStart + keySize);
  }

  /**
   * The key as text.
   *
   * @throws {ClosedError} The scanner is closed.
   */
  name(): string {
    if (this.#isClosed) throw closed();
    return this.#record.key(this.#window);
  }

  /**
   * The content of the record as it is stored; a view that is valid until the
   * next call. The key stays valid.
   *
   * @throws {FileError} The content cannot be read.
   * @throws {ClosedError} The scanner is closed.
   */
  content(): Uint8Array {
    if (this.#isClosed) throw closed();
    if (this.#record.end > this.#windowLength) {
      const { position } = this;
      this.#position = this.offset;
      this.#locate(true);
      this.#position = position;
    }
    return this.#window.subarray(this.#record.contentStart, this.#record.end);
  }

  /** Returns the window to the pool. The source stays open. Closing twice does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#recovery === undefined) this.#pool.putBuffer(this.#window);
    this.#window = new Uint8Array(0);
  }

  /** Same as {@linkcode RecordScanner.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Moves behind the known corrupted regions at the position. @returns False at the end. */
  #skipRegions(regions: SkippedRegion[]): boolean {
    while (regions.at(-1)?.offset === this.#position) {
      const { size } = regions.pop()!;
      // In a package, nothing can be read behind a corrupted region.
      if (size === 0) return false;
      this.#position += size;
    }
    return true;
  }

  /** Parses the next sound record. @returns False at the end. */
  #recover(recovery: Recovery): boolean {
    const block = recovery.find(this.#position);
    this.#position = recovery.position;
    if (block === undefined) return false;
    this.#window = block.bytes;
    this.#windowLength = block.end;
    const at = this.#position - block.position;
    this.#record.parse(block.bytes, at, block.end);
    recovery.position += this.#record.end - at;
    return true;
  }

  /** Parses the record at the position. @returns False at the end. */
  #locate(wholeRecord: boolean): boolean {
    let needed = 1;
    for (;;) {
      const left = this.#source.size - this.#position;
      if (left <= 0) return false;
      const at = this.#fill(Math.min(needed, left));
      // A source of unknown size has reached its end.
      if (at < 0) continue;
      const available = this.#windowLength - at;
      const state = this.#record.parse(this.#window, at, this.#windowLength);
      const { contentStart, end, keySize, problem } = this.#record;
      if (state === RecordState.Whole) return true;
      if (state === RecordState.Invalid) throw this.#error(problem);
      const size = end > 0 ? end - at : keySize + RECORD_OVERHEAD;
      if (size > left || available === left) {
        throw this.#error(
          `truncated: ${left} of ${size} bytes left`,
          end > 0,
        );
      }
      if (contentStart > 0 && !wholeRecord && left !== Infinity) return true;
      // Without a known end, memory grows with what has arrived, not with what a size field claims.
      needed = left === Infinity
        ? Math.min(size, 2 * available + RECORD_OVERHEAD)
        : size;
    }
  }

  /**
   * Makes `count` bytes available from the position on.
   *
   * @returns Where they are in the window; -1 if the source ends before.
   */
  #fill(count: number): number {
    const at = this.#position - this.#windowStart;
    if (at >= 0 && at + count <= this.#windowLength) return at;
    if (count > this.#window.length) {
      // Getting may throw, and the window must still be there to be returned.
      const larger = this.#pool.getBuffer(count);
      this.#pool.putBuffer(this.#window);
      this.#window = larger;
    }
    this.#windowStart = this.#position;
    this.#windowLength = 0;
    // A corrupt source gives what comes before the corrupted region, and throws
    // when asked for more.
    for (let read = 1; read > 0 && this.#windowLength < count;) {
      read = this.#source.read(
        this.#window,
        this.#windowLength,
        this.#window.length - this.#windowLength,
        this.#position + this.#windowLength,
      );
      this.#windowLength += read;
    }
    if (this.#windowLength >= count) return 0;
    if (this.#source.size - this.#position < count) return -1;
    throw this.#error("the file became shorter while it was read");
  }

  #error(reason: string, keyIsKnown = false): RecordError {
    return new RecordError(reason, {
      file: this.#source.file,
      offset: this.#position,
      ...(keyIsKnown && { key: this.#record.key(this.#window) }),
    });
  }
}

function closed(): ClosedError {
  return new ClosedError("read records", "scanner");
}
