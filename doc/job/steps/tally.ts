/** One of the largest documents of a file. */
export interface LargeDocument {
  /** Offset of its record in the (unpackaged) file, in bytes. */
  offset: number;
  /** Its key. */
  key: string;
  /** Size of its content, decompressed, in bytes. */
  size: number;
  /** Size of its content in the file, in bytes. */
  storedSize: number;
}

/** Number and sizes of documents. */
export interface Tally {
  /** Number of documents. */
  documents: number;
  /** Size of all keys, in bytes. */
  keyBytes: number;
  /** Size of all contents in the file, in bytes. */
  storedBytes: number;
  /** Size of all contents, decompressed, in bytes. */
  contentBytes: number;
  /** Number of documents by decompressed size: at index n, those from 2^(n-1) to 2^n - 1 bytes; at 0, the empty ones. */
  histogram: number[];
  /** The largest documents, the largest first. */
  largest: LargeDocument[];
}

/** Length of {@linkcode Tally.largest}. */
const LARGEST_COUNT = 10;

/** Sizes have up to 32 bits: contents may decompress to more than a record may hold. */
const HISTOGRAM_SIZE = 33;

/** Creates an empty tally. */
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
 * @returns Whether it is among the largest so far: pass it to {@linkcode rememberLargest}.
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

/** Adds a document to the largest. */
export function rememberLargest(tally: Tally, document: LargeDocument): void {
  tally.largest.push(document);
  trim(tally.largest);
}

/** Adds up the tallies of several threads. */
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

/** Sorts by size, then by offset, and keeps the first. */
function trim(largest: LargeDocument[]): void {
  largest.sort((a, b) => b.size - a.size || a.offset - b.offset);
  largest.splice(LARGEST_COUNT);
}
