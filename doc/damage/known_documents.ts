import { viewOf } from "../bytes.ts";
import { Xxh32, xxh32 } from "../../codec/checksum/xxh32.ts";
import { FileError } from "../errors.ts";
import type { RecordView } from "../format/record.ts";
import { countSums, SUM_SIZE, SUMS_HEADER_SIZE } from "../format/sums.ts";
import type { ByteSource } from "../source/byte_source.ts";

/** Bytes of the table before its entries. */
const HEADER_SIZE = 32;

/** Bytes that are read at a time. */
const PIECE_SIZE = 64 * 1024;

/** How often each byte of a file may be looked at: in the walk over it, and once more beforehand. */
const LOOKS_PER_BYTE = 16;

/** Bytes that may be looked at in the smallest file. */
const MIN_LOOKS = 1024 * 1024;

/**
 * The documents that a file of checksums knows. Threads share the table, which
 * takes 8 bytes per document:
 *
 * ```text
 * table := budget:float64 looked:float64 finalsLeft:uint32 padding:uint32
 *          final:uint64 document:uint64*
 * ```
 *
 * A document is the checksums of its key (upper half) and content (lower half);
 * they are sorted. Contents are checksummed uncompressed, so documents are
 * recognized only in files of codec `none`.
 *
 * The work is bounded by a budget of bytes that may be looked at: on input that
 * resembles known documents everywhere, nothing is known until the walk over the
 * file has advanced.
 */
export class KnownDocuments {
  /** The table, from which another thread makes its own object. */
  readonly memory: SharedArrayBuffer;
  readonly #budget: Float64Array;
  readonly #finalsLeft: Uint32Array;
  /** Halves of the documents, lower ones first; the first document is the final one. */
  readonly #sums: Uint32Array;
  /** The last view, kept because creating one takes longer than a checksum of a small document. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #piece = new DataView(new ArrayBuffer(PIECE_SIZE));

  /** Shares the table of another object. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#budget = new Float64Array(memory, 0, 2);
    this.#finalsLeft = new Uint32Array(memory, 16, 1);
    this.#sums = new Uint32Array(memory, HEADER_SIZE - SUM_SIZE);
  }

  /**
   * Reads the checksums of a file. `sums` stays the caller's to close.
   *
   * @param size Size of the bin file in bytes, which bounds the work.
   * @throws {FileError} The checksums cannot be read, or do not fit into memory.
   */
  static of(size: number, sums: ByteSource): KnownDocuments {
    const count = countSums(sums);
    let memory: SharedArrayBuffer;
    try {
      memory = new SharedArrayBuffer(HEADER_SIZE + SUM_SIZE * count);
    } catch (error) {
      throw unreadable(
        sums,
        `there is no memory for the checksums of ${count} documents`,
        error,
      );
    }
    const known = new KnownDocuments(memory);
    known.#budget[0] = MIN_LOOKS + LOOKS_PER_BYTE * size;
    known.#fill(sums);
    new BigUint64Array(memory, HEADER_SIZE).sort();
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
    return this.#finalsLeft[0] === 0;
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
      this.#finalsLeft[0]--;
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
    const next = this.#indexOf(sum >>> 0, 0);
    return this.#sums[next + 1] === sum >>> 0 ? sum : undefined;
  }

  #has(key: number, content: number): boolean {
    const at = this.#indexOf(key >>> 0, content >>> 0);
    return this.#sums[at] === content >>> 0 && this.#sums[at + 1] === key >>> 0;
  }

  #isFinal(key: number, content: number): boolean {
    return this.#sums[0] === content >>> 0 && this.#sums[1] === key >>> 0;
  }

  /** The index of the first document that is not smaller than the given one. */
  #indexOf(key: number, content: number): number {
    const sums = this.#sums;
    let low = 1;
    for (let high = sums.length / 2; low < high;) {
      const middle = (low + high) >>> 1;
      const other = sums[2 * middle + 1];
      if (other < key || other === key && sums[2 * middle] < content) {
        low = middle + 1;
      } else high = middle;
    }
    return 2 * low;
  }

  #fill(sums: ByteSource): void {
    const piece = this.#piece;
    const bytes = new Uint8Array(piece.buffer);
    const { size } = sums;
    let at = 2;
    for (let position = SUMS_HEADER_SIZE; position < size;) {
      const length = Math.min(bytes.length, size - position);
      if (sums.read(bytes, 0, length, position) < length) {
        throw unreadable(sums, "it became shorter while it was read");
      }
      for (let i = 0; i < length; i += SUM_SIZE, at += 2) {
        this.#sums[at] = piece.getUint32(i + 4, true);
        this.#sums[at + 1] = piece.getUint32(i, true);
      }
      position += length;
    }
    this.#sums.copyWithin(0, at - 2, at);
    for (let i = 2; i < at; i += 2) {
      if (this.#isFinal(this.#sums[i + 1], this.#sums[i])) {
        this.#finalsLeft[0]++;
      }
    }
  }
}

function unreadable(
  { file = "" }: ByteSource,
  reason: string,
  cause?: unknown,
): FileError {
  return new FileError(file, `Cannot read ${file}: ${reason}`, { cause });
}
