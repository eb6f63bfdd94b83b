import { RECORD_OVERHEAD, RecordState, RecordView } from "../format/record.ts";
import { type ByteSource, hasBytes } from "../source/byte_source.ts";
import type { ContentCheck } from "./content_check.ts";
import { likeness } from "./keys.ts";
import type { KnownDocuments } from "./known_documents.ts";

/** Bytes that are searched at a time. */
const WINDOW_SIZE = 256 * 1024;

/** Bytes of each of the two size fields of a record. */
export const SIZE_FIELD = RECORD_OVERHEAD / 2;

/** Reads record headers at any offset of a source. A header is plausible if its record fits into the source. */
export class HeaderReader {
  /** Size of the record that was parsed last or is the last of {@linkcode HeaderReader.candidates}, in bytes. */
  recordSize = 0;
  /** Whether the last of {@linkcode HeaderReader.candidates} is a known document. */
  isKnown = false;
  readonly #source: ByteSource;
  readonly #keySizeLimit: number;
  readonly #known: KnownDocuments | undefined;
  readonly #record: RecordView;
  readonly #bytes: Uint8Array;
  #start = 0;
  /** Where dismissed chains continue. */
  readonly #dismissed = new Set<number>();

  constructor(
    source: ByteSource,
    keySizeLimit: number,
    known?: KnownDocuments,
  ) {
    this.#source = source;
    this.#keySizeLimit = keySizeLimit;
    this.#known = known;
    this.#record = new RecordView(keySizeLimit);
    this.#bytes = new Uint8Array(keySizeLimit + RECORD_OVERHEAD);
  }

  /** Size of the source in bytes. */
  get size(): number {
    return this.#source.size;
  }

  /** Size of the content of the record parsed last. */
  get contentSize(): number {
    return this.#record.contentSize;
  }

  /** Offset of the content-size field within the record parsed last. */
  get contentSizeOffset(): number {
    return this.#record.contentStart - SIZE_FIELD;
  }

  /** Parses the header at `offset`. @returns Whether it is plausible. */
  parse(offset: number): boolean {
    const bytes = this.#bytes;
    const length = this.#source.read(bytes, 0, bytes.length, offset);
    const state = this.#record.parse(bytes, 0, length);
    this.#start = offset;
    this.recordSize = this.#record.end;
    return state !== RecordState.Invalid && this.recordSize > 0 &&
      hasBytes(this.#source, offset + this.recordSize);
  }

  /** The key of the record parsed last; a view valid until the next call of `parse`. */
  key(): Uint8Array {
    return this.#bytes.subarray(SIZE_FIELD, SIZE_FIELD + this.#record.keySize);
  }

  /** A copy of the key of the record at `offset`; undefined if its header is not plausible. */
  keyAt(offset: number): Uint8Array | undefined {
    return this.parse(offset) ? this.key().slice() : undefined;
  }

  /** Whether the content of the record parsed last decompresses, if the codec tells. */
  accepts(check: ContentCheck): boolean {
    const { contentStart, contentSize } = this.#record;
    return !check.decompresses ||
      check.acceptsRange(
        this.#source,
        this.#start + contentStart,
        contentSize,
      );
  }

  /** Follows plausible records from `offset` until one reaches `end`, or until there is none. */
  follow(offset: number, end: number, maxRecords = Infinity): Chain {
    const chain = { records: 0, keyBytes: 0, end: offset };
    while (
      chain.records < maxRecords && chain.end < end && this.parse(chain.end)
    ) {
      chain.records++;
      chain.keyBytes += this.#record.keySize;
      chain.end += this.recordSize;
    }
    return chain;
  }

  /** How much the first `count` keys from `offset` on resemble an example, on average. */
  likeness(offset: number, example: Uint8Array, count: number): number {
    let total = 0;
    let keys = 0;
    for (; keys < count && this.parse(offset); keys++) {
      total += likeness(this.key(), example);
      offset += this.recordSize;
    }
    return keys === 0 ? 0 : total / keys;
  }

  /**
   * Finds the plausible headers that start at `from` or later and before `to`,
   * except those of dismissed chains.
   *
   * @param knownFrom Offset from which known documents are recognized.
   */
  *candidates(
    from: number,
    to = Infinity,
    knownFrom = Infinity,
  ): Generator<number> {
    const step = Math.min(WINDOW_SIZE, to - from);
    const record = new RecordView(this.#keySizeLimit);
    const window = new Uint8Array(step + this.#keySizeLimit + RECORD_OVERHEAD);
    this.#dismissed.clear();
    let looked = knownFrom;
    for (let start = from; start < to; start += step) {
      const length = this.#source.read(window, 0, window.length, start);
      const last = Math.min(step, to - start);
      for (
        let at = 0;
        (at = findHeader(window, at, last, length, record)) >= 0;
        at++
      ) {
        const offset = start + at;
        const fits = hasBytes(this.#source, start + record.end);
        this.isKnown = false;
        if (this.#known !== undefined && offset >= looked) {
          this.#known.look(offset - looked);
          looked = offset;
          this.isKnown = fits &&
            this.#known.hasRange(window, record, this.#source, start);
        }
        if (this.#dismissed.delete(offset)) {
          this.#dismissed.add(start + record.end);
          if (!this.isKnown) continue;
        }
        this.recordSize = record.end - at;
        if (fits) yield offset;
      }
      if (length < window.length) return;
    }
  }

  /**
   * Removes the rest of a candidate's chain from the candidates. Without this, a
   * long chain would be followed again from each of its records.
   */
  dismiss(offset: number): void {
    if (this.parse(offset)) this.#dismissed.add(offset + this.recordSize);
  }
}

/** Records that follow each other. */
export interface Chain {
  /** Number of records. */
  records: number;
  /** Total size of their keys. */
  keyBytes: number;
  /** Offset behind the last record. */
  end: number;
}

/**
 * Finds the next plausible header in `bytes`, whose first `limit` bytes count.
 *
 * @param to Offset before which it must start.
 * @param record Receives the record.
 * @returns Its offset, or -1.
 */
export function findHeader(
  bytes: Uint8Array,
  from: number,
  to: number,
  limit: number,
  record: RecordView,
): number {
  // A record has at least nine bytes.
  const last = Math.min(to, limit - RECORD_OVERHEAD);
  for (let at = from; at < last; at++) {
    // Key sizes below 16 MiB have a zero byte; text has none.
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
