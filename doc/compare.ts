import { checkInteger } from "../pool/check.ts";
import { decodeKey } from "./bytes.ts";
import { checkLimits } from "./format/record.ts";
import type { JobProgress } from "./job/options.ts";
import { loadEngines } from "../codec/load_engines.ts";
import { nextEvent } from "./job/pacer.ts";
import { checkSignal } from "./errors.ts";
import type { Doc } from "./doc.ts";
import { DocReader, type DocReaderOptions } from "./reader.ts";

/** How to compare two bin files. */
export interface CompareOptions
  extends Pick<DocReaderOptions, "keySizeLimit" | "maxSize"> {
  /** Maximum number of listed differences; more are only counted. Default 100. */
  maxDifferences?: number;
  /** Cancels the work. */
  signal?: AbortSignal;
  /** Called now and then, and at the end, with what was read of the first file. */
  onProgress?(progress: JobProgress): void;
}

/** A document that differs between two bin files. */
export interface DocumentDifference {
  /** `content`: the contents of a key differ. Otherwise one file lacks the document. */
  kind: "content" | "only in first" | "only in second";
  /** The key. */
  key: string;
  /** Offset of the document in the file that has it, or in the first if both do. */
  offset: number;
}

/** The result of {@linkcode compareFiles}. */
export interface Comparison {
  /** Number of documents that are equal in both files. */
  same: number;
  /** Number of differences. */
  different: number;
  /** The first differences, in order. */
  differences: DocumentDifference[];
}

/** Documents to look ahead for a key, to resynchronize after a missing document. */
const LOOKAHEAD = 1000;

/** Documents between two checks for cancellation. */
const DOCUMENTS_PER_TURN = 1000;

/**
 * Compares the documents of two bin files, whatever their codecs: keys and
 * contents, in order.
 *
 * @throws {RecordError | CorruptDataError} A file is corrupt.
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
  checkLimits(options);
  const { maxDifferences = 0 } = options;
  checkInteger("maxDifferences", maxDifferences, 0, Infinity);
  await loadEngines();
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
  const report = (kind: DocumentDifference["kind"], { doc, offset }: Side) => {
    result.different++;
    if (result.differences.length >= maxDifferences) return;
    result.differences.push({ kind, key: decodeKey(doc!.key), offset });
  };
  let lookahead = LOOKAHEAD;
  for (let turn = 0; one.doc !== undefined || other.doc !== undefined; turn++) {
    if (turn % DOCUMENTS_PER_TURN === 0) {
      onProgress?.(progressOf(result, one));
      await nextEvent();
    }
    checkSignal(signal);
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
    // Shrinks on failure, or files without common documents would take quadratic time.
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
  onProgress?.(progressOf(result, one));
  return result;
}

function progressOf({ same }: Comparison, { offset }: Side): JobProgress {
  return { documents: same, bytesRead: offset, bytesWritten: 0 };
}

/** One of the two files, positioned at a document. */
class Side {
  /** The current document; undefined at the end. */
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

  /** Distance to the next document with a key, in documents; undefined if it is over `limit`. */
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
