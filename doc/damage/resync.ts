/**
 * Finding records again in damaged files.
 *
 * Sizes are all that separates records, so what speaks for a place being a
 * record has to be weighed:
 *
 * - **A content that decompresses** is proof with every codec but `none`; only
 *   the smallest contents of brotli, which has neither magic number nor
 *   checksum, need a second record behind them.
 * - **A chain of plausible records**, or one that ends where the file does, is
 *   what there is with `none`. A lone record between two damaged places counts if
 *   its key is text and no chain starts within it.
 * - **Checksums of key and content** that a document had when they were written
 *   are proof with `none`, if there is a file of them (see `KnownDocuments`).
 *
 * They speak for a record only, never against it: it may have changed, or be
 * newer. A known record counts at once, whatever it holds and whatever follows
 * it. One that is not known and within which a known one starts has swallowed
 * that; the exceptions are those of {@linkcode findKnownWithin}. So no document
 * is lost that is as it was, with these limits:
 *
 * - Documents within a damaged document that are copies of known ones, in a bin
 *   file say, may come out as documents.
 * - A document whose bytes are also in the file where others meet, in part of
 *   one and part of the next, may be found there if the first is damaged.
 * - Where a document has changed or is newer right behind those that another has
 *   swallowed, and the other looks like a bin file then, it is taken for one.
 *
 * And a document that has changed, or was put between known ones later, may be
 * lost for holding copies of them, if it is no bin file.
 *
 * With `none` and no checksums, these things cannot be told apart, and this is
 * how they are taken:
 *
 * - Bytes of keys and contents that were changed are not noticed.
 * - What looks like records within the content of a record with a sound header
 *   is its content, be it a bin file that is a document or a piece of this file
 *   that was written over it. Only a chain that runs on past the record's end,
 *   without a boundary there, proves that the record's size lies.
 * - A size that lies by exactly one or several records makes them look like part
 *   of the content. They are found again if keys are numbered: `page-7` that is
 *   followed by `page-9` and ends with a record `page-8` has swallowed it (see
 *   {@linkcode findHidden}). Otherwise they stay where they are, whole, within
 *   that content: to split it would damage files that hold bin files.
 * - A record whose header is gone leaves a content behind. If that is a bin file,
 *   its documents count as documents.
 * - Fewer than four records between two damaged places may be taken for others.
 * - Contents that are full of small integers, or bin files, next to a damaged
 *   header may by chance make a chain that is as good as the real one; a sound
 *   record can then be lost with the damaged one. It is reported as skipped, or
 *   lies within a record that is kept.
 * - Keys that are binary numbers look like sizes, and have nothing in common that
 *   would tell them from others. The record with a sound header is believed: an
 *   undamaged file loses nothing, and a size that lies may cost its neighbours.
 */
import { readUint32 } from "../../codec/bytes.ts";
import { findHeader, HeaderReader, SIZE_FIELD } from "./header_reader.ts";
import { isLikelier, isText, MIN_LIKENESS } from "./key_likeness.ts";
import { countOn } from "./numbered_keys.ts";
import type { ByteSource } from "../source/byte_source.ts";
import type { ContentCheck } from "./content_check.ts";
import { type KnownDocuments, RangeSum } from "./known_documents.ts";
import { RECORD_OVERHEAD, type RecordView } from "../format/record.ts";

/** This many plausible records in a row are no coincidence. */
const CONVINCING_CHAIN = 4;

/** Records that are followed to tell keys from contents. */
const ALIGNING_CHAIN = 2000;

/** Chains with odd keys that are remembered. */
const MAX_ODD = 16;

/** Fewest bytes of a content whose decompression proves something: single bytes are documents to brotli. */
const MIN_PROOF = 5;

/** Where and how to look for records. */
export interface FindRecordOptions {
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Checks contents. */
  checkContent: ContentCheck;
  /**
   * Where the record that is under suspicion says it ends. What looks like
   * records before that is merely its content, unless it runs on past that place
   * without a boundary right there. Not given when its content is known to be
   * damaged.
   */
  claimedEnd?: number;
  /**
   * Key of a record nearby, if there is one that is trusted. Where contents
   * cannot be checked, records are known by keys like it.
   */
  example?: Uint8Array;
  /** Whether keys are known to be text, most of them at least. */
  keysAreText?: boolean;
}

/**
 * Finds the first record at or after an offset of a damaged file.
 *
 * @returns Its offset, or undefined when there is none.
 */
export function findRecord(
  source: ByteSource,
  offset: number,
  options: FindRecordOptions,
): number | undefined {
  const { known } = options.checkContent;
  const headers = new HeaderReader(source, options.keySizeLimit, known);
  const found = findLikely(headers, offset, options);
  if (found === undefined || headers.isKnown) return found;
  return findKnownWithin(source, found, options) ??
    behindRubbish(headers, found, options);
}

/**
 * Where the record really starts that was found at an offset: the rest of a
 * damaged record before it may look like the size of a longer key.
 */
function behindRubbish(
  headers: HeaderReader,
  offset: number,
  options: FindRecordOptions,
): number {
  headers.parse(offset);
  if (headers.keyIsText()) return offset;
  const key = headers.key().slice();
  const keyStart = offset + SIZE_FIELD;
  const end = offset + headers.recordSize;
  for (const at of headers.candidates(keyStart, keyStart + key.length)) {
    if (isHeld(headers, at, end, key, options)) return at;
  }
  return offset;
}

/** The same, without a look at what the record that is found may have swallowed. */
function findLikely(
  headers: HeaderReader,
  offset: number,
  options: FindRecordOptions,
): number | undefined {
  // What is known within the record under suspicion may be part of its content.
  const knownFrom = Math.max(offset, options.claimedEnd ?? 0);
  /** Starts of chains with odd keys. They count if they lead to something better. */
  const odd: number[] = [];
  const leadingTo = (end: number) =>
    odd.find((at) => headers.follow(at, end).end === end);
  let lone: number | undefined;
  let loneEnd = 0;
  for (const at of headers.candidates(offset, Infinity, knownFrom)) {
    // Nothing better has turned up within it.
    if (lone !== undefined && at >= loneEnd) return leadingTo(lone) ?? lone;
    if (headers.isKnown) return leadingTo(at) ?? at;
    const evidence = weigh(headers, at, options);
    if (evidence === Evidence.Convincing) {
      const start = startOf(headers, at, options);
      const first = headers.firstKnown(Math.max(at, knownFrom), start) ?? start;
      return leadingTo(first) ?? first;
    }
    if (evidence === Evidence.Odd && odd.push(at) > MAX_ODD) odd.shift();
    if (evidence === Evidence.Lone && lone === undefined) {
      headers.parse(at);
      lone = at;
      loneEnd = at + headers.recordSize;
    }
  }
  return leadingTo(lone ?? headers.size) ?? lone;
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
  for (const at of headers.candidates(from, to)) {
    if (headers.follow(at, end).end !== end) headers.dismiss(at);
    else if (headers.parse(at) && headers.accepts(checkContent)) return at;
  }
}

/**
 * Finds the known documents that a record has swallowed which is none of them
 * itself. A bin file that is a document may hold copies of others, and so may
 * anything behind the last known document. Those are left alone, unless
 *
 * - the key and the content up to one of them are a document,
 * - one of them runs on past the record's end, or
 * - the one that ends there is followed in the file by what follows the record.
 *
 * @param offset Where the record starts, which must be whole.
 * @returns Where the first of them starts, or undefined when there is none.
 */
export function findKnownWithin(
  source: ByteSource,
  offset: number,
  { keySizeLimit, checkContent: { known } }: FindRecordOptions,
): number | undefined {
  if (known === undefined || known.isExhausted) return undefined;
  const headers = new HeaderReader(source, keySizeLimit, known);
  headers.parse(offset);
  const contentStart = offset + headers.contentSizeOffset + SIZE_FIELD;
  const end = offset + headers.recordSize;
  const key = headers.key().slice();
  const { isFinalSeen } = known;
  const keySum = isFinalSeen ? undefined : known.keySum(key, 0, key.length);
  let prefix: RangeSum | undefined;
  let first: number | undefined;
  let last: number | undefined;
  let mayHoldCopies = false;
  let summed = contentStart;
  for (const at of headers.candidates(offset + 1, end, offset + 1)) {
    if (!headers.isKnown) continue;
    if (at < contentStart) return at;
    const next = at + headers.recordSize;
    if (first === undefined) {
      first = at;
      const chain = headers.follow(contentStart, end);
      known.look(chain.records * (keySizeLimit + RECORD_OVERHEAD));
      mayHoldCopies = chain.end === end || isFinalSeen;
      if (keySum !== undefined) {
        prefix = new RangeSum();
        prefix.begin(source, contentStart);
      }
    }
    if (prefix !== undefined) {
      known.look(at - summed);
      summed = at;
      const content = prefix.upTo(at);
      if (known.has({ key: keySum!, content })) return at;
    } else if (!mayHoldCopies) return first;
    if (next > end) mayHoldCopies = false;
    if (next === end) last = at;
  }
  if (first === undefined || !mayHoldCopies) return first;
  const sums = last === undefined ? undefined : headers.sums(last);
  if (sums === undefined) return undefined;
  const nextSums = end < headers.size ? headers.sums(end) : undefined;
  // If what follows is newer, or nothing does, the last document may have been swallowed.
  const isCopy = isFinalSeen || first === contentStart && isText(key);
  const isFollowed = nextSums === undefined
    ? known.isFinal(sums) && !isCopy
    : known.follows(sums, nextSums);
  return isFollowed ? first : undefined;
}

/** Whether the record at an offset is a known document. */
export function isKnownAt(
  source: ByteSource,
  offset: number,
  keySizeLimit: number,
  known: KnownDocuments | undefined,
): boolean {
  const headers = new HeaderReader(source, keySizeLimit, known);
  return headers.sums(offset) !== undefined;
}

/**
 * Whether the key of a record holds records that a lying size has made part of
 * it. It would consist of a shorter key, its content, and then
 *
 * - a chain that ends where the record does, or
 * - nothing: what should be the size of the next key is taken for that of the
 *   content (see {@linkcode align}).
 *
 * @param key The key, which is no text.
 * @param keyStart Where it starts in the file.
 * @param end Where the record ends.
 */
export function keyHoldsRecords(
  source: ByteSource,
  key: Uint8Array,
  keyStart: number,
  end: number,
  options: FindRecordOptions,
): boolean {
  const headers = new HeaderReader(source, options.keySizeLimit);
  const { example = headers.keyAt(end) } = options;
  if (example === undefined) return false;
  let size = -1;
  while ((size = findShorterKey(key, size + 1, key.length)) >= 0) {
    const at = size + SIZE_FIELD + readUint32(key, size);
    const holds = at < key.length
      ? isHeld(headers, keyStart + at, end, key, { ...options, example })
      : isLikelier(headers.keyAt(keyStart + at), key, example);
    if (holds) return true;
  }
  return false;
}

/**
 * Finds what may be the size of a content within a key, between two places: one
 * that does not lead out of the key.
 *
 * @returns Where it is, or -1.
 */
export function findShorterKey(
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  for (let at = from; at + SIZE_FIELD <= to; at++) {
    if (at + SIZE_FIELD + readUint32(bytes, at) <= to) return at;
  }
  return -1;
}

/**
 * Whether there is a chain of records at an offset within a key, which ends where
 * the key's record does, and starts with a likelier key.
 */
function isHeld(
  headers: HeaderReader,
  at: number,
  end: number,
  key: Uint8Array,
  { checkContent, example = headers.keyAt(end) }: FindRecordOptions,
): boolean {
  return example !== undefined && headers.follow(at, end).end === end &&
    headers.parse(at) && headers.accepts(checkContent) &&
    isLikelier(headers.keyAt(at), key, example);
}

/** A record whose size may lie, in a file whose contents cannot be checked. */
export interface Suspect {
  /** Its key. */
  key: Uint8Array;
  /** Where its content starts in the file. */
  contentStart: number;
  /** Where it ends. */
  end: number;
  /** The key of the record behind it; undefined at the end of the file. */
  successorKey: Uint8Array | undefined;
}

/**
 * Finds the records that a suspect has swallowed although another follows where
 * it ends. They are a chain within its content that
 *
 * - runs on past its end, with keys that are more like its own than those of the
 *   records behind it, or
 * - ends where it does, if their keys are numbered and count from its own key to
 *   that of its successor.
 *
 * @returns Where the chain starts, or undefined when there is none.
 */
export function findHidden(
  source: ByteSource,
  { key, contentStart, end, successorKey }: Suspect,
  options: FindRecordOptions,
): number | undefined {
  const headers = new HeaderReader(source, options.keySizeLimit);
  // A content that is nothing but records is a bin file that is a document.
  if (headers.follow(contentStart, end).end === end) return;
  const isNumbered = successorKey === undefined ||
    countOn(key, successorKey) > 1;
  const crossing = {
    ...options,
    claimedEnd: end,
    example: key,
    keysAreText: isText(key),
  };
  for (const at of headers.candidates(contentStart, end)) {
    const chain = headers.follow(at, end);
    if (chain.end === end && isNumbered) {
      if (headers.countsOn(at, end, key, successorKey)) return at;
    }
    if (chain.end <= end) headers.dismiss(at);
    else if (
      weigh(headers, at, crossing) === Evidence.Convincing &&
      headers.likeness(at, key) >= MIN_LIKENESS &&
      compare(headers, at, end, key) > 0
    ) return at;
  }
}

/** Whether a plausible header starts between two places, with a key of text if that is asked for. */
export function mayHoldRecords(
  bytes: Uint8Array,
  from: number,
  to: number,
  limit: number,
  record: RecordView,
  wantsText: boolean,
): boolean {
  for (
    let at = from;
    (at = findHeader(bytes, at, to, limit, record)) >= 0;
    at++
  ) {
    const { keyStart, keySize } = record;
    if (!wantsText || isText(bytes, keyStart, keyStart + keySize)) {
      return true;
    }
  }
  return false;
}

/** Whether a plausible header with a key that is known starts between two places. */
export function mayHoldKnown(
  bytes: Uint8Array,
  from: number,
  to: number,
  limit: number,
  record: RecordView,
  known: KnownDocuments,
): boolean {
  for (
    let at = from;
    (at = findHeader(bytes, at, to, limit, record)) >= 0;
    at++
  ) {
    const { keyStart, keySize } = record;
    const sum = known.keySum(bytes, keyStart, keyStart + keySize);
    if (sum !== undefined) return true;
  }
  return false;
}

/** What speaks for a place being a record. */
const enum Evidence {
  /** Nothing but a header. */
  None,
  /** A header and a key that is text, with no other records behind it. */
  Lone,
  /** A chain of records whose keys are no text, among others whose keys are. */
  Odd,
  /** A content that decompresses, or a chain of records. */
  Convincing,
}

function weigh(
  headers: HeaderReader,
  offset: number,
  options: FindRecordOptions,
): Evidence {
  const { checkContent, claimedEnd = -1, example } = options;
  headers.parse(offset);
  const { contentSize } = headers;
  const keyIsText = headers.keyIsText();
  const lone = keyIsText ? Evidence.Lone : Evidence.None;
  const next = offset + headers.recordSize;
  if (offset < claimedEnd) {
    // Both of the ways to read it: see align().
    const other = offset + headers.contentSizeOffset;
    if (headers.follow(next, claimedEnd).end <= claimedEnd) {
      headers.dismiss(offset);
      return Evidence.None;
    }
    if (
      other !== claimedEnd &&
      headers.follow(other, claimedEnd).end === claimedEnd &&
      headers.likeness(offset, example) < 1 + headers.likeness(other, example)
    ) return Evidence.None;
  }
  if (!checkContent.isPossible) {
    return weighChain(headers, offset, options, keyIsText);
  }
  if (offset < claimedEnd && options.keysAreText && !keyIsText) {
    return Evidence.None;
  }
  headers.parse(offset);
  if (!headers.accepts(checkContent)) return Evidence.None;
  if (contentSize >= MIN_PROOF) return Evidence.Convincing;
  const goesOn = headers.parse(next) && headers.accepts(checkContent);
  return goesOn || next === headers.size ? Evidence.Convincing : lone;
}

/** The same where contents cannot be checked. */
function weighChain(
  headers: HeaderReader,
  offset: number,
  { claimedEnd = -1, example, keysAreText }: FindRecordOptions,
  firstIsText: boolean,
): Evidence {
  let at = offset;
  let count = 0;
  let texts = 0;
  const crosses = offset < claimedEnd;
  /** Records that start behind the end that is claimed; one of them proves a crossing. */
  let beyond = 0;
  while (
    (count < CONVINCING_CHAIN || beyond === 0) && headers.parse(at)
  ) {
    count++;
    if (at > claimedEnd) beyond++;
    if (headers.keyIsText()) texts++;
    at += headers.recordSize;
  }
  const isLong = count >= CONVINCING_CHAIN || at === headers.size;
  // Two in a row before more damage must do, if nothing speaks against them.
  const isEnough = isLong || (count >= 2 &&
    (!crosses || headers.likeness(offset, example) >= MIN_LIKENESS));
  if (isEnough && (beyond > 0 || at === headers.size)) {
    const isOdd = keysAreText && 2 * texts < count;
    if (!isOdd) return Evidence.Convincing;
    if (!crosses) return Evidence.Odd;
  }
  return !crosses && firstIsText ? Evidence.Lone : Evidence.None;
}

/**
 * Where the chain really starts that was found at an offset: what looks like its
 * first record may reach into the real one, and lead to the same records.
 */
function startOf(
  headers: HeaderReader,
  offset: number,
  options: FindRecordOptions,
): number {
  const start = align(headers, offset, options);
  if (start === offset) return start;
  for (const at of headers.candidates(offset + 1, start)) {
    if (headers.follow(at, start).end === start) return at;
  }
  return start;
}

/**
 * Records are sizes and bytes in turns, so a place where a content starts looks
 * like a record too: its content would be the next record's key. Where the codec
 * cannot tell, {@linkcode compare} does, or else the reading that goes on for
 * longer is the right one; if both go on, the one with the shorter keys.
 *
 * @returns `offset`, or where the content of the record there starts.
 */
function align(
  headers: HeaderReader,
  offset: number,
  { checkContent, example }: FindRecordOptions,
): number {
  if (checkContent.isPossible) return offset;
  headers.parse(offset);
  const other = offset + headers.contentSizeOffset;
  const { size } = headers;
  const order = compare(headers, offset, other, example);
  if (order !== 0) return order > 0 ? offset : other;
  const here = headers.follow(offset, size, ALIGNING_CHAIN);
  const there = headers.follow(other, size, ALIGNING_CHAIN);
  if (Math.abs(here.records - there.records) > 1) {
    return here.records > there.records ? offset : other;
  }
  return here.keyBytes / here.records <= there.keyBytes / there.records
    ? offset
    : other;
}

/**
 * Compares two readings of the same bytes: the one whose keys are like a known
 * one is better, or else the one that comes out where the file ends.
 *
 * @returns More than 0 if the one that starts at `a` is better, less if the
 * other, 0 if that cannot be told.
 */
function compare(
  headers: HeaderReader,
  a: number,
  b: number,
  example: Uint8Array | undefined,
): number {
  const { size } = headers;
  const first = headers.follow(a, size, ALIGNING_CHAIN);
  const second = headers.follow(b, size, ALIGNING_CHAIN);
  if (first.records === 0 || second.records === 0) {
    return first.records - second.records;
  }
  const order = headers.likeness(a, example) - headers.likeness(b, example);
  if (Math.abs(order) >= 1) return order;
  return Number(first.end === size) - Number(second.end === size);
}
