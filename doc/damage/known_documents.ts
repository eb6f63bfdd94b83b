/**
 * The documents that a file of checksums knows, as a table in shared memory.
 *
 * The table is made of 32-bit words:
 *
 * ```text
 * table := seed pairSlots finalKey finalContent finalsLeft 0
 *          allowed:float64 looked:float64
 *          (keySum contentSum){pairSlots} mark*
 * ```
 *
 * Both lists of slots are searched from where a seeded hash of the entry points
 * on; 0 is a slot that is free. A mark is the sum of a key, so that most of what
 * is no document need not be summed as a whole, or what two documents that
 * follow each other are mixed to.
 */
import { viewOf } from "../bytes.ts";
import { Xxh32, xxh32 } from "../../codec/checksum/xxh32.ts";
import { countSums, SUM_SIZE, SUMS_HEADER_SIZE } from "../format/sums.ts";
import type { ByteSource } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";
import type { RecordView } from "../format/record.ts";

/** Words of the table before the slots. */
const enum Word {
  Seed,
  PairSlots,
  FinalKey,
  FinalContent,
  FinalsLeft,
  /** Nothing, so that what follows is aligned. */
  Padding,
  /** The first of four that are two float64. */
  Budget,
  Slots = Budget + 4,
}

/** At most this share of the slots is taken, so that searches stay short. */
const MAX_LOAD = 0.75;

/** Bytes of a file that are read at a time. */
const PIECE_SIZE = 64 * 1024;

/** Every byte of a file may be looked at so many times, as it is walked over and once more beforehand. */
const LOOKS_PER_BYTE = 16;

/** So many bytes may be looked at in the smallest of files. */
const LOOKS_AT_LEAST = 1024 * 1024;

/** The sums of a document. */
export interface DocumentSums {
  /** XXH32 of its key. */
  key: number;
  /** XXH32 of its content. */
  content: number;
}

/**
 * The documents that are known by their checksums: those that a bin file had
 * when its file of sums was written. What is one of them has not changed, so
 * nothing about it need be doubted where damage is skipped; what is none of them
 * may have changed, or be newer. Only for contents that are not compressed.
 *
 * It takes about 21 bytes of memory per document, which threads can share.
 *
 * How much is looked at to find known documents is limited: on input that is
 * made to look like them everywhere, it stops knowing any, until it has got on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   KnownDocuments,
 *   openFile,
 *   repack,
 *   TolerantScanner,
 * } from "@binfiles/binfiles/doc";
 *
 * const path = `${Deno.makeTempDirSync()}/docs.bin`;
 * await repack({ source: "tests/fixtures/gzip.bin", target: path, sums: true });
 * const source = openFile(path);
 * const sums = openFile(`${path}.sums`);
 * const scanner = new TolerantScanner(source, {
 *   codec: "none",
 *   known: KnownDocuments.of(source.size, sums),
 *   onSkip() {},
 * });
 * let count = 0;
 * while (scanner.next()) count++;
 * assertEquals(count, 32);
 * for (const file of [source, sums]) file.close();
 * ```
 */
export class KnownDocuments {
  /** The table, from which another thread can make an object of its own. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Uint32Array;
  readonly #budget: Float64Array;
  readonly #pairs: Uint32Array;
  readonly #marks: Uint32Array;
  /** Making a view takes longer than summing a small document, so the last one is kept. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #range = new RangeSum();

  /** Shares the table of another object. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Uint32Array(memory);
    this.#budget = new Float64Array(memory, 4 * Word.Budget, 2);
    const marksStart = Word.Slots + 2 * this.#words[Word.PairSlots];
    this.#pairs = this.#words.subarray(Word.Slots, marksStart);
    this.#marks = this.#words.subarray(marksStart);
  }

  /**
   * Reads the sums of the documents of a file. They stay the caller's to close.
   *
   * @param size Size of the bin file, in bytes: how much there is to look at.
   * @throws {FileError} They cannot be read, or are none, or are too many for the memory.
   */
  static of(size: number, sums: ByteSource): KnownDocuments {
    const count = countSums(sums);
    const pairSlots = Math.ceil(count / MAX_LOAD) + 1;
    const markSlots = 2 * pairSlots;
    let memory: SharedArrayBuffer;
    try {
      memory = new SharedArrayBuffer(
        4 * (Word.Slots + 2 * pairSlots + markSlots),
      );
    } catch (error) {
      const file = sums.file ?? "";
      throw new FileError(
        file,
        `Cannot read ${file}: there is no memory for the sums of ${count} documents`,
        { cause: error },
      );
    }
    const words = new Uint32Array(memory);
    // Makes slots unpredictable, so that nobody can choose documents that collide.
    words[Word.Seed] = Math.floor(Math.random() * 2 ** 32);
    words[Word.PairSlots] = pairSlots;
    const known = new KnownDocuments(memory);
    known.#budget[0] = LOOKS_AT_LEAST + LOOKS_PER_BYTE * size;
    known.#fill(sums);
    return known;
  }

  /** Bytes that were looked at so far, to find known documents. */
  get looked(): number {
    return this.#budget[1];
  }

  /** Whether more bytes were looked at than is reasonable, so that nothing is known for now. */
  get isExhausted(): boolean {
    return this.#budget[1] >= this.#budget[0];
  }

  /** Says that bytes were looked at. */
  look(bytes: number): void {
    this.#budget[1] += bytes;
  }

  /** Says that the walk over the file has got on, so that more may be looked at. */
  advance(bytes: number): void {
    this.#budget[0] += LOOKS_PER_BYTE * bytes;
  }

  /**
   * Whether the record that a view has parsed in `bytes` is a known document, as
   * it is found when the file is walked from its start to its end.
   */
  hasRecord(
    bytes: Uint8Array,
    { keyStart, keySize, contentStart, contentSize, end }: RecordView,
  ): boolean {
    const key = this.keySum(bytes, keyStart, keyStart + keySize);
    if (key === undefined) return false;
    this.look(contentSize);
    const view = this.#view = viewOf(bytes, this.#view);
    const content = xxh32(view, contentStart, end);
    if (this.#isFree(this.#pairSlot(key, content))) return false;
    if (this.#isFinal(key, content) && !this.isFinalSeen) {
      this.#words[Word.FinalsLeft]--;
    }
    return true;
  }

  /** The sum of a key, if a known document has it. */
  keySum(bytes: Uint8Array, start: number, end: number): number | undefined {
    if (this.isExhausted) return undefined;
    this.look(end - start);
    const view = this.#view = viewOf(bytes, this.#view);
    const sum = xxh32(view, start, end);
    return this.#marks[this.#markSlot(sum)] === 0 ? undefined : sum;
  }

  /** The sum of a range of a source. */
  contentSum(source: ByteSource, start: number, end: number): number {
    this.look(end - start);
    this.#range.begin(source, start);
    return this.#range.upTo(end);
  }

  /** Whether a document has these sums. */
  has({ key, content }: DocumentSums): boolean {
    return !this.#isFree(this.#pairSlot(key, content));
  }

  /** Whether a document is the last one. */
  isFinal({ key, content }: DocumentSums): boolean {
    return this.#isFinal(key, content);
  }

  /** Whether the walk has come to the last one, so that everything behind it is newer. */
  get isFinalSeen(): boolean {
    return this.#words[Word.FinalsLeft] === 0;
  }

  /** Whether one document follows another, both of which are known. */
  follows(a: DocumentSums, b: DocumentSums): boolean {
    return this.#marks[this.#markSlot(this.#pairMark(a, b))] !== 0;
  }

  #isFinal(key: number, content: number): boolean {
    return this.#words[Word.FinalKey] === key >>> 0 &&
      this.#words[Word.FinalContent] === content >>> 0;
  }

  #fill(sums: ByteSource): void {
    const piece = new DataView(new ArrayBuffer(PIECE_SIZE));
    const bytes = new Uint8Array(piece.buffer);
    const { size } = sums;
    let last: DocumentSums | undefined;
    if (size > SUMS_HEADER_SIZE) {
      sums.read(bytes, 0, SUM_SIZE, size - SUM_SIZE);
      this.#words[Word.FinalKey] = piece.getInt32(0, true);
      this.#words[Word.FinalContent] = piece.getInt32(4, true);
    }
    for (let position = SUMS_HEADER_SIZE; position < size;) {
      const length = Math.min(bytes.length, size - position);
      if (sums.read(bytes, 0, length, position) < length) {
        const file = sums.file ?? "";
        throw new FileError(
          file,
          `Cannot read ${file}: it became shorter than it was`,
        );
      }
      for (let at = 0; at < length; at += SUM_SIZE) {
        const key = piece.getInt32(at, true);
        const content = piece.getInt32(at + 4, true);
        const slot = this.#pairSlot(key, content);
        this.#pairs[slot] = key;
        this.#pairs[slot + 1] = notFree(key, content);
        this.#mark(key);
        const document = { key, content };
        if (last !== undefined) this.#mark(this.#pairMark(last, document));
        last = document;
        if (this.#isFinal(key, content)) this.#words[Word.FinalsLeft]++;
      }
      position += length;
    }
  }

  /** Where a pair of sums is, or would be. */
  #pairSlot(key: number, content: number): number {
    const pairs = this.#pairs;
    const wanted = notFree(key, content) >>> 0;
    let slot = 2 * this.#place(this.#mix(key, content), pairs.length / 2);
    while (
      !this.#isFree(slot) &&
      (pairs[slot] !== key >>> 0 || pairs[slot + 1] !== wanted)
    ) slot = slot + 2 === pairs.length ? 0 : slot + 2;
    return slot;
  }

  #isFree(slot: number): boolean {
    return this.#pairs[slot] === 0 && this.#pairs[slot + 1] === 0;
  }

  #mark(value: number): void {
    this.#marks[this.#markSlot(value)] = value || 1;
  }

  /** Where a mark is, or would be. */
  #markSlot(value: number): number {
    const marks = this.#marks;
    const wanted = (value || 1) >>> 0;
    let slot = this.#place(this.#mix(value, 0), marks.length);
    while (marks[slot] !== 0 && marks[slot] !== wanted) {
      slot = slot + 1 === marks.length ? 0 : slot + 1;
    }
    return slot;
  }

  #pairMark(a: DocumentSums, b: DocumentSums): number {
    return this.#mix(
      this.#mix(a.key, a.content),
      this.#mix(b.key, b.content) + 1,
    );
  }

  /** One of `slots`, by a hash. */
  #place(hash: number, slots: number): number {
    return Math.floor((hash >>> 0) / 2 ** 32 * slots);
  }

  #mix(a: number, b: number): number {
    let hash = Math.imul(a ^ this.#words[Word.Seed], 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 15 ^ b, 0xc2b2ae35);
    hash = Math.imul(hash ^ hash >>> 13, 0x9e3779b1);
    return hash ^ hash >>> 16;
  }
}

/** The second of two sums, but never both of them 0: that is a slot that is free. */
function notFree(key: number, content: number): number {
  return key === 0 && content === 0 ? 1 : content;
}

/** Sums of ranges of a source that start at the same place, shorter ones first. */
export class RangeSum {
  readonly #sum = new Xxh32();
  readonly #piece = new DataView(new ArrayBuffer(PIECE_SIZE));
  #source: ByteSource | undefined;
  #end = 0;

  /** Chooses the place. */
  begin(source: ByteSource, start: number): void {
    this.#sum.reset();
    this.#source = source;
    this.#end = start;
  }

  /** The sum of the bytes up to another place. */
  upTo(end: number): number {
    const bytes = new Uint8Array(this.#piece.buffer);
    while (this.#end < end) {
      const wanted = Math.min(PIECE_SIZE, end - this.#end);
      const length = this.#source!.read(bytes, 0, wanted, this.#end);
      if (length === 0) break;
      this.#sum.update(this.#piece, 0, length);
      this.#end += length;
    }
    return this.#sum.digest();
  }
}
