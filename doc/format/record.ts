/**
 * The record format:
 *
 * ```text
 * record := keySize:int32le  key:bytes[keySize]  contentSize:int32le  content:bytes[contentSize]
 * ```
 *
 * A file is a sequence of records and nothing else. No size field is trusted
 * before it is checked against the limits and the bytes that are there.
 */
import { checkInteger } from "../../pool/check.ts";
import { checkBytes, readInt32, writeInt32 } from "../../codec/bytes.ts";
import { MAX_DOCUMENT_SIZE } from "../../codec/output_size.ts";
import { decodeKey } from "../bytes.ts";
import { DocumentError } from "../errors.ts";

/** Default limit of the size of a key, in bytes. It is that of the original program. */
export const DEFAULT_KEY_SIZE_LIMIT = 1000;

/** Largest content of a record, in bytes: 1 GiB, as in the original. */
export const MAX_CONTENT_SIZE: number = MAX_DOCUMENT_SIZE;

/** Size of the two size fields of a record, in bytes. */
export const RECORD_OVERHEAD = 8;

/**
 * Checks the limits that readers and writers take.
 *
 * @throws {OptionError} `keySizeLimit` is not an integer from 1 to 1 GiB, or
 * `maxSize` is neither an integer from 0 on nor Infinity.
 */
export function checkLimits(
  { keySizeLimit, maxSize }: { keySizeLimit?: number; maxSize?: number },
): void {
  if (keySizeLimit !== undefined) {
    checkInteger("keySizeLimit", keySizeLimit, 1, MAX_CONTENT_SIZE);
  }
  if (maxSize !== undefined) checkInteger("maxSize", maxSize, 0, Infinity);
}

/** A result of {@linkcode RecordView.parse}. */
export const RecordState = {
  /** A whole record. */
  Whole: 0,
  /** The beginning of a record, valid as far as it goes. */
  Cut: 1,
  /** Not a record. */
  Invalid: 2,
} as const;

/** A result of {@linkcode RecordView.parse}. */
export type RecordState = (typeof RecordState)[keyof typeof RecordState];

/**
 * Where the parts of a record are in a buffer. One view is used for record after
 * record, so walking over millions of them allocates nothing.
 */
export class RecordView {
  /** Offset of the record. */
  start = 0;
  /** Offset of the key. */
  keyStart = 0;
  /** Size of the key in bytes. */
  keySize = 0;
  /** Offset of the content; 0 if the record is cut before it, or invalid. */
  contentStart = 0;
  /** Size of the content in bytes. */
  contentSize = 0;
  /** Offset behind the record; 0 if the record is cut before its content, or invalid. */
  end = 0;
  /** What is wrong with an invalid record. */
  problem = "";
  /** Maximum key size, in bytes. */
  readonly keySizeLimit: number;

  /** Creates a view that accepts keys of up to `keySizeLimit` bytes. */
  constructor(keySizeLimit: number = DEFAULT_KEY_SIZE_LIMIT) {
    this.keySizeLimit = keySizeLimit;
  }

  /** Parses the record at `start` of `bytes`, whose first `limit` bytes count. */
  parse(bytes: Uint8Array, start: number, limit: number): RecordState {
    this.start = start;
    this.keyStart = start + 4;
    this.contentStart =
      this.end =
      this.keySize =
      this.contentSize =
        0;
    if (this.keyStart > limit) return RecordState.Cut;
    const keySize = readInt32(bytes, start);
    if (keySize < 0 || keySize > this.keySizeLimit) {
      this.problem = `invalid key size ${keySize} (limit ${this.keySizeLimit})`;
      return RecordState.Invalid;
    }
    this.keySize = keySize;
    const sizeAt = this.keyStart + keySize;
    if (sizeAt + 4 > limit) return RecordState.Cut;
    const contentSize = readInt32(bytes, sizeAt);
    if (contentSize < 0 || contentSize > MAX_CONTENT_SIZE) {
      this.problem =
        `invalid content size ${contentSize} (limit ${MAX_CONTENT_SIZE})`;
      return RecordState.Invalid;
    }
    if (keySize === 0 && contentSize === 0) {
      this.problem = "empty record (no key and no content)";
      return RecordState.Invalid;
    }
    this.contentSize = contentSize;
    this.contentStart = sizeAt + 4;
    this.end = this.contentStart + contentSize;
    return this.end <= limit ? RecordState.Whole : RecordState.Cut;
  }

  /** The key as text, from the parsed bytes; shorter if the record is cut in the key. */
  key(bytes: Uint8Array): string {
    return decodeKey(
      bytes.subarray(this.keyStart, this.keyStart + this.keySize),
    );
  }
}

/** The size of a record in bytes. */
export function recordSize(keySize: number, contentSize: number): number {
  return RECORD_OVERHEAD + keySize + contentSize;
}

/**
 * Writes a record into `dst` at `offset`, which must have room for it.
 *
 * @returns The offset behind the record.
 * @throws {DocumentError} See {@linkcode checkDocument}.
 */
export function writeRecord(
  dst: Uint8Array,
  offset: number,
  key: Uint8Array,
  content: Uint8Array,
): number {
  checkDocument(key.length, content.length);
  writeInt32(dst, offset, key.length);
  dst.set(key, offset + 4);
  const sizeAt = offset + 4 + key.length;
  writeInt32(dst, sizeAt, content.length);
  dst.set(content, sizeAt + 4);
  return sizeAt + 4 + content.length;
}

/**
 * Encodes a record. The result is new memory.
 *
 * @param content The content as it is to be stored, compressed with the codec of the file.
 * @throws {DocumentError} The content exceeds 1 GiB, or key and content are both empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeRecord } from "@binfiles/binfiles/doc";
 *
 * const record = encodeRecord(new Uint8Array([107]), new Uint8Array([1, 2]));
 * assertEquals([...record], [1, 0, 0, 0, 107, 2, 0, 0, 0, 1, 2]);
 * ```
 */
export function encodeRecord(
  key: Uint8Array,
  content: Uint8Array,
): Uint8Array<ArrayBuffer> {
  checkBytes(key, "key");
  checkBytes(content, "content");
  const bytes = new Uint8Array(recordSize(key.length, content.length));
  writeRecord(bytes, 0, key, content);
  return bytes;
}

/**
 * Checks the sizes of a document.
 *
 * @throws {DocumentError} The key exceeds `keySizeLimit` bytes, the content
 * exceeds 1 GiB, or both are empty: such a record would be eight zero bytes, like
 * a hole in a file.
 */
export function checkDocument(
  keySize: number,
  contentSize: number,
  keySizeLimit = MAX_CONTENT_SIZE,
): void {
  if (keySize > keySizeLimit) {
    throw new DocumentError(
      `Cannot write a document: invalid key size ${keySize} (limit ${keySizeLimit}). ` +
        `Raise keySizeLimit, for writing as for reading.`,
    );
  }
  if (contentSize > MAX_CONTENT_SIZE) {
    throw new DocumentError(
      `Cannot write a document: invalid content size ${contentSize} (limit ${MAX_CONTENT_SIZE}). ` +
        `Split it into several documents.`,
    );
  }
  if (keySize === 0 && contentSize === 0) {
    throw new DocumentError(
      "Cannot write a document: empty record (no key and no content)",
    );
  }
}
