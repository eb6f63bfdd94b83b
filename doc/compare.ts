import { decodeKey } from "./bytes.ts";
import { nextEvent } from "./job/yield.ts";
import { CancelledError } from "./errors.ts";
import type { Doc } from "./doc.ts";
import { DocReader, type DocReaderOptions } from "./reader.ts";

/** How to compare two bin files. */
export interface CompareOptions
  extends Pick<DocReaderOptions, "keySizeLimit" | "maxSize"> {
  /** Most differences to list; the others are only counted. Default 100. */
  maxDifferences?: number;
  /** Cancels the work. */
  signal?: AbortSignal;
  /** Called now and then with what has been compared. `total` is 0 if it is not known. */
  onProgress?(progress: { documents: number; bytesRead: number }): void;
}

/** A document that two bin files do not have in common. */
export interface Difference {
  /** What is different: the content of documents of the same key, or one of them is missing in the other file. */
  kind: "content" | "only in first" | "only in second";
  /** The key. */
  key: string;
  /** Offset of the document in the file that has it; in the first if both do. */
  offset: number;
}

/** What two bin files have in common. */
export interface Comparison {
  /** Documents that are the same in both. */
  same: number;
  /** Number of differences. */
  different: number;
  /** The first of them, in order. */
  differences: Difference[];
}

/** Documents that are looked ahead, to tell one that is missing from all others. */
const LOOKAHEAD = 1000;

/** Documents between two looks at whether to stop. */
const DOCUMENTS_PER_TURN = 1000;

/**
 * Compares the documents of two bin files, whatever their codecs: keys and
 * contents, in order.
 *
 * @throws {RecordError | CorruptDataError} A file is damaged.
 * @throws {FileError} A file cannot be read.
 * @throws {CancelledError} `signal` was aborted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compareFiles } from "@binfiles/binfiles/doc";
 *
 * const result = await compareFiles(
 *   "tests/fixtures/gzip.bin",
 *   "tests/fixtures/none.bin.xz",
 * );
 * assertEquals(result, { same: 32, different: 0, differences: [] });
 * ```
 */
export async function compareFiles(
  first: string,
  second: string,
  options: CompareOptions = {},
): Promise<Comparison> {
  const one = new Side(first, options);
  let other: Side | undefined;
  try {
    other = new Side(second, options);
    one.advance();
    other.advance();
    return await compare(one, other, options);
  } finally {
    one[Symbol.dispose]();
    other?.[Symbol.dispose]();
  }
}

async function compare(
  one: Side,
  other: Side,
  { maxDifferences = 100, signal, onProgress }: CompareOptions,
): Promise<Comparison> {
  const result: Comparison = { same: 0, different: 0, differences: [] };
  const report = (kind: Difference["kind"], { doc, offset }: Side) => {
    result.different++;
    if (result.differences.length >= maxDifferences) return;
    result.differences.push({ kind, key: decodeKey(doc!.key), offset });
  };
  let lookahead = LOOKAHEAD;
  for (let turn = 0; one.doc !== undefined || other.doc !== undefined; turn++) {
    if (turn % DOCUMENTS_PER_TURN === 0) {
      onProgress?.({ documents: result.same, bytesRead: one.offset });
      await nextEvent();
    }
    if (signal?.aborted) throw new CancelledError();
    const a = one.doc;
    const b = other.doc;
    if (a !== undefined && b !== undefined && areEqual(a.key, b.key)) {
      if (areEqual(a.content, b.content)) result.same++;
      else report("content", one);
      one.advance();
      other.advance();
      continue;
    }
    const aheadInOne = b && one.distance(b.key, lookahead);
    const aheadInOther = a && other.distance(a.key, lookahead);
    const isFound = aheadInOne !== undefined || aheadInOther !== undefined;
    // Files that have nothing in common would be searched in vain for every document.
    lookahead = isFound ? LOOKAHEAD : Math.max(10, lookahead >> 1);
    const takesOne = a !== undefined &&
      (!isFound || (aheadInOne ?? Infinity) < (aheadInOther ?? Infinity));
    const takesOther = b !== undefined && (!isFound || !takesOne);
    if (takesOne) {
      report("only in first", one);
      one.advance();
    }
    if (takesOther) {
      report("only in second", other);
      other.advance();
    }
  }
  onProgress?.({ documents: result.same, bytesRead: one.offset });
  return result;
}

/** One of the two files, at one of its documents. */
class Side {
  /** The document; undefined at the end. */
  doc: Doc | undefined;
  /** Its offset. */
  offset = 0;
  readonly #reader: DocReader;

  constructor(path: string, options: CompareOptions) {
    this.#reader = new DocReader(path, options);
  }

  advance(): void {
    this.offset = this.#reader.position;
    this.doc = this.#reader.read();
  }

  /** How many documents ahead the next one with a key is; undefined if none of the next `limit` is. */
  distance(key: Uint8Array, limit: number): number | undefined {
    const { position } = this.#reader;
    let count = 0;
    try {
      for (const entry of this.#reader.entries()) {
        if (++count > limit) return undefined;
        if (areEqual(entry.key, key)) return count;
      }
      return undefined;
    } finally {
      this.#reader.position = position;
    }
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
