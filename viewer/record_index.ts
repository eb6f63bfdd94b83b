import type { ByteSource } from "../doc/byte_source.ts";
import { RecordError } from "../doc/errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../doc/record.ts";
import { RecordScanner } from "../doc/record_scanner.ts";
import { type ContentCheck, findRecord } from "../doc/resync.ts";
import { Column } from "./column.ts";
import { KeyStore, NOT_KEPT } from "./key_store.ts";

/** A range of a file in which there is no record. */
export interface Gap {
  /** Its size in bytes. */
  size: number;
  /** What is wrong. */
  problem: string;
}

/** Records between two looks at the clock. */
const STRIDE = 256;

/** Where the records of a file are, and the gaps between them: a row for each, in their order. */
export class RecordIndex {
  /** Whether the end of the file was reached. */
  complete = false;
  readonly #source: ByteSource;
  readonly #scanner: RecordScanner;
  readonly #checkContent: ContentCheck;
  readonly #offsets = new Column<Float64Array<ArrayBuffer>>(Float64Array);
  readonly #contentSizes = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #keySizes = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #keyPlaces = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #keys = new KeyStore();
  readonly #gaps = new Map<number, Gap>();

  /** Makes an index of `source` that knows nothing yet. */
  constructor(source: ByteSource, checkContent: ContentCheck) {
    this.#source = source;
    this.#scanner = new RecordScanner(source);
    this.#checkContent = checkContent;
  }

  /** Number of rows. */
  get rows(): number {
    return this.#offsets.length;
  }

  /** Number of gaps among them. */
  get gaps(): number {
    return this.#gaps.size;
  }

  /** Bytes of the file that the rows cover. */
  get position(): number {
    return this.#scanner.position;
  }

  /** Offset of a row in the file, in bytes. */
  offset(row: number): number {
    return this.#offsets.at(row);
  }

  /** Size of a record's content, in bytes. */
  contentSize(row: number): number {
    return this.#contentSizes.at(row);
  }

  /** The gap that a row is; undefined for records. */
  gap(row: number): Gap | undefined {
    return this.#gaps.get(row);
  }

  /** The key of a record; a view that is valid until more is found. */
  key(row: number): Uint8Array {
    const size = this.#keySizes.at(row);
    const place = this.#keyPlaces.at(row);
    if (place !== NOT_KEPT) return this.#keys.get(place, size);
    const key = new Uint8Array(size);
    this.#source.read(key, 0, size, this.#offsets.at(row) + 4);
    return key;
  }

  /** The content of a record as it is in the file. */
  content(row: number): Uint8Array<ArrayBuffer> {
    const start = this.#offsets.at(row) + this.#keySizes.at(row) + 8;
    return this.#read(start, this.#contentSizes.at(row));
  }

  /** The first bytes of a gap, up to `limit`. */
  gapBytes(row: number, limit: number): Uint8Array<ArrayBuffer> {
    const size = Math.min(this.#gaps.get(row)!.size, limit);
    return this.#read(this.#offsets.at(row), size);
  }

  /** Looks for more records until a time of `performance.now()`. */
  extend(end: number): void {
    do {
      for (let i = 0; i < STRIDE && !this.complete; i++) this.#next();
    } while (!this.complete && performance.now() < end);
  }

  #next(): void {
    const scanner = this.#scanner;
    try {
      if (scanner.next()) {
        this.#add(
          scanner.offset,
          scanner.contentSize,
          scanner.keySize,
          this.#keys.add(scanner.key()),
        );
      } else this.complete = true;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#skip(error.reason);
    }
  }

  #add(offset: number, size: number, keySize: number, keyPlace: number): void {
    this.#offsets.push(offset);
    this.#contentSizes.push(size);
    this.#keySizes.push(keySize);
    this.#keyPlaces.push(keyPlace);
  }

  /** Goes on at the next record behind damage. */
  #skip(problem: string): void {
    const damage = this.#scanner.position;
    const last = this.rows - 1;
    // The record before may have lied about its size, and records be in what it took for its own.
    const isSuspect = last >= 0 && !this.#gaps.has(last) &&
      this.#checkContent(this.content(last)) !== true;
    const from = isSuspect ? this.#offsets.at(last) + 1 : damage + 1;
    const found = findRecord(this.#source, from, {
      keySizeLimit: DEFAULT_KEY_SIZE_LIMIT,
      checkContent: this.#checkContent,
      suspectEnd: isSuspect ? damage : undefined,
    });
    const next = found ?? this.#source.size;
    if (next < damage) {
      // Its row becomes that of the gap.
      const offset = this.#offsets.at(last);
      this.#gaps.set(last, { size: next - offset, problem: "its size lies" });
    } else if (next > damage) {
      this.#gaps.set(this.rows, { size: next - damage, problem });
      this.#add(damage, 0, 0, 0);
    }
    this.#scanner.position = next;
    if (next >= this.#source.size) this.complete = true;
  }

  #read(start: number, size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    const count = this.#source.read(bytes, 0, size, start);
    return count === size ? bytes : bytes.slice(0, count);
  }
}
