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
  readonly key: Uint8Array;
  /** The content, compressed or not: a document does not say. */
  readonly content: Uint8Array;

  /** Creates a document. Strings become UTF-8; arrays are kept as they are, not copied. */
  constructor(key: Uint8Array | string, content: Uint8Array | string) {
    this.key = typeof key === "string" ? encoder.encode(key) : key;
    this.content = typeof content === "string"
      ? encoder.encode(content)
      : content;
  }

  /** The key as text. */
  get name(): string {
    return decodeKey(this.key);
  }

  /** The content as text. */
  text(): string {
    return decodeKey(this.content);
  }
}

/**
 * The document with its content compressed; its key is shared with the result.
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
 * The document with its content decompressed; its key is shared with the result.
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

/** {@linkcode compressDoc} with nothing reused; what pooling is compared with. */
export function compressDocOriginal(
  doc: Doc,
  codec: CodecLike,
  options?: CompressOptions,
): Doc {
  return new Doc(doc.key, compressOriginal(doc.content, codec, options));
}

/** {@linkcode decompressDoc} with nothing reused; what pooling is compared with. */
export function decompressDocOriginal(
  doc: Doc,
  codec: CodecLike,
  options?: DecompressOptions,
): Doc {
  return new Doc(doc.key, decompressOriginal(doc.content, codec, options));
}
