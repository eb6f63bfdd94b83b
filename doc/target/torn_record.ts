import type { CodecName } from "../../codec/names.ts";
import { detectMagic } from "../../codec/detect.ts";
import {
  type ByteSource,
  fileError,
  nodeFs,
  openFile,
} from "../source/byte_source.ts";
import { RecordError } from "../errors.ts";
import {
  DEFAULT_KEY_SIZE_LIMIT,
  RECORD_OVERHEAD,
  RecordState,
  RecordView,
} from "../format/record.ts";
import { RecordScanner } from "../record_scanner.ts";
import { ContentCheck } from "../damage/content_check.ts";
import { resync } from "../damage/resync.ts";

/** Bytes at the end of a file that usually suffice to find its last records. */
const TAIL_SIZE = 1024 * 1024;

/** At least as long as the magic number of any codec. */
const LONGEST_MAGIC = 16;

/** How to inspect the end of a file. */
export interface TailOptions {
  /** Longest accepted key, in bytes. */
  keySizeLimit: number;
  /**
   * Offset of a known record boundary after which records were appended;
   * undefined if there is none.
   */
  from?: number;
}

/** A torn record, left by a writer that died, that was removed from the end of a file. */
export interface TornRecord {
  /** Its offset, which is now the size of the file. */
  offset: number;
  /** Number of bytes that were removed. */
  size: number;
}

/**
 * Finds a torn record at the end of a bin file: the first part of a record whose
 * writer died.
 *
 * Usually the last megabyte shows that there is none. If it does not, because
 * contents look like keys or a record is larger, all headers are scanned.
 *
 * @returns undefined if the file ends with a whole record.
 * @throws {RecordError} The file is corrupt otherwise, or is not a bin file.
 * @throws {FileError} It cannot be read.
 */
export function findTornRecord(
  path: string,
  { keySizeLimit, from }: TailOptions,
): TornRecord | undefined {
  const source = openFile(path);
  try {
    if (from === undefined && endsWell(source, keySizeLimit)) return undefined;
    const offset = walk(source, keySizeLimit, from ?? 0);
    if (offset === source.size) return undefined;
    const isTorn = isCut(source, keySizeLimit, offset) &&
      (from !== undefined || !isFollowed(source, keySizeLimit, offset));
    if (isTorn) return { offset, size: source.size - offset };
    throw new RecordError(
      "no record starts here, so nothing can be appended. " +
        "If it is a bin file, save its documents with recover and append to the result.",
      { file: path, offset },
    );
  } finally {
    source.close();
  }
}

/**
 * Removes a torn record from the end of a bin file; see
 * {@linkcode findTornRecord}.
 *
 * @returns What was removed, or undefined.
 */
export function removeTornRecord(
  path: string,
  keySizeLimit: number = DEFAULT_KEY_SIZE_LIMIT,
): TornRecord | undefined {
  const torn = findTornRecord(path, { keySizeLimit });
  if (torn !== undefined) truncateFile(path, torn.offset);
  return torn;
}

/**
 * Truncates a file to `size` bytes and flushes it.
 *
 * @throws {FileError} It cannot be written.
 */
export function truncateFile(path: string, size: number): void {
  const fs = nodeFs();
  try {
    const descriptor = fs.openSync(path, "r+");
    try {
      fs.ftruncateSync(descriptor, size);
      fs.fdatasyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Whether the end of a file is certainly the end of a record. */
function endsWell(source: ByteSource, keySizeLimit: number): boolean {
  // A small file is scanned as a whole.
  if (source.size <= TAIL_SIZE) return false;
  const checkContent = magicCheck(source, keySizeLimit);
  const start = resync(source, source.size - TAIL_SIZE, {
    keySizeLimit,
    checkContent,
  });
  if (start === undefined) return false;
  // In a file that was cut after a key, contents may be read as keys and keys as
  // contents up to the end. A long content or a magic number rules that out.
  let isCertain = false;
  const end = walk(source, keySizeLimit, start, (scanner) => {
    isCertain ||= scanner.contentSize > keySizeLimit ||
      startsWithMagic(source, scanner, checkContent);
  });
  return end === source.size && isCertain;
}

/** Checks contents by the magic number of the codec of the file, if it has one. */
function magicCheck(source: ByteSource, keySizeLimit: number): ContentCheck {
  let codec: CodecName | undefined;
  walk(source, keySizeLimit, 0, (scanner) => {
    codec = detectMagic(startOf(source, scanner));
    return false;
  });
  return new ContentCheck(codec ?? "none");
}

/** Whether a content starts with the magic number of the codec. */
function startsWithMagic(
  source: ByteSource,
  scanner: RecordScanner,
  check: ContentCheck,
): boolean {
  const start = startOf(source, scanner);
  return check.hasMagic && check.startsRight(start, 0, start.length);
}

/** Reads the first bytes of a content, which may be large. */
function startOf(source: ByteSource, scanner: RecordScanner): Uint8Array {
  const { contentSize, position } = scanner;
  const length = Math.min(contentSize, LONGEST_MAGIC);
  const bytes = new Uint8Array(length);
  source.read(bytes, 0, length, position - contentSize);
  return bytes;
}

/**
 * Scans records.
 *
 * @param visit Called for each record; returns false to stop after it.
 * @returns The offset where the scan ended: the end, or that of no whole record.
 */
function walk(
  source: ByteSource,
  keySizeLimit: number,
  from: number,
  visit?: (scanner: RecordScanner) => boolean | void,
): number {
  const scanner = new RecordScanner(source, { keySizeLimit });
  try {
    scanner.position = from;
    while (scanner.next() && visit?.(scanner) !== false);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
  } finally {
    scanner[Symbol.dispose]();
  }
  return scanner.position;
}

/** Whether a valid but truncated record starts at an offset. */
function isCut(
  source: ByteSource,
  keySizeLimit: number,
  offset: number,
): boolean {
  const bytes = new Uint8Array(keySizeLimit + RECORD_OVERHEAD);
  const length = source.read(bytes, 0, bytes.length, offset);
  const record = new RecordView(keySizeLimit);
  return record.parse(bytes, 0, length) === RecordState.Cut &&
    (record.end === 0 || offset + record.end > source.size);
}

/**
 * Whether there may be records after an offset, so that its size field is corrupt
 * rather than the record truncated. Anything that looks like a record counts,
 * unless all contents before it start with a magic number and its own does not.
 */
function isFollowed(
  source: ByteSource,
  keySizeLimit: number,
  offset: number,
): boolean {
  const check = magicCheck(source, keySizeLimit);
  let allMagic = true;
  walk(source, keySizeLimit, 0, (scanner) => {
    allMagic = startsWithMagic(source, scanner, check);
    return allMagic;
  });
  const found = resync(source, offset + 1, {
    keySizeLimit,
    checkContent: allMagic ? check : new ContentCheck("none"),
  });
  return found !== undefined;
}
