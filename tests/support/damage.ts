/** Ways to damage a file, an in-memory repack, and what may come out of it. */
import { type CodecName, decompress } from "../../codec/mod.ts";
import type { SkippedRegion } from "../../doc/damage/block_reader.ts";
import { makePlan } from "../../doc/job/plan.ts";
import { runPlan } from "../../doc/job/run_plan.ts";
import { planWriting } from "../../doc/job/steps/step_plan.ts";
import {
  MemorySink,
  memorySource,
  RecordError,
  RecordScanner,
} from "../../doc/mod.ts";
import type { KnownDocuments } from "../../doc/damage/known_documents.ts";
import { RecordView } from "../../doc/format/record.ts";
import { concat } from "./bytes.ts";

/** A range of bytes. */
export interface Range {
  start: number;
  end: number;
}

/** A stretch of a damaged file that is as it was, though perhaps elsewhere. */
interface Piece extends Range {
  /** Where it is now. */
  at: number;
}

/** A damaged file. */
export interface Damaged {
  /** What was done, for people. */
  what: string;
  bytes: Uint8Array;
  /** What is left of the original, in the order of the damaged file. */
  pieces: Piece[];
}

/** Changes a byte. */
export function flip(bytes: Uint8Array, at: number, mask: number): Damaged {
  const changed = bytes.slice();
  changed[at] ^= mask;
  return {
    what: `byte ${at} ^ ${mask}`,
    bytes: changed,
    pieces: [
      { start: 0, end: at, at: 0 },
      { start: at + 1, end: bytes.length, at: at + 1 },
    ],
  };
}

/** Overwrites a range with zeros. Those that were zeros already are not damaged. */
export function zero(bytes: Uint8Array, { start, end }: Range): Damaged {
  const changed = bytes.slice();
  changed.fill(0, start, end);
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length;) {
    const from = at;
    while (at < bytes.length && bytes[at] === changed[at]) at++;
    if (at > from) pieces.push({ start: from, end: at, at: from });
    while (at < bytes.length && bytes[at] !== changed[at]) at++;
  }
  return { what: `zeroed ${start}–${end}`, bytes: changed, pieces };
}

/** Puts ranges of the original one after the other. */
export function arrange(
  what: string,
  bytes: Uint8Array,
  ranges: Range[],
): Damaged {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end } of ranges) {
    const last = pieces.at(-1);
    if (last?.end === start) last.end = end;
    else pieces.push({ start, end, at });
    at += end - start;
  }
  const parts = ranges.map(({ start, end }) => bytes.subarray(start, end));
  return { what, bytes: concat(...parts), pieces };
}

/** Keeps the first bytes only. */
export function cut(bytes: Uint8Array, length: number): Damaged {
  return arrange(`cut to ${length}`, bytes, [{ start: 0, end: length }]);
}

/** Deletes a range. */
export function remove(bytes: Uint8Array, { start, end }: Range): Damaged {
  return arrange(`deleted ${start}–${end}`, bytes, [
    { start: 0, end: start },
    { start: end, end: bytes.length },
  ]);
}

/** Repeats a range. */
export function duplicate(bytes: Uint8Array, { start, end }: Range): Damaged {
  return arrange(`duplicated ${start}–${end}`, bytes, [
    { start: 0, end },
    { start, end: bytes.length },
  ]);
}

/** Exchanges two ranges, of which the first lies before the second. */
export function swap(bytes: Uint8Array, a: Range, b: Range): Damaged {
  return arrange(
    `swapped ${a.start}–${a.end} with ${b.start}–${b.end}`,
    bytes,
    [
      { start: 0, end: a.start },
      b,
      { start: a.end, end: b.start },
      a,
      { start: b.end, end: bytes.length },
    ],
  );
}

/** A record and where it was found. */
export interface Found extends Range {
  key: Uint8Array;
  /** As it is in the target, uncompressed. */
  content: Uint8Array;
}

/** What became of a file. */
export interface Outcome {
  kept: Found[];
  skipped: SkippedRegion[];
  error?: RecordError;
}

/** Time after which a repack is considered to hang, in milliseconds. */
const MAX_TIME = 60_000;

/**
 * Repacks a file into uncompressed documents, from memory to memory.
 *
 * @throws {CancelledError} It hangs.
 */
export async function repackInMemory(
  bytes: Uint8Array,
  codec: CodecName,
  skipErrors: boolean,
  { blockSize = 1024 * 1024, maxSize = 1 << 24, known }: {
    blockSize?: number;
    maxSize?: number;
    known?: KnownDocuments;
  } = {},
): Promise<Outcome> {
  const plan = await makePlan({
    name: "memory",
    bytes: memorySource(bytes),
    size: bytes.length,
    codec,
    packageCodec: "none",
    known,
  }, {
    steps: planWriting({ from: codec, to: "none", check: true }),
    target: { codec: "none", level: undefined, packageCodec: "none" },
    skipErrors,
    maxSize,
  });
  const output = new MemorySink();
  const watch = new AbortController();
  const timer = setTimeout(() => watch.abort(), MAX_TIME);
  let skipped: SkippedRegion[] = [];
  let error: RecordError | undefined;
  try {
    const smallBlocks = { ...plan, job: { ...plan.job, blockSize } };
    const outcome = await runPlan(smallBlocks, {
      output,
      signal: watch.signal,
    });
    skipped = outcome.skipped;
  } catch (thrown) {
    if (!(thrown instanceof RecordError)) throw thrown;
    error = thrown;
  } finally {
    clearTimeout(timer);
  }
  const kept = keptRecords(bytes, output.bytes, skipped);
  return error === undefined ? { kept, skipped } : { kept, skipped, error };
}

/** Finds where the records of a target were in its source. */
function keptRecords(
  source: Uint8Array,
  target: Uint8Array,
  skipped: SkippedRegion[],
): Found[] {
  const kept: Found[] = [];
  const sizes = new Map(skipped.map(({ offset, size }) => [offset, size]));
  const was = new RecordView();
  const is = new RecordView();
  let start = 0;
  for (let at = 0; at < target.length; at = is.end) {
    while (sizes.has(start)) start += sizes.get(start)!;
    was.parse(source, start, source.length);
    is.parse(target, at, target.length);
    const { keyStart, keySize, contentStart, end } = is;
    kept.push({
      start,
      end: was.end,
      key: target.slice(keyStart, keyStart + keySize),
      content: target.slice(contentStart, end),
    });
    start = was.end;
  }
  return kept;
}

/** An undamaged file, and its records. */
export interface Sample {
  codec: CodecName;
  bytes: Uint8Array;
  records: Found[];
}

/** Reads an undamaged file. */
export function sampleOf(bytes: Uint8Array, codec: CodecName): Sample {
  const records: Found[] = [];
  using scanner = new RecordScanner(memorySource(bytes));
  while (scanner.next()) {
    const key = scanner.key().slice();
    const content = decompress(scanner.content(), codec);
    const { offset: start, position: end } = scanner;
    records.push({ start, end, key, content });
  }
  return { codec, bytes, records };
}

/** Records that no damage has touched, with where they are now. */
export function intact({ records }: Sample, { pieces }: Damaged): Found[] {
  return pieces.flatMap(({ start, end, at }) =>
    records
      .filter((record) => record.start >= start && record.end <= end)
      .map((record) => ({
        ...record,
        start: record.start - start + at,
        end: record.end - start + at,
      }))
  );
}

/** This many records between two damaged places are always found, even where contents cannot be checked. */
const SURE_RUN = 4;

/**
 * Whether a record may as well be something else to codec `none`, which cannot
 * check contents: it is one of a few between two damaged places, or one of a run
 * that begins and ends within what the undamaged header of another claims.
 */
function isUndecidable(
  { codec, records }: Sample,
  { bytes, pieces }: Damaged,
  all: Found[],
  record: Found,
): boolean {
  if (codec !== "none") return false;
  let { start, end } = record;
  let length = 1;
  for (const other of all) {
    if (other.start === end) {
      end = other.end;
      length++;
    }
  }
  for (const other of all.toReversed()) {
    if (other.end === start) {
      start = other.start;
      length++;
    }
  }
  if (length < SURE_RUN && start > 0 && end < bytes.length) return true;
  return pieces.some((piece) =>
    records.some((other) => {
      const at = other.start - piece.start + piece.at;
      const head = 8 + other.key.length;
      return other.start >= piece.start && other.start + head <= piece.end &&
        at + head <= start && at + other.end - other.start >= end;
    })
  );
}

/** Whether every byte is either in a record that is kept, or in a range that is reported. */
export function tilingProblem(
  { kept, skipped }: Outcome,
  size: number,
): string | undefined {
  const ranges = [
    ...kept,
    ...skipped.map(({ offset, size }) => ({
      start: offset,
      end: offset + size,
    })),
  ].sort((a, b) => a.start - b.start);
  let at = 0;
  for (const { start, end } of ranges) {
    if (start !== at || end <= start) {
      return `${at}–${start} is unaccounted for`;
    }
    at = end;
  }
  if (at !== size) return `${at} to the end is unaccounted for`;
}

/** What is wrong with an outcome; undefined if nothing is. */
export function complaint(
  sample: Sample,
  damaged: Damaged,
  outcome: Outcome,
): string | undefined {
  const { kept, error } = outcome;
  if (error !== undefined) return `it failed: ${error.message}`;
  const problem = tilingProblem(outcome, damaged.bytes.length);
  if (problem !== undefined) return problem;
  const byStart = new Map(kept.map((record) => [record.start, record]));
  const all = intact(sample, damaged);
  for (const record of all) {
    const found = byStart.get(record.start);
    const name = `${
      new TextDecoder().decode(record.key).slice(0, 30)
    } at ${record.start}`;
    if (found?.end !== record.end) {
      if (isUndecidable(sample, damaged, all, record)) continue;
      return `${name} is lost`;
    }
    if (!same(found.key, record.key) || !same(found.content, record.content)) {
      return `${name} has changed`;
    }
  }
}

/** Whether two arrays have the same bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
