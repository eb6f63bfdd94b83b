/** What the commands that read records one after the other have in common. */
import { Buffer } from "node:buffer";
import process from "node:process";
import type { CodecName } from "../codec/names.ts";
import type { SkippedRange } from "../doc/damage/block_reader.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";
import type { KnownDocuments } from "../doc/damage/known_documents.ts";
import type { Records } from "../doc/format/record_scanner.ts";
import type { InputOptions, OutputOptions } from "./options.ts";
import { ExitCode, note, noteRanges, ProgressLine } from "./output.ts";

/** The options of commands that read records. */
export interface RecordsOptions extends InputOptions, OutputOptions {
  /** Whether to leave out what is damaged. */
  skipErrors?: boolean;
}

/** An input whose records are read. */
export interface OpenRecords {
  /** The records, from the offset on that was asked for. */
  records: Records;
  /** Where they come from. */
  source: ByteSource;
  /** Codec of the contents. */
  codec: CodecName;
  /**
   * Leaves out the record that was found last, because its content is damaged.
   *
   * @throws {RecordError} Damage is not to be left out.
   */
  reject(error: unknown): void;
}

/**
 * Opens an input, and closes it when `work` is done. Where damage is to be left
 * out, it is reported at the end, and shows in the exit code.
 *
 * @param needsCodec Whether contents are looked at, so that their codec matters.
 * @throws {FileError} It cannot be opened, or has no such offset.
 */
export async function withRecords(
  input: string,
  offset: number,
  options: RecordsOptions,
  needsCodec: boolean,
  work: (input: OpenRecords) => void | Promise<void>,
): Promise<void> {
  const { openInput } = await import("../doc/open_input.ts");
  const { keySizeLimit, maxSize, skipErrors } = options;
  const known = options.compressType ??
    (needsCodec || skipErrors || offset > 0 ? undefined : "none");
  const { source, codec } = openInput(input, { codec: known, keySizeLimit });
  const skipped: SkippedRange[] = [];
  let records: Records | undefined;
  try {
    if (offset > 0) await checkOffset(source, offset);
    let reject: (error: unknown) => void;
    if (skipErrors) {
      const { TolerantScanner } = await import(
        "../doc/damage/tolerant_scanner.ts"
      );
      const { RecordError } = await import("../doc/errors.ts");
      const scanner = records = new TolerantScanner(source, {
        codec,
        keySizeLimit,
        maxSize,
        known: await readSumsOf(input, source, codec),
        onSkip: (range) => skipped.push(range),
      });
      reject = (error) => {
        if (!(error instanceof RecordError)) throw error;
        scanner.reject(error.reason);
      };
    } else {
      const { RecordScanner } = await import("../doc/format/record_scanner.ts");
      records = new RecordScanner(source, { keySizeLimit });
      if (offset > 0) await checkStart(records, offset, codec);
      reject = (error) => {
        throw error;
      };
    }
    records.position = offset;
    await work({ records, source, codec, reject });
  } finally {
    records?.[Symbol.dispose]();
    source.close();
    noteRanges(skipped);
  }
  if (skipped.length > 0) process.exitCode = ExitCode.Skipped;
}

/** The documents that the sums beside an input tell of, if there are any. */
export async function readSumsOf(
  path: string,
  { size }: ByteSource,
  codec: CodecName,
): Promise<KnownDocuments | undefined> {
  const { readSums } = await import("../doc/damage/read_sums.ts");
  return readSums({ path, size, codec }, note);
}

async function checkOffset(source: ByteSource, offset: number): Promise<void> {
  // Where the size is not known, reading tells.
  const count = source.read(new Uint8Array(1), 0, 1, offset);
  if (count > 0 || offset === source.size) return;
  const { FileError } = await import("../doc/errors.ts");
  const file = source.file ?? "";
  throw new FileError(
    file,
    `Cannot read ${file} from offset ${offset} on: it ends at ${source.size}`,
  );
}

/** Looks whether a record starts at the offset that was given, as far as that is easy to tell. */
async function checkStart(
  records: Records,
  offset: number,
  codec: CodecName,
): Promise<void> {
  const { RecordError } = await import("../doc/errors.ts");
  const { findCodec } = await import("../codec/codecs.ts");
  const { magic } = findCodec(codec);
  try {
    records.position = offset;
    if (!records.next() || magic === undefined) return;
    const content = records.content();
    if (magic.every((byte, i) => content[i] === byte)) return;
    throw new RecordError(`its content is not ${codec}`);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new RecordError(
      `${error.reason}. If no record starts there, the seek command finds the next one`,
      { file: records.file, offset },
      { cause: error },
    );
  }
}

/** Which records to take. */
export interface Selection {
  /** Whether a record is one of them; all are when undefined. */
  matches?(records: Records): boolean;
  /** How many of those to pass over at first. */
  skip?: number;
  /** How many of those to pass over after each that is taken. */
  step?: number;
  /** How many to take at most; Infinity for all. */
  limit: number;
}

/** Records, and bytes of them, after which to look at the clock. */
const CLOCK_RECORDS = 64;
const CLOCK_BYTES = 256 * 1024;

/** Milliseconds between two pauses. */
const PAUSE_INTERVAL = 200;

/**
 * Walks over records and visits those that are selected.
 *
 * @param visit Returns false if it had to leave the record out.
 * @param pause Called now and then, with the number of records so far.
 * @returns How many were visited.
 */
export async function walk(
  records: Records,
  { matches, skip = 0, step = 0, limit }: Selection,
  visit: (records: Records) => boolean | void,
  pause: (seen: number) => void | Promise<void>,
): Promise<number> {
  let visited = 0;
  let pausedAt = performance.now();
  let lookedAt = records.position;
  for (let seen = 1; visited < limit && records.next(); seen++) {
    if (
      seen % CLOCK_RECORDS === 0 || records.position - lookedAt > CLOCK_BYTES
    ) {
      lookedAt = records.position;
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
    visited++;
  }
  return visited;
}

/** A test of keys against a regular expression. */
export function keyMatcher(pattern: RegExp): (records: Records) => boolean {
  let viewed: Uint8Array | undefined;
  let view: Buffer;
  return ({ bytes, keyStart, keySize }) => {
    if (bytes !== viewed) {
      viewed = bytes;
      view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    // Twice as fast as a TextDecoder for something as short as a key.
    return pattern.test(view.toString("utf8", keyStart, keyStart + keySize));
  };
}

/** Shows how far a walk has come, where that does not disturb the results. */
export class WalkProgress {
  readonly #source: ByteSource;
  readonly #records: Records;
  readonly #from: number;
  readonly #line: ProgressLine | undefined;

  /** Creates the line; it is shown only if neither options nor a terminal for results forbid it. */
  constructor(
    { source, records }: OpenRecords,
    { quiet, json }: OutputOptions,
    printsAllTheTime: boolean,
  ) {
    this.#source = source;
    this.#records = records;
    this.#from = records.position;
    const disturbs = printsAllTheTime && process.stdout.isTTY === true;
    if (!quiet && !json && !disturbs) this.#line = new ProgressLine();
  }

  /** Shows it. */
  show(documents: number): void {
    const { size } = this.#source;
    this.#line?.show(
      { documents, bytesRead: this.#records.position - this.#from },
      size === Infinity ? 0 : size - this.#from,
    );
  }

  /** Makes room for results. */
  clear(): void {
    this.#line?.clear();
  }
}
