import { viewOf } from "../bytes.ts";
import { Xxh32, xxh32 } from "../../codec/checksum/xxh32.ts";
import { FileError } from "../errors.ts";
import type { RecordView } from "../format/record.ts";
import { countSums, SUM_SIZE, SUMS_HEADER_SIZE } from "../format/sums.ts";
import type { ByteSource } from "../source/byte_source.ts";

/** Words of the table before its slots. */
const Word = {
  /** Makes slots unpredictable, so that input cannot be made to collide. */
  Seed: 0,
  PairSlots: 1,
  FinalKey: 2,
  FinalContent: 3,
  FinalsLeft: 4,
  /** Two float64, aligned: bytes that may be looked at, and that were. */
  Budget: 6,
  Slots: 10,
} as const;

/** Maximum share of slots that are taken. */
const MAX_LOAD = 0.75;

/** Bytes that are read at a time. */
const PIECE_SIZE = 64 * 1024;

/** How often each byte of a file may be looked at: in the walk over it, and once more beforehand. */
const LOOKS_PER_BYTE = 16;

/** Bytes that may be looked at in the smallest file. */
const MIN_LOOKS = 1024 * 1024;

/**
 * The documents that a file of checksums knows. Threads share the table, which
 * takes about 16 bytes per document:
 *
 * ```text
 * table := words (keySum contentSum){pairSlots} keySum{pairSlots}
 * ```
 *
 * Both lists are open-addressed hash tables; the second one tells most bytes
 * that are no document without reading a content. Contents are checksummed
 * uncompressed, so documents are recognized only in files of codec `none`.
 *
 * The work is bounded: on input that resembles known documents everywhere,
 * nothing is known until the walk over the file has advanced.
 */
export class KnownDocuments {
  /** The table, from which another thread makes its own object. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Uint32Array;
  readonly #budget: Float64Array;
  readonly #pairs: Uint32Array;
  readonly #keys: Uint32Array;
  /** The last view, kept because creating one takes longer than a checksum of a small document. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #piece = new DataView(new ArrayBuffer(PIECE_SIZE));

  /** Shares the table of another object. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Uint32Array(memory);
    this.#budget = new Float64Array(memory, 4 * Word.Budget, 2);
    const keys = Word.Slots + 2 * this.#words[Word.PairSlots];
    this.#pairs = this.#words.subarray(Word.Slots, keys);
    this.#keys = this.#words.subarray(keys);
  }

  /**
   * Reads the checksums of a file. `sums` stays the caller's to close.
   *
   * @param size Size of the bin file in bytes, which bounds the work.
   * @throws {FileError} The checksums cannot be read, or do not fit into memory.
   */
  static of(size: number, sums: ByteSource): KnownDocuments {
    const count = countSums(sums);
    const slots = Math.ceil(count / MAX_LOAD) + 1;
    let memory: SharedArrayBuffer;
    try {
      memory = new SharedArrayBuffer(4 * (Word.Slots + 3 * slots));
    } catch (error) {
      throw unreadable(
        sums,
        `there is no memory for the checksums of ${count} documents`,
        error,
      );
    }
    const words = new Uint32Array(memory);
    words[Word.Seed] = Math.floor(Math.random() * 2 ** 32);
    words[Word.PairSlots] = slots;
    const known = new KnownDocuments(memory);
    known.#budget[0] = MIN_LOOKS + LOOKS_PER_BYTE * size;
    known.#fill(sums);
    return known;
  }

  /** Bytes that were looked at so far. */
  get looked(): number {
    return this.#budget[1];
  }

  /** Counts bytes that were looked at. */
  look(bytes: number): void {
    this.#budget[1] += bytes;
  }

  /** Allows for more work after the walk over the file has advanced. */
  advance(bytes: number): void {
    this.#budget[0] += LOOKS_PER_BYTE * bytes;
  }

  /** Whether the walk has passed the last known document, so that all others are newer. */
  get isFinalSeen(): boolean {
    return this.#words[Word.FinalsLeft] === 0;
  }

  /** Whether the whole record in `bytes` is a known document. For the walk over the file, in order. */
  hasRecord(bytes: Uint8Array, record: RecordView): boolean {
    const key = this.#keySum(bytes, record);
    if (key === undefined) return false;
    this.look(record.contentSize);
    const view = this.#view = viewOf(bytes, this.#view);
    const content = xxh32(view, record.contentStart, record.end);
    if (!this.#has(key, content)) return false;
    if (this.#isFinal(key, content) && !this.isFinalSeen) {
      this.#words[Word.FinalsLeft]--;
    }
    return true;
  }

  /**
   * Whether a record is a known document, in bytes that begin at `offset` of a
   * source and contain its key. For a search.
   */
  hasRange(
    bytes: Uint8Array,
    record: RecordView,
    source: ByteSource,
    offset: number,
  ): boolean {
    const key = this.#keySum(bytes, record);
    if (key === undefined) return false;
    this.look(record.contentSize);
    const sum = new Xxh32();
    const piece = new Uint8Array(this.#piece.buffer);
    const end = offset + record.end;
    for (let at = offset + record.contentStart; at < end;) {
      const wanted = Math.min(PIECE_SIZE, end - at);
      const length = source.read(piece, 0, wanted, at);
      if (length === 0) return false;
      sum.update(this.#piece, 0, length);
      at += length;
    }
    return this.#has(key, sum.digest());
  }

  /** The checksum of a key, if a known document has it. */
  #keySum(
    bytes: Uint8Array,
    { keyStart, keySize }: RecordView,
  ): number | undefined {
    if (this.#budget[1] >= this.#budget[0]) return undefined;
    this.look(keySize);
    const view = this.#view = viewOf(bytes, this.#view);
    const sum = xxh32(view, keyStart, keyStart + keySize);
    return this.#keys[this.#keySlot(sum)] === 0 ? undefined : sum;
  }

  #has(key: number, content: number): boolean {
    return !this.#isFree(this.#pairSlot(key, content));
  }

  #isFinal(key: number, content: number): boolean {
    return this.#words[Word.FinalKey] === key >>> 0 &&
      this.#words[Word.FinalContent] === content >>> 0;
  }

  #fill(sums: ByteSource): void {
    const piece = this.#piece;
    const bytes = new Uint8Array(piece.buffer);
    const { size } = sums;
    if (size > SUMS_HEADER_SIZE) {
      sums.read(bytes, 0, SUM_SIZE, size - SUM_SIZE);
      this.#words[Word.FinalKey] = piece.getInt32(0, true);
      this.#words[Word.FinalContent] = piece.getInt32(4, true);
    }
    for (let position = SUMS_HEADER_SIZE; position < size;) {
      const length = Math.min(bytes.length, size - position);
      if (sums.read(bytes, 0, length, position) < length) {
        throw unreadable(sums, "it became shorter while it was read");
      }
      for (let at = 0; at < length; at += SUM_SIZE) {
        const key = piece.getInt32(at, true);
        const content = piece.getInt32(at + 4, true);
        const slot = this.#pairSlot(key, content);
        this.#pairs[slot] = key;
        this.#pairs[slot + 1] = notFree(key, content);
        this.#keys[this.#keySlot(key)] = key || 1;
        if (this.#isFinal(key, content)) this.#words[Word.FinalsLeft]++;
      }
      position += length;
    }
  }

  /** Where a pair of checksums is, or would be. */
  #pairSlot(key: number, content: number): number {
    const pairs = this.#pairs;
    const wanted = notFree(key, content) >>> 0;
    let slot = 2 * this.#place(key, content);
    while (
      !this.#isFree(slot) &&
      (pairs[slot] !== key >>> 0 || pairs[slot + 1] !== wanted)
    ) slot = slot + 2 === pairs.length ? 0 : slot + 2;
    return slot;
  }

  #isFree(slot: number): boolean {
    return this.#pairs[slot] === 0 && this.#pairs[slot + 1] === 0;
  }

  /** Where the checksum of a key is, or would be. */
  #keySlot(key: number): number {
    const keys = this.#keys;
    const wanted = (key || 1) >>> 0;
    let slot = this.#place(key, 0);
    while (keys[slot] !== 0 && keys[slot] !== wanted) {
      slot = slot + 1 === keys.length ? 0 : slot + 1;
    }
    return slot;
  }

  /** Where to begin to search for an entry: a hash of it. */
  #place(a: number, b: number): number {
    let hash = Math.imul(a ^ this.#words[Word.Seed], 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 15 ^ b, 0xc2b2ae35);
    hash = Math.imul(hash ^ hash >>> 13, 0x9e3779b1);
    hash ^= hash >>> 16;
    return Math.floor((hash >>> 0) / 2 ** 32 * this.#keys.length);
  }
}

/** The second checksum of a pair, such that the pair does not look like a free slot. */
function notFree(key: number, content: number): number {
  return key === 0 && content === 0 ? 1 : content;
}

function unreadable(
  { file = "" }: ByteSource,
  reason: string,
  cause?: unknown,
): FileError {
  return new FileError(file, `Cannot read ${file}: ${reason}`, { cause });
}
