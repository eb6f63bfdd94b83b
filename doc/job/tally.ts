/** Counts and sizes of the documents that a job has looked at. */

/** A large document. */
export interface LargeDocument {
  /** Offset of its record in the (unpackaged) file, in bytes. */
  offset: number;
  /** Its key. */
  key: string;
  /** Size of its content, decompressed, in bytes. */
  size: number;
  /** Size of its content as it is in the file, in bytes. */
  storedSize: number;
}

/** What documents add up to. */
export interface Tally {
  /** Number of documents. */
  documents: number;
  /** Bytes of all keys. */
  keyBytes: number;
  /** Bytes of all contents as they are in the file. */
  storedBytes: number;
  /** Bytes of all contents, decompressed. */
  contentBytes: number;
  /** Number of documents by size: at index n, those of less than 2^n bytes and not less than half of that. */
  histogram: number[];
  /** The largest documents, the largest first. */
  largest: LargeDocument[];
}

/** Number of large documents that are remembered. */
const LARGEST_COUNT = 10;

/** Sizes have up to 31 bits: contents may decompress to more than a record may hold. */
const HISTOGRAM_SIZE = 33;

/** A tally of nothing. */
export function emptyTally(): Tally {
  return {
    documents: 0,
    keyBytes: 0,
    storedBytes: 0,
    contentBytes: 0,
    histogram: new Array(HISTOGRAM_SIZE).fill(0),
    largest: [],
  };
}

/**
 * Adds a document.
 *
 * @returns Whether it is among the largest so far, and should be remembered.
 */
export function addToTally(
  tally: Tally,
  keySize: number,
  storedSize: number,
  size: number,
): boolean {
  tally.documents++;
  tally.keyBytes += keySize;
  tally.storedBytes += storedSize;
  tally.contentBytes += size;
  tally.histogram[size === 0 ? 0 : 32 - Math.clz32(size)]++;
  const { largest } = tally;
  return largest.length < LARGEST_COUNT || size > largest.at(-1)!.size;
}

/** Remembers a document that is among the largest. */
export function rememberLargest(tally: Tally, document: LargeDocument): void {
  tally.largest.push(document);
  trim(tally.largest);
}

/** Adds what other threads have counted. */
export function mergeTallies(tallies: Iterable<Tally>): Tally {
  const sum = emptyTally();
  for (const tally of tallies) {
    sum.documents += tally.documents;
    sum.keyBytes += tally.keyBytes;
    sum.storedBytes += tally.storedBytes;
    sum.contentBytes += tally.contentBytes;
    tally.histogram.forEach((count, i) => sum.histogram[i] += count);
    sum.largest.push(...tally.largest);
  }
  trim(sum.largest);
  return sum;
}

/** Puts the largest first, and of equals the one that comes first in the file. */
function trim(largest: LargeDocument[]): void {
  largest.sort((a, b) => b.size - a.size || a.offset - b.offset);
  largest.splice(LARGEST_COUNT);
}
