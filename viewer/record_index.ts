import "../doc/damage/register.ts";
import type { CodecName } from "../codec/mod.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";
import { RecordError } from "../doc/errors.ts";
import { RecordScanner } from "../doc/record_scanner.ts";
import { Column } from "./column.ts";
import { KeyStore, NOT_KEPT } from "./key_store.ts";

/** A corrupted region of a file. */
export interface Region {
  /** Size in bytes. */
  size: number;
  /** What is wrong. */
  problem: string;
}

/** Records, and bytes of the file, between two checks of the clock. */
const STRIDE = { records: 256, bytes: 1024 * 1024 };

/** An index of the records and the corrupted regions of a file: a row for each, in file order. */
export class RecordIndex {
  /** Whether the end of the file was reached. */
  complete = false;
  readonly #source: ByteSource;
  readonly #scanner: RecordScanner;
  readonly #codec: CodecName;
  readonly #offsets = new Column<Float64Array<ArrayBuffer>>(Float64Array);
  readonly #contentSizes = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #keySizes = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #keyPlaces = new Column<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #keys = new KeyStore();
  readonly #regions = new Map<number, Region>();

  /** Creates an empty index of `source`. */
  constructor(source: ByteSource, codec: CodecName) {
    this.#source = source;
    this.#scanner = new RecordScanner(source);
    this.#codec = codec;
  }

  /** Number of rows. */
  get rows(): number {
    return this.#offsets.length;
  }

  /** Number of corrupted regions among them. */
  get regions(): number {
    return this.#regions.size;
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

  /** The corrupted region of a row; undefined for a record. */
  region(row: number): Region | undefined {
    return this.#regions.get(row);
  }

  /** The key of a record; a view that is valid until the index is extended. */
  key(row: number): Uint8Array {
    const size = this.#keySizes.at(row);
    const place = this.#keyPlaces.at(row);
    if (place !== NOT_KEPT) return this.#keys.get(place, size);
    const key = new Uint8Array(size);
    this.#source.read(key, 0, size, this.#offsets.at(row) + 4);
    return key;
  }

  /** The stored content of a record. */
  content(row: number): Uint8Array<ArrayBuffer> {
    const start = this.#offsets.at(row) + this.#keySizes.at(row) + 8;
    return this.#read(start, this.#contentSizes.at(row));
  }

  /** The first bytes of a corrupted region, up to `limit`. */
  regionBytes(row: number, limit: number): Uint8Array<ArrayBuffer> {
    const size = Math.min(this.#regions.get(row)!.size, limit);
    return this.#read(this.#offsets.at(row), size);
  }

  /** Indexes more records, until `performance.now()` reaches `end`. */
  extend(end: number): void {
    do {
      const stop = this.position + STRIDE.bytes;
      for (let i = 0; i < STRIDE.records && this.position < stop; i++) {
        this.#next();
        if (this.complete) return;
      }
    } while (performance.now() < end);
  }

  #next(): void {
    try {
      if (this.#scanner.next()) this.#add(this.#scanner);
      else this.complete = true;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#skip();
    }
  }

  #add(record: RecordScanner): void {
    const { offset, contentSize, keySize } = record;
    this.#push(offset, contentSize, keySize, this.#keys.add(record.key()));
  }

  #push(offset: number, size: number, keySize: number, keyPlace: number): void {
    this.#offsets.push(offset);
    this.#contentSizes.push(size);
    this.#keySizes.push(keySize);
    this.#keyPlaces.push(keyPlace);
  }

  /** Adds the corrupted region at the scanner's position, and continues at the next record. */
  #skip(): void {
    const damage = this.#scanner.position;
    using recovery = new RecordScanner(this.#source, {
      skipErrors: true,
      codec: this.#codec,
      onSkip: ({ offset, size, reason }) => {
        this.#regions.set(this.rows, { size, problem: reason });
        this.#push(offset, 0, 0, 0);
      },
    });
    recovery.position = this.#removeSuspect() ?? damage;
    let found: boolean;
    do {
      found = recovery.next();
      if (found) this.#add(recovery);
    } while (found && recovery.offset < damage);
    this.#scanner.position = found ? recovery.position : this.#source.size;
    this.complete = !found;
  }

  /**
   * Removes the record before a corrupted region: its size field may be corrupt.
   *
   * @returns Its offset, or undefined if no record precedes the region.
   */
  #removeSuspect(): number | undefined {
    const last = this.rows - 1;
    if (last < 0 || this.#regions.has(last)) return undefined;
    for (
      const column of [this.#contentSizes, this.#keySizes, this.#keyPlaces]
    ) column.pop();
    return this.#offsets.pop();
  }

  #read(start: number, size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    const count = this.#source.read(bytes, 0, size, start);
    return count === size ? bytes : bytes.slice(0, count);
  }
}
