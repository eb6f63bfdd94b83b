import type { CodecName } from "../codec/names.ts";
import { decompress, type DecompressOptions } from "../codec/compress.ts";
import { CodecError } from "../codec/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import { RecordState, RecordView } from "./record.ts";

/** Bytes that are searched at a time. */
const WINDOW_SIZE = 256 * 1024;

/** This many plausible records in a row are no coincidence. */
const CONVINCING_CHAIN = 4;

/** Records that are followed to tell keys from contents. */
const ALIGNING_CHAIN = 2000;

/** Whether a content can be what the file's codec writes; undefined when the codec cannot tell. */
export type ContentCheck = (content: Uint8Array) => boolean | undefined;

/**
 * The check of what `codec` writes: whether it decompresses. Uncompressed
 * contents tell nothing.
 */
export function contentCheck(
  codec: CodecName,
  options: DecompressOptions = {},
): ContentCheck {
  return (content) => {
    if (codec === "none") return undefined;
    try {
      decompress(content, codec, options);
      return true;
    } catch (error) {
      if (error instanceof CodecError) return false;
      throw error;
    }
  };
}

/** Where and how to look for records. */
export interface FindRecordOptions {
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Checks contents. */
  checkContent: ContentCheck;
  /**
   * A place where a record that may have lied about its size says it ends. A
   * chain that starts before it must run past it without a boundary right there:
   * one with such a boundary is merely content that looks like records.
   */
  suspectEnd?: number;
}

/**
 * Finds the first record at or after an offset of a damaged file.
 *
 * A header that looks plausible is not enough. A place is taken for a record
 * when its content decompresses, or when a chain of plausible records starts
 * there, or one that ends exactly where the file does.
 *
 * @returns Its offset, or undefined when there is none.
 */
export function findRecord(
  source: ByteSource,
  offset: number,
  options: FindRecordOptions,
): number | undefined {
  const window = new Uint8Array(WINDOW_SIZE);
  const headers = new HeaderReader(source, options.keySizeLimit);
  for (let start = offset; start < source.size;) {
    const length = source.read(window, 0, WINDOW_SIZE, start);
    // A record has at least nine bytes, so nothing starts in the last eight.
    const last = length - 8;
    for (let at = 0; at < last; at++) {
      const keySize = window[at] | window[at + 1] << 8 |
        window[at + 2] << 16 | window[at + 3] << 24;
      if (keySize < 0 || keySize > options.keySizeLimit) continue;
      if (startsChain(headers, start + at, options)) {
        return align(headers, start + at, options);
      }
    }
    if (length < WINDOW_SIZE) return undefined;
    start += last;
  }
  return undefined;
}

/**
 * Finds records that a record with a lying size has swallowed: a chain that
 * starts somewhere within it and ends exactly where it does.
 *
 * @param from First offset at which the chain may start.
 * @param to Offset before which it must start.
 * @param end Where the record ends.
 * @returns Where the chain starts, or undefined when there is none.
 */
export function findSwallowed(
  source: ByteSource,
  from: number,
  to: number,
  end: number,
  { keySizeLimit, checkContent }: FindRecordOptions,
): number | undefined {
  const headers = new HeaderReader(source, keySizeLimit);
  for (let at = from; at < to; at++) {
    if (!headers.parse(at) || headers.check(checkContent) === false) continue;
    let next = at + headers.recordSize;
    while (next < end && headers.parse(next)) next += headers.recordSize;
    if (next === end) return at;
  }
  return undefined;
}

/** Whether records that convince start at an offset. */
function startsChain(
  headers: HeaderReader,
  offset: number,
  { checkContent, suspectEnd = -1 }: FindRecordOptions,
): boolean {
  const mustCross = offset < suspectEnd;
  let at = offset;
  let verdict: boolean | undefined;
  for (let count = 0;; count++) {
    if (mustCross && at === suspectEnd) return false;
    const counts = count > 0 && (!mustCross || at > suspectEnd);
    if (counts && verdict === true) return true;
    if (counts && verdict === undefined) {
      if (at === headers.size || count >= CONVINCING_CHAIN) return true;
    }
    if (!headers.parse(at)) {
      // Without help from the codec, two in a row before more damage must do.
      return counts && verdict === undefined && count >= 2;
    }
    if (count === 0) verdict = headers.check(checkContent);
    if (verdict === false) return false;
    at += headers.recordSize;
  }
}

/**
 * Records are sizes and bytes in turns, so a place where a content starts looks
 * like a record too: its content would be the next record's key. Where the codec
 * cannot tell, the reading that goes on for longer is the right one; if both go
 * on, the one with the shorter keys.
 *
 * @returns `offset`, or where the content of the record there starts.
 */
function align(
  headers: HeaderReader,
  offset: number,
  { checkContent }: FindRecordOptions,
): number {
  headers.parse(offset);
  if (headers.check(checkContent) !== undefined) return offset;
  const other = offset + headers.contentSizeOffset;
  const here = headers.follow(offset);
  const there = headers.follow(other);
  if (there.records === 0) return offset;
  if (here.toEnd !== there.toEnd) return here.toEnd ? offset : other;
  if (Math.abs(here.records - there.records) > 1) {
    return here.records > there.records ? offset : other;
  }
  return here.keyBytes / here.records <= there.keyBytes / there.records
    ? offset
    : other;
}

/** Reads headers at any offset. */
class HeaderReader {
  /** Size of the record that was parsed last. */
  recordSize = 0;
  readonly #source: ByteSource;
  readonly #record: RecordView;
  readonly #bytes: Uint8Array;
  #start = 0;

  constructor(source: ByteSource, keySizeLimit: number) {
    this.#source = source;
    this.#record = new RecordView(keySizeLimit);
    this.#bytes = new Uint8Array(keySizeLimit + 8);
  }

  get size(): number {
    return this.#source.size;
  }

  /** @returns Whether a plausible record starts at `offset` and fits into the file. */
  parse(offset: number): boolean {
    const bytes = this.#bytes;
    const length = this.#source.read(bytes, 0, bytes.length, offset);
    const state = this.#record.parse(bytes, 0, length);
    this.#start = offset;
    this.recordSize = this.#record.end;
    return state !== RecordState.Invalid && this.#record.end > 0 &&
      offset + this.#record.end <= this.size;
  }

  /** Where, within the record that was parsed last, the size of its content is. */
  get contentSizeOffset(): number {
    return this.#record.contentStart - 4;
  }

  /** Follows the records from `offset` on, up to the end, to damage, or for long enough. */
  follow(
    offset: number,
  ): { records: number; keyBytes: number; toEnd: boolean } {
    let records = 0;
    let keyBytes = 0;
    let at = offset;
    while (records < ALIGNING_CHAIN && at < this.size && this.parse(at)) {
      records++;
      keyBytes += this.#record.keySize;
      at += this.recordSize;
    }
    return { records, keyBytes, toEnd: at === this.size };
  }

  /** What the codec says of the content of the record that was parsed last. */
  check(checkContent: ContentCheck): boolean | undefined {
    const { contentStart, contentSize } = this.#record;
    // It was checked to be there, so allocating it is safe.
    const content = new Uint8Array(contentSize);
    const position = this.#start + contentStart;
    return this.#source.read(content, 0, contentSize, position) ===
        contentSize
      ? checkContent(content)
      : false;
  }
}
