/** Walking over the records of a bin file, with a selection and progress. */
import { Buffer } from "node:buffer";
import process from "node:process";
import type { RecordScanner } from "../doc/record_scanner.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";
import type { OutputOptions } from "./output.ts";
import { ProgressLine } from "./progress.ts";
import type { OpenRecords } from "./records.ts";

/** Which records to take. */
export interface Selection {
  /** Whether a record is a candidate. Default: all are. */
  matches?(records: RecordScanner): boolean;
  /** How many candidates to skip at first. Default 0. */
  skip?: number;
  /** How many candidates to skip after each that is taken. Default 0. */
  step?: number;
  /** How many to take at most; Infinity for all. */
  limit: number;
}

/** Records, and bytes of them, between two looks at the clock. */
const CLOCK_RECORDS = 64;
const CLOCK_BYTES = 256 * 1024;

/** Milliseconds between two pauses. */
const PAUSE_INTERVAL = 200;

/**
 * Walks over records and visits those that are selected.
 *
 * @param visit Returns false if it could not take the record.
 * @param pause Called every 200 ms, with the number of records seen.
 * @returns How many records were taken.
 */
export async function walk(
  records: RecordScanner,
  { matches, skip = 0, step = 0, limit }: Selection,
  visit: (records: RecordScanner) => boolean | void,
  pause: (seen: number) => void | Promise<void>,
): Promise<number> {
  let taken = 0;
  let pausedAt = performance.now();
  let clockPosition = records.position;
  for (let seen = 1; taken < limit && records.next(); seen++) {
    if (
      seen % CLOCK_RECORDS === 0 ||
      records.position - clockPosition > CLOCK_BYTES
    ) {
      clockPosition = records.position;
      const now = performance.now();
      if (now - pausedAt > PAUSE_INTERVAL) {
        pausedAt = now;
        await pause(seen);
      }
    }
    if (matches !== undefined && !matches(records)) continue;
    if (skip > 0) {
      skip--;
      continue;
    }
    if (visit(records) === false) continue;
    skip = step;
    taken++;
  }
  return taken;
}

/** A test of keys against a regular expression. */
export function keyMatcher(
  pattern: RegExp,
): (records: RecordScanner) => boolean {
  let viewed: Uint8Array | undefined;
  let view: Buffer;
  return ({ bytes, keyStart, keySize }) => {
    if (bytes !== viewed) {
      viewed = bytes;
      view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    // For something as short as a key, twice as fast as a TextDecoder.
    return pattern.test(view.toString("utf8", keyStart, keyStart + keySize));
  };
}

/** The progress of a walk, shown unless it would disturb the results. */
export class WalkProgress {
  readonly #source: ByteSource;
  readonly #records: RecordScanner;
  readonly #from: number;
  readonly #line: ProgressLine | undefined;

  /** @param printsConstantly Whether results are printed all the time, so a terminal has no place for the line. */
  constructor(
    { source, records }: OpenRecords,
    { quiet, json }: OutputOptions,
    printsConstantly: boolean,
  ) {
    this.#source = source;
    this.#records = records;
    this.#from = records.position;
    const disturbs = printsConstantly && process.stdout.isTTY === true;
    if (!quiet && !json && !disturbs) this.#line = new ProgressLine();
  }

  /** Shows the number of documents seen. */
  show(documents: number): void {
    const { size } = this.#source;
    this.#line?.show({
      documents,
      bytesRead: this.#records.position - this.#from,
      totalBytes: size === Infinity ? undefined : size - this.#from,
    });
  }

  /** Clears the line, so that results can be printed. */
  clear(): void {
    this.#line?.clear();
  }
}
