/**
 * The record format:
 *
 * ```text
 * record := keySize:int32le  key:bytes[keySize]  contentSize:int32le  content:bytes[contentSize]
 * ```
 *
 * A file is records and nothing else. Nothing in a header is believed before it
 * is checked against the limits and against what is there.
 */
import { readInt32, writeInt32 } from "../../codec/bytes.ts";
import { MAX_DOCUMENT_SIZE } from "../../codec/output_size.ts";
import { decodeKey } from "../bytes.ts";
import { DocumentError } from "../errors.ts";

/** Longest key that is accepted unless told otherwise, in bytes, as in the original. */
export const DEFAULT_KEY_SIZE_LIMIT = 1000;

/** Largest content of a record, in bytes: 1 GiB, as in the original. */
export const MAX_CONTENT_SIZE: number = MAX_DOCUMENT_SIZE;

/** Bytes of a record besides its key and content. */
export const RECORD_OVERHEAD = 8;

/** What {@linkcode RecordView.parse} found. */
export const enum RecordState {
  /** A whole record. */
  Whole,
  /** The beginning of a record, plausible as far as it goes. */
  Cut,
  /** Something that is no record. */
  Invalid,
}

/**
 * The places of a record's parts within a buffer. Reused for record after
 * record, so that walking through millions of them allocates nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeRecord, RecordView } from "@binfiles/binfiles/doc";
 *
 * const bytes = encodeRecord(new Uint8Array([107]), new Uint8Array([1, 2]));
 * const view = new RecordView();
 * view.parse(bytes, 0, bytes.length);
 * assertEquals(bytes.subarray(view.contentStart, view.end), new Uint8Array([1, 2]));
 * ```
 */
export class RecordView {
  /** Offset of the record. */
  start = 0;
  /** Offset of the key. */
  keyStart = 0;
  /** Size of the key in bytes. Meaningful when the state is not `Invalid` and four bytes were there. */
  keySize = 0;
  /** Offset of the content; 0 when the header is cut. */
  contentStart = 0;
  /** Size of the content in bytes. */
  contentSize = 0;
  /** Offset behind the record; 0 when the header is cut. */
  end = 0;
  /** What is wrong with an invalid record. */
  problem = "";
  /** Longest key that is accepted, in bytes. */
  readonly keySizeLimit: number;

  /** Creates a view that accepts keys of up to `keySizeLimit` bytes. */
  constructor(keySizeLimit: number = DEFAULT_KEY_SIZE_LIMIT) {
    this.keySizeLimit = keySizeLimit;
  }

  /** Looks at the record that starts at `start` of `bytes`, of which those up to `limit` count. */
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
      this.problem = `a key of ${keySize} bytes cannot be ` +
        `(the limit is ${this.keySizeLimit})`;
      return RecordState.Invalid;
    }
    this.keySize = keySize;
    const sizeAt = this.keyStart + keySize;
    if (sizeAt + 4 > limit) return RecordState.Cut;
    const contentSize = readInt32(bytes, sizeAt);
    if (contentSize < 0 || contentSize > MAX_CONTENT_SIZE) {
      this.problem = `a content of ${contentSize} bytes cannot be ` +
        `(the limit is ${MAX_CONTENT_SIZE})`;
      return RecordState.Invalid;
    }
    if (keySize === 0 && contentSize === 0) {
      this.problem = "it has neither key nor content";
      return RecordState.Invalid;
    }
    this.contentSize = contentSize;
    this.contentStart = sizeAt + 4;
    this.end = this.contentStart + contentSize;
    return this.end <= limit ? RecordState.Whole : RecordState.Cut;
  }

  /** The key as text, from the bytes that were parsed, as far as they go. */
  key(bytes: Uint8Array): string {
    return decodeKey(
      bytes.subarray(this.keyStart, this.keyStart + this.keySize),
    );
  }
}

/** Size of a record in bytes. */
export function recordSize(keySize: number, contentSize: number): number {
  return RECORD_OVERHEAD + keySize + contentSize;
}

/**
 * Writes a record into `dst` at `offset`, where there must be room.
 *
 * @returns The offset behind it.
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

/** A record of its own memory; see {@linkcode writeRecord}. */
export function encodeRecord(
  key: Uint8Array,
  content: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(recordSize(key.length, content.length));
  writeRecord(bytes, 0, key, content);
  return bytes;
}

/**
 * Checks that a document can be a record.
 *
 * @throws {DocumentError} Its key is over `keySizeLimit` bytes, its content is
 * over 1 GiB, or both are empty: eight zero bytes are what a hole in a file
 * looks like, so they are no record.
 */
export function checkDocument(
  keySize: number,
  contentSize: number,
  keySizeLimit = MAX_CONTENT_SIZE,
): void {
  if (keySize > keySizeLimit) {
    throw new DocumentError(
      `Cannot write a document with a key of ${keySize} bytes: the limit is ` +
        `${keySizeLimit}. Raise keySizeLimit, for writing as for reading.`,
    );
  }
  if (contentSize > MAX_CONTENT_SIZE) {
    throw new DocumentError(
      `Cannot write a document of ${contentSize} bytes: the format's limit is ` +
        `${MAX_CONTENT_SIZE}. Split it into several documents.`,
    );
  }
  if (keySize === 0 && contentSize === 0) {
    throw new DocumentError(
      "Cannot write a document that has neither key nor content",
    );
  }
}
