import type { CodecName } from "../../codec/names.ts";
import { findCodec } from "../../codec/codecs.ts";
import { decompress, type DecompressOptions } from "../../codec/compress.ts";
import { MAX_DOCUMENT_SIZE } from "../../codec/output_size.ts";
import { CodecError, OutputLimitError } from "../../codec/errors.ts";
import { createDecoder } from "../../codec/stream_coders.ts";
import type { ByteSource } from "../source/byte_source.ts";
import type { KnownDocuments } from "./known_documents.ts";

/** Larger contents are read and checked piece by piece, in bytes. */
const PIECE_SIZE = 256 * 1024;

/** How to check contents. */
export interface ContentCheckOptions extends DecompressOptions {
  /**
   * Documents that are known by their checksums. They count only with codec
   * `none`: what other codecs write proves itself.
   */
  known?: KnownDocuments;
}

/**
 * Tells whether contents are what a codec writes: whether they decompress.
 * Uncompressed contents tell nothing by themselves.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compress } from "@binfiles/binfiles/codec";
 * import { ContentCheck } from "@binfiles/binfiles/doc";
 *
 * const check = new ContentCheck("gzip");
 * const packed = compress(new Uint8Array(100), "gzip");
 * assertEquals(check.accepts(packed), true);
 * assertEquals(check.accepts(packed.subarray(1)), false);
 * ```
 */
export class ContentCheck {
  readonly #codec: CodecName;
  readonly #options: DecompressOptions;
  readonly #magic: readonly number[];
  /** Documents that are known by their checksums, where contents cannot be checked. */
  readonly known: KnownDocuments | undefined;

  /** Creates a check for contents of a codec that decompress within limits. */
  constructor(codec: CodecName, options: ContentCheckOptions = {}) {
    this.#codec = codec;
    this.known = codec === "none" ? options.known : undefined;
    this.#options = options;
    this.#magic = findCodec(codec).magic ?? [];
  }

  /** Whether a content can be checked: codec `none` accepts everything. */
  get isPossible(): boolean {
    return this.#codec !== "none";
  }

  /** Whether the codec has a magic number, so that a look at the start of a content is worth it. */
  get hasMagic(): boolean {
    return this.#magic.length > 0;
  }

  /** Whether `bytes` from `start` to `end` start with the magic number, if the codec has one. */
  startsRight(bytes: Uint8Array, start: number, end: number): boolean {
    const magic = this.#magic;
    if (end - start < magic.length) return false;
    for (let i = 0; i < magic.length; i++) {
      if (bytes[start + i] !== magic[i]) return false;
    }
    return true;
  }

  /** Whether a content decompresses, if only to more than the limit. */
  accepts(content: Uint8Array): boolean {
    return this.#succeeds(() =>
      decompress(content, this.#codec, this.#options)
    );
  }

  /**
   * Whether the `size` bytes at `position` of a source decompress. They are read
   * as far as they do, so that a header that claims much costs little.
   */
  acceptsRange(source: ByteSource, position: number, size: number): boolean {
    const piece = new Uint8Array(Math.min(size, PIECE_SIZE));
    let length = source.read(piece, 0, piece.length, position);
    if (!this.startsRight(piece, 0, length)) return false;
    if (length === size) return this.accepts(piece);
    const { maxSize = MAX_DOCUMENT_SIZE } = this.#options;
    const decoder = createDecoder(this.#codec);
    let unpacked = 0;
    let done = 0;
    try {
      return this.#succeeds(() => {
        while (length > 0 && unpacked <= maxSize) {
          done += length;
          decoder.push(
            piece.subarray(0, length),
            done === size,
            (bytes) => unpacked += bytes.length,
          );
          const wanted = Math.min(piece.length, size - done);
          length = source.read(piece, 0, wanted, position + done);
        }
      }) && (done === size || unpacked > maxSize);
    } finally {
      decoder.close?.();
    }
  }

  #succeeds(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      // It is of the codec if it becomes too much.
      if (error instanceof OutputLimitError) return true;
      if (error instanceof CodecError) return false;
      throw error;
    }
  }
}
