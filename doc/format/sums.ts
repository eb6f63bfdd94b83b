/**
 * Checksums of documents, in a file of their own beside a bin file.
 *
 * ```text
 * file  := magic:"binsums1"  entry*
 * entry := keySum:uint32le  contentSum:uint32le     both XXH32, seed 0
 * ```
 *
 * There is an entry for each document, in the order of the bin file. Contents
 * are summed as they are when decompressed, so that the sums of a file stay what
 * they are when its codec changes.
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

/** What is added to the name of a bin file. */
export const SUMS_SUFFIX = ".sums";

/** First bytes of a file of sums. */
const MAGIC = new TextEncoder().encode("binsums1");

/** Bytes before the entries. */
export const SUMS_HEADER_SIZE: number = MAGIC.length;

/** Bytes for each document. */
export const SUM_SIZE = 8;

/** Collects the sums of documents. */
export class SumCollector {
  /** The entries; valid until {@linkcode SumCollector.clear}. */
  get entries(): Uint8Array {
    return new Uint8Array(this.#entries.buffer, 0, this.#length);
  }
  #entries = new DataView(new ArrayBuffer(SUM_SIZE * 1024));
  #length = 0;
  /** Making a view takes longer than summing a small document, so the last ones are kept. */
  #keyView: DataView = new DataView(new ArrayBuffer(0));
  #contentView: DataView = new DataView(new ArrayBuffer(0));

  /** Adds a document: ranges of a key and of a decompressed content. */
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

  /** Forgets the documents. */
  clear(): void {
    this.#length = 0;
  }
}

/** Writes the header of a file of sums, which may have entries already. */
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
 * Number of entries of a file of sums.
 *
 * @throws {FileError} It cannot be read, or holds no sums.
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
    `Cannot read ${file}: it holds no sums of documents, or not all of them. ` +
      "Remove it, or make it anew by repacking with sums (--sums).",
  );
}

/** A document whose sums are not what they were. */
export interface SumDifference {
  /** What is different. */
  kind: "key" | "content" | "missing" | "added";
  /** Number of the document, from 0 on: in the file of sums if it is missing, else in the bin file. */
  index: number;
  /** Its offset in the bin file, in bytes, unless it is missing. */
  offset?: number;
  /** Its key, unless it is missing. */
  key?: string;
}

/** What a comparison of sums has found. */
export interface SumComparison {
  /** Documents that are what they were. */
  same: number;
  /** Number of differences. */
  different: number;
  /** The first of them, in order. */
  differences: SumDifference[];
}

/** Entries that are looked ahead, to tell documents that are missing from those that have changed. */
const LOOKAHEAD = 1000;

/** Differences that are listed. */
const MAX_DIFFERENCES = 100;

/**
 * Compares the sums that documents have with those that they had.
 *
 * Documents that were added at the end are no difference: appending does not
 * need to know of sums.
 *
 * @throws {FileError} A file cannot be read, or holds no sums.
 */
export function compareSums(had: string, have: string): SumComparison {
  const before = new SumsFile(had);
  const now = new SumsFile(have);
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
      // What comes next tells whether documents are missing, were added, or have changed.
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

/** How many entries have to be passed over, on one side only, until both go on alike. */
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

/** A file of sums, open for reading. */
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

  /** Sum of the key of an entry. */
  key(index: number): number {
    return this.#window.getUint32(this.#locate(index), true);
  }

  /** Whether two entries are the same; not if one is behind the end. */
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

  /** Loads an entry. @returns Where it is in the window. */
  #locate(index: number): number {
    if (index < this.#start || index >= this.#end) {
      const bytes = new Uint8Array(this.#window.buffer);
      // Begun a little before the entry, because comparing goes back and forth.
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
