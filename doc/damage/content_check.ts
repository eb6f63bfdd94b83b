import type { CodecName } from "../../codec/names.ts";
import { findCodec } from "../../codec/codecs.ts";
import { decompress, type DecompressOptions } from "../../codec/compress.ts";
import { MAX_DOCUMENT_SIZE } from "../../codec/output_size.ts";
import { CodecError, OutputLimitError } from "../../codec/errors.ts";
import { createDecoder } from "../../codec/stream_coders.ts";
import type { ByteSource } from "../source/byte_source.ts";
import type { KnownDocuments } from "./known_documents.ts";

/** Larger contents are read and decompressed in pieces of this size, in bytes. */
const PIECE_SIZE = 256 * 1024;

/** How to check contents. */
export interface ContentCheckOptions extends DecompressOptions {
  /** Documents known by their checksums. Used with codec `none` only. */
  known?: KnownDocuments;
}

/** Recognizes contents of a codec by decompressing them. Codec `none` accepts everything. */
export class ContentCheck {
  readonly #codec: CodecName;
  readonly #options: DecompressOptions;
  readonly #magic: readonly number[];
  /** Documents known by their checksums; undefined if the codec itself is proof. */
  readonly known: KnownDocuments | undefined;

  /** Creates a check for contents that decompress within the limits of `options`. */
  constructor(codec: CodecName, options: ContentCheckOptions = {}) {
    this.#codec = codec;
    this.known = codec === "none" ? options.known : undefined;
    this.#options = options;
    this.#magic = findCodec(codec).magic ?? [];
  }

  /** Whether contents are decompressed, so that the check means something. */
  get decompresses(): boolean {
    return this.#codec !== "none";
  }

  /** Whether the codec has a magic number. */
  get hasMagic(): boolean {
    return this.#magic.length > 0;
  }

  /** Whether the bytes from `start` to `end` start with the codec's magic number, if it has one. */
  startsRight(bytes: Uint8Array, start: number, end: number): boolean {
    const magic = this.#magic;
    if (end - start < magic.length) return false;
    for (let i = 0; i < magic.length; i++) {
      if (bytes[start + i] !== magic[i]) return false;
    }
    return true;
  }

  /** Whether a content decompresses, even if its size exceeds the limit. */
  accepts(content: Uint8Array): boolean {
    return this.#succeeds(() =>
      decompress(content, this.#codec, this.#options)
    );
  }

  /**
   * Whether `size` bytes at `position` of a source decompress. Reading stops at
   * the first error, so a corrupt size field costs little.
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
      // Output that exceeds the limit is output of the codec.
      if (error instanceof OutputLimitError) return true;
      if (error instanceof CodecError) return false;
      throw error;
    }
  }
}
