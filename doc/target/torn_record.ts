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
import { RecordScanner } from "../format/record_scanner.ts";
import { ContentCheck } from "../damage/content_check.ts";
import { findRecord } from "../damage/resync.ts";

/** Bytes at the end of a file that usually tell where its records are. */
const TAIL_SIZE = 1024 * 1024;

/** More bytes than the magic number of any codec has. */
const LONGEST_MAGIC = 16;

/** How to look at the end of a file. */
export interface TailOptions {
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /**
   * Where a record is known to start, behind which nothing but its end can be
   * missing; undefined if nothing is known.
   */
  from?: number;
}

/** What was cut off from the end of a file: the beginning of a record whose writer died. */
export interface CutRange {
  /** Where it was, and where the file ends now. */
  offset: number;
  /** Its size in bytes. */
  size: number;
}

/**
 * Finds the beginning of a record at the end of a bin file, which is there when
 * its writer died.
 *
 * Usually the last megabyte shows that there is none. Where it does not, because
 * contents do not tell themselves from keys or there is a larger record, all
 * headers are walked.
 *
 * @returns undefined if the file ends with a whole record.
 * @throws {RecordError} The file is damaged otherwise, or is no bin file.
 * @throws {FileError} It cannot be read.
 */
export function findTear(
  path: string,
  { keySizeLimit, from }: TailOptions,
): CutRange | undefined {
  const source = openFile(path);
  try {
    if (from === undefined && endsWell(source, keySizeLimit)) return undefined;
    const offset = walk(source, keySizeLimit, from ?? 0);
    if (offset === source.size) return undefined;
    const isTear = isCut(source, keySizeLimit, offset) &&
      (from !== undefined || !isFollowed(source, keySizeLimit, offset));
    if (isTear) return { offset, size: source.size - offset };
    throw new RecordError(
      "none starts there, although one should, so that nothing can be appended. " +
        "Save what can be read with recover, if it is a bin file, and append to that.",
      { file: path, offset },
    );
  } finally {
    source.close();
  }
}

/**
 * Cuts off the torn record at the end of a bin file, if there is one; see
 * {@linkcode findTear}.
 *
 * @returns What was cut off.
 */
export function cutTear(
  path: string,
  keySizeLimit: number = DEFAULT_KEY_SIZE_LIMIT,
): CutRange | undefined {
  const tear = findTear(path, { keySizeLimit });
  if (tear !== undefined) cutOff(path, tear.offset);
  return tear;
}

/**
 * Cuts off the end of a file, from an offset on.
 *
 * @throws {FileError} It cannot be written.
 */
export function cutOff(path: string, offset: number): void {
  const fs = nodeFs();
  try {
    const descriptor = fs.openSync(path, "r+");
    try {
      fs.ftruncateSync(descriptor, offset);
      fs.fdatasyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Whether the end of a file leaves no doubt that it is the end of a record. */
function endsWell(source: ByteSource, keySizeLimit: number): boolean {
  // Nothing is easier than to walk over all of it.
  if (source.size <= TAIL_SIZE) return false;
  const checkContent = magicCheck(source, keySizeLimit);
  const start = findRecord(source, source.size - TAIL_SIZE, {
    keySizeLimit,
    checkContent,
  });
  if (start === undefined) return false;
  // Of a file that was cut behind a key, contents can be read as keys and keys
  // as contents up to the end, unless something tells that they are not.
  let isCertain = false;
  const end = walk(source, keySizeLimit, start, (scanner) => {
    isCertain ||= scanner.contentSize > keySizeLimit ||
      beginsRight(source, scanner, checkContent);
  });
  return end === source.size && isCertain;
}

/** The check of contents, if the codec of the file has a magic number; else one that tells nothing. */
function magicCheck(source: ByteSource, keySizeLimit: number): ContentCheck {
  let codec: CodecName | undefined;
  walk(source, keySizeLimit, 0, (scanner) => {
    codec = detectMagic(startOf(source, scanner));
    return false;
  });
  return new ContentCheck(codec ?? "none");
}

/** Whether a content begins with the magic number of the file's codec. */
function beginsRight(
  source: ByteSource,
  scanner: RecordScanner,
  check: ContentCheck,
): boolean {
  const start = startOf(source, scanner);
  return check.hasMagic && check.startsRight(start, 0, start.length);
}

/** First bytes of the content of a record, which may be too large to be read as a whole. */
function startOf(source: ByteSource, scanner: RecordScanner): Uint8Array {
  const { contentSize, position } = scanner;
  const length = Math.min(contentSize, LONGEST_MAGIC);
  const bytes = new Uint8Array(length);
  source.read(bytes, 0, length, position - contentSize);
  return bytes;
}

/**
 * Walks over records.
 *
 * @param visit Called for each; may return false to stop behind it.
 * @returns Where the walk ended: at the end, or where there is no whole record.
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

/** Whether what starts at an offset is a record as far as it goes. */
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
 * Whether there may be records behind an offset, so that a size there merely
 * lies. What looks like a record is taken for one, unless all contents before it
 * begin in a way in which its content does not.
 */
function isFollowed(
  source: ByteSource,
  keySizeLimit: number,
  offset: number,
): boolean {
  const check = magicCheck(source, keySizeLimit);
  let isTelling = true;
  walk(source, keySizeLimit, 0, (scanner) => {
    isTelling = beginsRight(source, scanner, check);
    return isTelling;
  });
  const found = findRecord(source, offset + 1, {
    keySizeLimit,
    checkContent: isTelling ? check : new ContentCheck("none"),
  });
  return found !== undefined;
}
