/**
 * Recovery: finding record boundaries in corrupted files.
 *
 * Size fields alone separate records, so a boundary needs evidence:
 *
 * - **A codec that is not `none`**: a content that decompresses is proof.
 * - **Checksums** (see `KnownDocuments`): a record that matches is proof. A
 *   record that does not match and contains one that does has a corrupt size
 *   field, unless it comes after the last document that has a checksum.
 * - **Codec `none`**: a chain of plausible headers. Four in a row, or fewer that
 *   end where the file does, are enough.
 *
 * The size fields of a chain can be read out of step as well: its contents as
 * keys, its keys as contents. Of two readings, the one that goes on is right. If
 * both do, it is the one whose keys resemble the key before the corrupted region,
 * or else the first key of the file.
 *
 * A record with a plausible header is believed if another one follows it, so an
 * undamaged file loses nothing. There are these exceptions:
 *
 * - A content that decompresses within its key proves that the key size is corrupt.
 * - With `none`, a chain begins within the record and runs across its end, where
 *   there is no header, or one of a chain whose keys resemble its own less.
 * - With `none`, records with numbered keys are missing between the record and the
 *   next one, and end its content.
 *
 * With `none` and without checksums, recovery does not promise the following:
 *
 * - Changed bytes of keys and contents are not noticed.
 * - A size that is corrupt but ends at a later boundary hides the records up to
 *   there in the content, unless their keys are numbered.
 * - Fewer than four records between two corrupted regions may be skipped.
 * - Documents that are bin files or arrays of small integers, and binary keys,
 *   look like records. Beside a corrupted region, what is in them may become
 *   documents, and a neighbor may be lost.
 *
 * With any codec, binary keys that contain zeros may be found without their first
 * bytes when these are next to a corrupted region.
 */
import { readUint32 } from "../../codec/bytes.ts";
import { RECORD_OVERHEAD, type RecordView } from "../format/record.ts";
import type { ByteSource } from "../source/byte_source.ts";
import type { ContentCheck } from "./content_check.ts";
import {
  type Chain,
  findHeader,
  HeaderReader,
  SIZE_FIELD,
} from "./header_reader.ts";
import { countFrom, isText, likeness } from "./keys.ts";

/** Plausible headers in a row that are not a coincidence. */
const CONVINCING_CHAIN = 4;

/** Records to which readings are followed to compare them. */
const COMPARED_RECORDS = 256;

/** Keys that are compared with the example, to tell readings apart. */
const COMPARED_KEYS = 8;

/** Readings that are compared, so that work stays bounded. */
const MAX_READINGS = 16;

/** A lead in likeness of keys that counts against a record with a plausible header. */
const CLEAR_LEAD = 3;

/** Smaller contents may decompress by chance: a single byte can be a whole brotli stream. */
const MIN_PROOF = 5;

/** How to recognize records. */
export interface ResyncOptions {
  /** Maximum key size, in bytes. */
  keySizeLimit: number;
  /** Recognizes contents and known documents. */
  checkContent: ContentCheck;
  /** A key that the keys of the file resemble, if there is one. */
  example?: Uint8Array;
}

/**
 * Finds the first record at or after an offset.
 *
 * @returns Its offset; undefined if there is none.
 */
export function resync(
  source: ByteSource,
  offset: number,
  options: ResyncOptions,
): number | undefined {
  const { keySizeLimit, checkContent: { known } } = options;
  const headers = new HeaderReader(source, keySizeLimit, known);
  for (const at of headers.candidates(offset, Infinity, offset)) {
    if (headers.isKnown) return at;
    if (isBoundary(headers, at, options)) {
      return align(source, headers, at, options);
    }
  }
}

/** A record whose sizes may be corrupt. */
export interface Suspect {
  /** Offset of the record. */
  start: number;
  /** Its key. */
  key: Uint8Array;
  /** Offset of its content. */
  contentStart: number;
  /** Offset behind it, by its size fields. */
  end: number;
}

/**
 * Finds the first known document that a record overlaps which is not known itself.
 *
 * @param from Where to begin, at the start of the record or before it.
 */
export function findKnown(
  source: ByteSource,
  from: number,
  { contentStart, end }: Pick<Suspect, "contentStart" | "end">,
  { keySizeLimit, checkContent: { known } }: ResyncOptions,
): number | undefined {
  if (known === undefined) return undefined;
  const headers = new HeaderReader(source, keySizeLimit, known);
  for (const at of headers.candidates(from, end, from)) {
    if (!headers.isKnown) continue;
    // The content of a newer document may contain copies of known ones.
    const isWithin = at >= contentStart && at + headers.recordSize <= end;
    if (!isWithin || !known.isFinalSeen) return at;
  }
}

/**
 * Whether a record may overlap others: whether it contains a plausible header.
 * This is done for every record, so it looks only at the bytes at hand.
 *
 * @param bytes Contain the record; the first `limit` bytes count.
 * @param other Is overwritten.
 */
export function mayOverlap(
  bytes: Uint8Array,
  limit: number,
  { start, keyStart, keySize, contentStart, end }: RecordView,
  other: RecordView,
  { decompresses, known }: ContentCheck,
): boolean {
  const keyIsText = isText(bytes, keyStart, keyStart + keySize);
  const from = known !== undefined
    ? start + 1
    : keyIsText
    ? contentStart
    : keyStart;
  const to = decompresses ? contentStart - SIZE_FIELD : end;
  for (
    let at = from;
    (at = findHeader(bytes, at, to, limit, other)) >= 0;
    at++
  ) {
    if (!keyIsText || known !== undefined) return true;
    const keyStart = at + SIZE_FIELD;
    if (isText(bytes, keyStart, keyStart + other.keySize)) return true;
  }
  // A header may continue behind the bytes.
  return from < to && to + other.keySizeLimit + RECORD_OVERHEAD > limit;
}

/**
 * Finds the records that a record with corrupt size fields overlaps.
 *
 * @returns Offset of the first of them; undefined if the record is to be believed.
 */
export function findOverlap(
  source: ByteSource,
  { start, key, contentStart, end }: Suspect,
  options: ResyncOptions,
): number | undefined {
  const { checkContent } = options;
  if (checkContent.decompresses) {
    return behindContent(source, key, start + SIZE_FIELD, checkContent);
  }
  const headers = new HeaderReader(source, options.keySizeLimit);
  const keyIsText = isText(key);
  const sizeField = contentStart - SIZE_FIELD;
  if (!keyIsText) {
    const { example = headers.keyAt(end) } = options;
    const wanted = example && likeness(key, example) + CLEAR_LEAD;
    for (const at of headers.candidates(start + 1, sizeField + 1)) {
      if (
        example !== undefined && headers.likeness(at, example, 1) >= wanted! &&
        isBoundary(headers, at, options)
      ) return align(source, headers, at, { ...options, example });
    }
  }
  // A content that is all records is a document that is a bin file.
  if (headers.follow(contentStart, end).end === end) return undefined;
  const next = headers.keyAt(end);
  const from = keyIsText ? contentStart : sizeField + 1;
  for (const at of headers.candidates(from, end)) {
    if (keyIsText && !isText(headers.keyAt(at)!)) continue;
    const chain = headers.follow(at, end);
    if (chain.end === end && isMissing(headers, at, end, key, next)) return at;
    if (
      chain.end > end && isBoundary(headers, at, options) &&
      (chain.end === headers.size || headers.parse(chain.end)) &&
      (next === undefined || lead(headers, at, end, key, COMPARED_KEYS) >= 1)
    ) {
      return align(source, headers, at, { ...options, example: key });
    }
    headers.dismiss(at);
  }
}

/**
 * Finds the records that a record overlaps whose content does not decompress: a
 * chain that ends where the record does.
 *
 * @param from First offset at which the chain may start.
 * @param to Offset before which it must start.
 * @param end Where the record ends.
 * @returns Where the chain starts; undefined if there is none.
 */
export function findOverlapped(
  source: ByteSource,
  from: number,
  to: number,
  end: number,
  { keySizeLimit, checkContent }: ResyncOptions,
): number | undefined {
  const headers = new HeaderReader(source, keySizeLimit);
  for (const at of headers.candidates(from, to)) {
    if (headers.follow(at, end).end !== end) headers.dismiss(at);
    else if (headers.parse(at) && headers.accepts(checkContent)) return at;
  }
}

/** Whether there is enough evidence that a record starts at `offset`, or that the file ends there. */
function isBoundary(
  headers: HeaderReader,
  offset: number,
  { checkContent }: ResyncOptions,
): boolean {
  if (!checkContent.decompresses) {
    const { records, end } = headers
      .follow(offset, headers.size, CONVINCING_CHAIN);
    return records === CONVINCING_CHAIN || end === headers.size;
  }
  if (!headers.parse(offset) || !headers.accepts(checkContent)) return false;
  if (headers.contentSize >= MIN_PROOF) return true;
  const next = offset + headers.recordSize;
  return next === headers.size ||
    headers.parse(next) && headers.accepts(checkContent);
}

/** Where the first record starts if a search has found evidence of one at `offset`. */
function align(
  source: ByteSource,
  headers: HeaderReader,
  offset: number,
  options: ResyncOptions,
): number {
  headers.parse(offset);
  const behind = offset + headers.contentSizeOffset + 1;
  const start = bestReading(headers, offset, behind, options);
  headers.parse(start);
  const contentStart = start + headers.contentSizeOffset + SIZE_FIELD;
  const end = start + headers.recordSize;
  return findKnown(source, offset, { contentStart, end }, options) ?? start;
}

/** The best of the readings that start at `offset` or within the key of the record there, before `to`. */
function bestReading(
  headers: HeaderReader,
  offset: number,
  to: number,
  options: ResyncOptions,
): number {
  let best = offset;
  let readings = 0;
  for (const at of headers.candidates(offset + 1, to)) {
    // Records of the best chain so far agree with it.
    if (headers.follow(best, at).end === at) continue;
    if (!isBoundary(headers, at, options)) continue;
    if (isBetter(headers, at, best, options.example)) best = at;
    if (++readings === MAX_READINGS) break;
  }
  return best;
}

/**
 * Whether the reading that starts at `a` is better than the one at `b`: it alone
 * goes on, or its keys resemble the example more, or else they are shorter.
 */
function isBetter(
  headers: HeaderReader,
  a: number,
  b: number,
  example: Uint8Array | undefined,
): boolean {
  const { size } = headers;
  const next = Math.max(
    headers.follow(a, size, 1).end,
    headers.follow(b, size, 1).end,
  );
  if (headers.follow(a, next).end === headers.follow(b, next).end) {
    // They lead to the same record and differ in the keys before it only.
    example ??= headers.keyAt(next);
    return example !== undefined && lead(headers, a, b, example, 1) >= 1;
  }
  const first = headers.follow(a, size, COMPARED_RECORDS);
  const second = headers.follow(b, size, COMPARED_RECORDS);
  const firstGoesOn = goesOn(first, size);
  if (firstGoesOn !== goesOn(second, size)) return firstGoesOn;
  const order = example === undefined
    ? 0
    : lead(headers, a, b, example, COMPARED_KEYS);
  if (Math.abs(order) >= 1) return order > 0;
  return first.keyBytes * second.records < second.keyBytes * first.records;
}

/** How much more the first `count` keys from `a` on resemble an example than those from `b` on. */
function lead(
  headers: HeaderReader,
  a: number,
  b: number,
  example: Uint8Array,
  count: number,
): number {
  return headers.likeness(a, example, count) -
    headers.likeness(b, example, count);
}

/** Whether a chain that was followed for {@linkcode COMPARED_RECORDS} ended without damage. */
function goesOn({ records, end }: Chain, size: number): boolean {
  return records === COMPARED_RECORDS || end === size;
}

/**
 * Finds a content within a key that begins at `keyStart`. The size of the key is
 * corrupt if there is one.
 *
 * @returns The offset behind the content; undefined if there is none.
 */
function behindContent(
  source: ByteSource,
  key: Uint8Array,
  keyStart: number,
  checkContent: ContentCheck,
): number | undefined {
  for (let at = 0; at + SIZE_FIELD < key.length; at++) {
    const size = readUint32(key, at);
    const start = at + SIZE_FIELD;
    if (
      size >= MIN_PROOF && start + size <= key.length &&
      checkContent.acceptsRange(source, keyStart + start, size)
    ) return keyStart + start + size;
  }
}

/** Whether the keys of the records from `offset` to `end` are numbered, and missing between two others. */
function isMissing(
  headers: HeaderReader,
  offset: number,
  end: number,
  before: Uint8Array,
  after: Uint8Array | undefined,
): boolean {
  let last = before;
  for (let at = offset; at < end; at += headers.recordSize) {
    const key = headers.keyAt(at)!;
    if (!(countFrom(last, key) > 0)) return false;
    last = key;
  }
  return after === undefined || countFrom(last, after) > 0;
}
