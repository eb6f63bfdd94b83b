import { checkBytes } from "../codec/bytes.ts";
import { decodeKey } from "./bytes.ts";
import {
  compress,
  type CompressOptions,
  compressOriginal,
  decompress,
  type DecompressOptions,
  decompressOriginal,
} from "../codec/compress.ts";
import type { CodecLike } from "../codec/names.ts";

const encoder = new TextEncoder();

/**
 * A document: a key and a content, both bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Doc } from "@binfiles/binfiles/doc";
 *
 * const doc = new Doc("hello.txt", "Hello!");
 * assertEquals(doc.content.length, 6);
 * assertEquals(doc.name, "hello.txt");
 * assertEquals(doc.text(), "Hello!");
 * ```
 */
export class Doc {
  /** The key, usually UTF-8. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** The content. A document does not record whether it is compressed. */
  readonly content: Uint8Array<ArrayBuffer>;

  /**
   * Creates a document. Strings are encoded as UTF-8. Byte arrays are kept, not
   * copied, except those in shared memory, which web APIs do not take.
   *
   * @throws {TypeError} The key or the content is neither a string nor a `Uint8Array`.
   */
  constructor(key: Uint8Array | string, content: Uint8Array | string) {
    this.key = toBytes(key, "key");
    this.content = toBytes(content, "content");
  }

  /** The key decoded as UTF-8. */
  get name(): string {
    return decodeKey(this.key);
  }

  /** The content decoded as UTF-8. */
  text(): string {
    return decodeKey(this.content);
  }
}

function toBytes(
  value: Uint8Array | string,
  name: string,
): Uint8Array<ArrayBuffer> {
  if (typeof value === "string") return encoder.encode(value);
  checkBytes(value, name);
  return value.buffer instanceof ArrayBuffer
    ? value as Uint8Array<ArrayBuffer>
    : new Uint8Array(value);
}

/**
 * Compresses the content of a document. The result shares the key's bytes.
 *
 * @throws {UnknownCodecError | NoEngineError | OptionError} As `compress`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressDoc, decompressDoc, Doc } from "@binfiles/binfiles/doc";
 *
 * const packed = compressDoc(new Doc("key", "content"), "gzip");
 * assertEquals(decompressDoc(packed, "gzip").text(), "content");
 * ```
 */
export function compressDoc(
  doc: Doc,
  codec: CodecLike,
  options?: CompressOptions,
): Doc {
  return new Doc(doc.key, compress(doc.content, codec, options));
}

/**
 * Decompresses the content of a document. The result shares the key's bytes.
 *
 * @throws {CorruptDataError | OutputLimitError | UnknownCodecError | NoEngineError}
 * As `decompress`.
 */
export function decompressDoc(
  doc: Doc,
  codec: CodecLike,
  options?: DecompressOptions,
): Doc {
  return new Doc(doc.key, decompress(doc.content, codec, options));
}

/** {@linkcode compressDoc} without pooling, as the baseline to compare with. */
export function compressDocOriginal(
  doc: Doc,
  codec: CodecLike,
  options?: CompressOptions,
): Doc {
  return new Doc(doc.key, compressOriginal(doc.content, codec, options));
}

/** {@linkcode decompressDoc} without pooling, as the baseline to compare with. */
export function decompressDocOriginal(
  doc: Doc,
  codec: CodecLike,
  options?: DecompressOptions,
): Doc {
  return new Doc(doc.key, decompressOriginal(doc.content, codec, options));
}
