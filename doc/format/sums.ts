/**
 * Checksums of documents, in a separate file beside a bin file.
 *
 * ```text
 * file  := magic:"binsums1"  entry*
 * entry := keySum:uint32le  contentSum:uint32le     both XXH32, seed 0
 * ```
 *
 * There is an entry for each document, in the order of the bin file. Checksums
 * are those of decompressed contents, so they do not depend on the codec.
 */
import { viewOf } from "../bytes.ts";
import { xxh32 } from "../../codec/checksum/xxh32.ts";
import {
  type ByteSource,
  fileError,
  nodeFs,
  openFile,
} from "../source/byte_source.ts";
import { FileError } from "../errors.ts";

/** Suffix of the checksum file of a bin file. */
export const SUMS_SUFFIX = ".sums";

/** First bytes of a checksum file. */
const MAGIC = new TextEncoder().encode("binsums1");

/** Bytes before the entries. */
export const SUMS_HEADER_SIZE: number = MAGIC.length;

/** Size of an entry, in bytes. */
export const SUM_SIZE = 8;

/** Computes the checksums of documents. */
export class SumCollector {
  /** The entries; valid until {@linkcode SumCollector.clear}. */
  get entries(): Uint8Array {
    return new Uint8Array(this.#entries.buffer, 0, this.#length);
  }
  #entries = new DataView(new ArrayBuffer(SUM_SIZE * 1024));
  #length = 0;
  /** The last views are kept: creating one takes longer than the checksum of a small document. */
  #keyView: DataView = new DataView(new ArrayBuffer(0));
  #contentView: DataView = new DataView(new ArrayBuffer(0));

  /** Adds a document: the range of its key and that of its decompressed content. */
  add(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    contentBytes: Uint8Array,
    contentStart: number,
    contentEnd: number,
  ): void {
    if (this.#length === this.#entries.byteLength) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.entries);
      this.#entries = new DataView(larger.buffer);
    }
    const key = this.#keyView = viewOf(keyBytes, this.#keyView);
    const content = this.#contentView = viewOf(contentBytes, this.#contentView);
    const entries = this.#entries;
    const at = this.#length;
    entries.setInt32(at, xxh32(key, keyStart, keyEnd), true);
    entries.setInt32(at + 4, xxh32(content, contentStart, contentEnd), true);
    this.#length = at + SUM_SIZE;
  }

  /** Removes all entries. */
  clear(): void {
    this.#length = 0;
  }
}

/** Writes the header of a checksum file, which may already have entries. */
export function writeSumsHeader(path: string): void {
  const fs = nodeFs();
  const { O_WRONLY, O_CREAT } = fs.constants;
  try {
    const descriptor = fs.openSync(path, O_WRONLY | O_CREAT, 0o666);
    try {
      fs.writeSync(descriptor, MAGIC, 0, MAGIC.length, 0);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/**
 * Returns the number of entries of a checksum file.
 *
 * @throws {FileError} It cannot be read, or is not a complete checksum file.
 */
export function countSums(source: ByteSource): number {
  const magic = new Uint8Array(MAGIC.length);
  const length = source.read(magic, 0, magic.length, 0);
  const count = (source.size - SUMS_HEADER_SIZE) / SUM_SIZE;
  if (
    length === magic.length && magic.every((byte, i) => byte === MAGIC[i]) &&
    Number.isInteger(count)
  ) return count;
  const file = source.file ?? "";
  throw new FileError(
    file,
    `Cannot read ${file}: it is not a complete checksum file. ` +
      "Remove it, or create it again by repacking with sums (--sums).",
  );
}

/** A document that differs from its checksums. */
export interface SumDifference {
  /** What differs. */
  kind: "key" | "content" | "missing" | "added";
  /** Index of the document: in the checksum file if it is missing, otherwise in the bin file. */
  index: number;
  /** Its offset in the bin file, in bytes, unless it is missing. */
  offset?: number;
  /** Its key, unless it is missing. */
  key?: string;
}

/** The result of a comparison with checksums. */
export interface SumComparison {
  /** Number of documents whose checksums match. */
  same: number;
  /** Number of differences. */
  different: number;
  /** The first differences, in order. */
  differences: SumDifference[];
}

/** Entries to look ahead, to tell missing documents from changed ones. */
const LOOKAHEAD = 1000;

/** Maximum number of listed differences. */
const MAX_DIFFERENCES = 100;

/**
 * Compares two checksum files. Entries that were added at the end are not a
 * difference, because appending to a bin file does not update its checksum file.
 *
 * @throws {FileError} A file cannot be read, or is not a complete checksum file.
 */
export function compareSums(expected: string, actual: string): SumComparison {
  const before = new SumsFile(expected);
  const now = new SumsFile(actual);
  const result: SumComparison = { same: 0, different: 0, differences: [] };
  const report = (kind: SumDifference["kind"], index: number) => {
    result.different++;
    if (result.differences.length < MAX_DIFFERENCES) {
      result.differences.push({ kind, index });
    }
  };
  let lookahead = LOOKAHEAD;
  try {
    let i = 0;
    let j = 0;
    while (i < before.count && j < now.count) {
      if (before.isSame(i, now, j)) {
        result.same++;
        i++;
        j++;
        continue;
      }
      // The next entries show whether documents are missing, added or changed.
      const gap = findGap(before, i, now, j, lookahead);
      lookahead = gap === undefined ? Math.max(10, lookahead >> 1) : LOOKAHEAD;
      const { missing = 0, added = 0 } = gap ?? {};
      if (missing + added === 0) {
        const kind = before.key(i) === now.key(j) ? "content" : "key";
        report(kind, j);
        i++;
        j++;
      }
      for (let n = 0; n < missing; n++) report("missing", i++);
      for (let n = 0; n < added; n++) report("added", j++);
    }
    while (i < before.count) report("missing", i++);
    return result;
  } finally {
    before.close();
    now.close();
  }
}

/** Finds how many entries of one side must be skipped until both match again. */
function findGap(
  before: SumsFile,
  i: number,
  now: SumsFile,
  j: number,
  lookahead: number,
): { missing?: number; added?: number } | undefined {
  if (before.isSame(i + 1, now, j + 1)) return undefined;
  for (let gap = 1; gap <= lookahead; gap++) {
    if (before.isSame(i + gap, now, j)) return { missing: gap };
    if (before.isSame(i, now, j + gap)) return { added: gap };
  }
  return undefined;
}

/** An open checksum file. */
class SumsFile {
  /** Number of entries. */
  readonly count: number;
  readonly #source: ByteSource;
  readonly #window = new DataView(new ArrayBuffer(64 * 1024));
  #start = 0;
  #end = 0;

  constructor(path: string) {
    this.#source = openFile(path);
    try {
      this.count = countSums(this.#source);
    } catch (error) {
      this.#source.close();
      throw error;
    }
  }

  /** Key checksum of an entry. */
  key(index: number): number {
    return this.#window.getUint32(this.#locate(index), true);
  }

  /** Whether two entries are equal; false after the end. */
  isSame(index: number, other: SumsFile, otherIndex: number): boolean {
    if (index >= this.count || otherIndex >= other.count) return false;
    const at = this.#locate(index);
    const otherAt = other.#locate(otherIndex);
    return this.#window.getInt32(at) === other.#window.getInt32(otherAt) &&
      this.#window.getInt32(at + 4) === other.#window.getInt32(otherAt + 4);
  }

  close(): void {
    this.#source.close();
  }

  /** Loads an entry. @returns Its offset in the window. */
  #locate(index: number): number {
    if (index < this.#start || index >= this.#end) {
      const bytes = new Uint8Array(this.#window.buffer);
      // Starts before the entry, because the comparison goes back and forth.
      this.#start = Math.max(0, index - LOOKAHEAD);
      const length = this.#source.read(
        bytes,
        0,
        bytes.length,
        SUMS_HEADER_SIZE + SUM_SIZE * this.#start,
      );
      this.#end = this.#start + Math.floor(length / SUM_SIZE);
    }
    return SUM_SIZE * (index - this.#start);
  }
}
