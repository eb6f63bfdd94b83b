/** Looks for headers of records anywhere in a file, and follows them. */
import { isText, likeness } from "./key_likeness.ts";
import { countOn } from "./numbered_keys.ts";
import { type ByteSource, hasBytes } from "../source/byte_source.ts";
import type { ContentCheck } from "./content_check.ts";
import type { DocumentSums, KnownDocuments } from "./known_documents.ts";
import { RECORD_OVERHEAD, RecordState, RecordView } from "../format/record.ts";

/** Bytes that are searched at a time. */
const WINDOW_SIZE = 256 * 1024;

/** Keys that are compared with a record's nearby. */
const COMPARED_KEYS = 8;

/** Bytes of each of the sizes of a record. */
export const SIZE_FIELD = RECORD_OVERHEAD / 2;

/** Reads headers at any offset of a source. */
export class HeaderReader {
  /** Size of the record that was parsed last, or found by {@linkcode HeaderReader.candidates}. */
  recordSize = 0;
  /** Whether the last candidate is a document that is known. */
  isKnown = false;
  readonly #source: ByteSource;
  readonly #keySizeLimit: number;
  readonly #record: RecordView;
  readonly #bytes: Uint8Array;
  #start = 0;
  /** Where dismissed chains go on. */
  readonly #dismissed = new Set<number>();
  readonly #known: KnownDocuments | undefined;

  constructor(
    source: ByteSource,
    keySizeLimit: number,
    known?: KnownDocuments,
  ) {
    this.#source = source;
    this.#known = known;
    this.#keySizeLimit = keySizeLimit;
    this.#record = new RecordView(keySizeLimit);
    this.#bytes = new Uint8Array(keySizeLimit + RECORD_OVERHEAD);
  }

  get size(): number {
    return this.#source.size;
  }

  /** Size of the content of the record that was parsed last. */
  get contentSize(): number {
    return this.#record.contentSize;
  }

  /**
   * Offsets from `from` on, and before `to`, at which a plausible record starts
   * that fits, but for those that belong to chains that were dismissed.
   *
   * @param knownFrom Offset from which on known documents are told from others.
   */
  *candidates(
    from: number,
    to = Infinity,
    knownFrom = Infinity,
  ): Generator<number> {
    const step = Math.min(WINDOW_SIZE, to - from);
    const record = new RecordView(this.#keySizeLimit);
    const window = new Uint8Array(
      step + this.#keySizeLimit + RECORD_OVERHEAD,
    );
    this.#dismissed.clear();
    /** Where the bytes begin that were not looked at yet for known documents. */
    let unseen = Math.max(from, knownFrom);
    for (let start = from; start < to; start += step) {
      const length = this.#source.read(window, 0, window.length, start);
      const last = Math.min(step, to - start);
      for (
        let at = 0;
        (at = findHeader(window, at, last, length, record)) >= 0;
        at++
      ) {
        const offset = start + at;
        const size = record.end - at;
        this.isKnown = false;
        if (offset >= unseen) {
          this.#known?.look(offset - unseen);
          unseen = offset;
          this.isKnown = this.#isKnown(window, record, start);
        }
        if (this.isKnown) {
          this.recordSize = size;
          yield offset;
        } else if (this.#dismissed.delete(offset)) {
          this.#dismissed.add(offset + size);
        } else if (this.#fits(offset, size)) yield offset;
      }
      if (length < window.length) return;
    }
  }

  /** Where the first known document starts from `from` on and up to `to`. */
  firstKnown(from: number, to: number): number | undefined {
    if (this.#known === undefined || from > to) return undefined;
    for (const at of this.candidates(from, to + 1, from)) {
      if (this.isKnown) return at;
    }
  }

  /** The sums of the record at an offset, if it is a known document. */
  sums(offset: number): DocumentSums | undefined {
    if (!this.parse(offset)) return undefined;
    return this.#sums(this.#bytes, this.#record, offset);
  }

  /**
   * Says that nothing comes of the chain that starts at a candidate, so that its
   * other records need not be looked at. Otherwise a content that is a long
   * chain would be followed from each of its records.
   */
  dismiss(offset: number): void {
    if (this.parse(offset)) this.#dismissed.add(offset + this.recordSize);
  }

  /** @returns Whether a plausible record starts at `offset` and fits into the file. */
  parse(offset: number): boolean {
    const bytes = this.#bytes;
    const length = this.#source.read(bytes, 0, bytes.length, offset);
    const state = this.#record.parse(bytes, 0, length);
    this.#start = offset;
    this.recordSize = this.#record.end;
    return state !== RecordState.Invalid && this.#record.end > 0 &&
      this.#fits(offset, this.recordSize);
  }

  /** Where, within the record that was parsed last, the size of its content is. */
  get contentSizeOffset(): number {
    return this.#record.contentStart - SIZE_FIELD;
  }

  /** The key of the record that was parsed last, valid until the next is. */
  key(): Uint8Array {
    return this.#bytes.subarray(SIZE_FIELD, SIZE_FIELD + this.#record.keySize);
  }

  /** A copy of the key of the record at an offset, if a plausible one is there. */
  keyAt(offset: number): Uint8Array | undefined {
    return this.parse(offset) ? this.key().slice() : undefined;
  }

  /** Whether the key of the record that was parsed last is text, and not empty. */
  keyIsText(): boolean {
    return isText(this.key());
  }

  /** Follows records from `offset` on, until one ends at `end` or beyond, or to damage. */
  follow(
    offset: number,
    end: number,
    maxRecords = Infinity,
  ): { records: number; keyBytes: number; end: number } {
    let records = 0;
    let keyBytes = 0;
    let at = offset;
    while (records < maxRecords && at < end && this.parse(at)) {
      records++;
      keyBytes += this.#record.keySize;
      at += this.recordSize;
    }
    return { records, keyBytes, end: at };
  }

  /** How much the first keys from `offset` on have in common with an example, on average. */
  likeness(offset: number, example: Uint8Array | undefined): number {
    let common = 0;
    let records = 0;
    let at = offset;
    while (
      example !== undefined && records < COMPARED_KEYS && this.parse(at)
    ) {
      common += likeness(this.key(), example);
      records++;
      at += this.recordSize;
    }
    return records === 0 ? 0 : common / records;
  }

  /** Whether the keys of the chain between two offsets count from one key to another. */
  countsOn(
    offset: number,
    end: number,
    from: Uint8Array,
    to: Uint8Array | undefined,
  ): boolean {
    let last = from;
    for (let at = offset; at < end && this.parse(at); at += this.recordSize) {
      const next = this.key().slice();
      if (!(countOn(last, next) > 0)) return false;
      last = next;
    }
    return to === undefined || countOn(last, to) > 0;
  }

  /** Whether the content of the record that was parsed last is of the codec, as far as that can be told. */
  accepts(checkContent: ContentCheck): boolean {
    const { contentStart, contentSize } = this.#record;
    return !checkContent.isPossible ||
      checkContent.acceptsRange(
        this.#source,
        this.#start + contentStart,
        contentSize,
      );
  }

  /** Whether a record in bytes that begin at an offset of the source is a known document. */
  #isKnown(bytes: Uint8Array, record: RecordView, offset: number): boolean {
    return this.#fits(offset, record.end) &&
      this.#sums(bytes, record, offset) !== undefined;
  }

  #sums(
    bytes: Uint8Array,
    { keyStart, keySize, contentStart, end }: RecordView,
    offset: number,
  ): DocumentSums | undefined {
    const known = this.#known;
    const key = known?.keySum(bytes, keyStart, keyStart + keySize);
    if (known === undefined || key === undefined) return undefined;
    const content = known.contentSum(
      this.#source,
      offset + contentStart,
      offset + end,
    );
    const sums = { key, content };
    return known.has(sums) ? sums : undefined;
  }

  #fits(offset: number, size: number): boolean {
    return hasBytes(this.#source, offset + size);
  }
}

/**
 * Finds the next plausible header.
 *
 * @param from Where to begin.
 * @param to Before which it must start.
 * @param limit How many of the bytes count.
 * @param record Becomes the record there.
 * @returns Its offset, or -1.
 */
export function findHeader(
  bytes: Uint8Array,
  from: number,
  to: number,
  limit: number,
  record: RecordView,
): number {
  // A record has at least nine bytes, so nothing starts in the last eight.
  const last = Math.min(to, limit - RECORD_OVERHEAD);
  for (let at = from; at < last; at++) {
    // Sizes of less than 16 MiB have a zero byte, and text has none.
    if (bytes[at + 3] !== 0 && record.keySizeLimit < 1 << 24) {
      at = bytes.indexOf(0, at + 4) - 4;
      if (at < from) return -1;
      continue;
    }
    const state = record.parse(bytes, at, limit);
    if (state !== RecordState.Invalid && record.end > 0) return at;
  }
  return -1;
}
