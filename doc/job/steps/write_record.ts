import { writeInt32 } from "../../../codec/bytes.ts";
import type { Compressor, Decompressor } from "../../../codec/engine.ts";
import { CodecError } from "../../../codec/errors.ts";
import type { CodecName } from "../../../codec/names.ts";
import {
  fitting,
  maxCompressedSize,
  tryDecompress,
} from "../../../codec/output_size.ts";
import { MAX_CONTENT_SIZE, RECORD_OVERHEAD } from "../../format/record.ts";
import type { CurrentRecord, RecordStep } from "./record_step.ts";

/** Writes the content of a record, in one form or another. */
export interface ContentWriter extends Partial<Disposable> {
  /** Prepares for the next block. */
  beginBlock?(): void;
  /**
   * Writes the content `ahead` bytes after the end of the output.
   *
   * @returns Its size there.
   */
  write(record: CurrentRecord, ahead: number): number;
}

/** Copies the content as it is in the source. */
export class StoredContent implements ContentWriter {
  write({ bytes, view, output }: CurrentRecord, ahead: number): number {
    const { contentStart, contentSize, end } = view;
    output.reserve(ahead + contentSize);
    output.bytes.set(bytes.subarray(contentStart, end), output.length + ahead);
    return contentSize;
  }
}

/** Decompresses the content straight into the output. */
export class DecompressedContent implements ContentWriter {
  readonly #codec: CodecName;
  readonly #decompressor: Decompressor & Disposable;
  readonly #maxSize: number;

  constructor(
    codec: CodecName,
    decompressor: Decompressor & Disposable,
    maxSize: number,
  ) {
    this.#codec = codec;
    this.#decompressor = decompressor;
    this.#maxSize = maxSize;
  }

  write(record: CurrentRecord, ahead: number): number {
    const { bytes, output } = record;
    const { contentStart, contentSize, end } = record.view;
    const start = output.length + ahead;
    output.reserve(ahead + contentSize + 1);
    let size: number;
    while (
      (size = tryDecompress(
        this.#decompressor,
        this.#codec,
        this.#maxSize,
        bytes,
        contentStart,
        end,
        output.bytes,
        start,
      )) < 0
    ) output.reserve(ahead - size);
    record.setPlain(output.bytes, start, start + size);
    return size;
  }

  [Symbol.dispose](): void {
    this.#decompressor[Symbol.dispose]();
  }
}

/** Compresses the content, which is decompressed. */
export class CompressedContent implements ContentWriter {
  readonly #codec: CodecName;
  readonly #compressor: Compressor & Disposable;

  constructor(codec: CodecName, compressor: Compressor & Disposable) {
    this.#codec = codec;
    this.#compressor = compressor;
  }

  beginBlock(): void {
    // The output must not depend on the blocks that this thread had before.
    this.#compressor.restart?.();
  }

  write(record: CurrentRecord, ahead: number): number {
    const { plain, plainStart, plainEnd, output } = record;
    const size = plainEnd - plainStart;
    output.reserve(ahead + maxCompressedSize(size));
    // A range, because a view for each document would be garbage for each.
    const written = this.#compressor.compress(
      plain,
      output.bytes,
      output.length + ahead,
      plainStart,
      plainEnd,
    );
    return fitting(written, this.#codec, size);
  }

  [Symbol.dispose](): void {
    this.#compressor[Symbol.dispose]();
  }
}

/** Writes records with their keys. */
export class WriteRecord implements RecordStep {
  readonly #codec: CodecName;
  readonly #content: ContentWriter;

  /** Creates the step for contents that `content` writes, which are in `codec` then. */
  constructor(codec: CodecName, content: ContentWriter) {
    this.#codec = codec;
    this.#content = content;
  }

  beginBlock(): void {
    this.#content.beginBlock?.();
  }

  apply(record: CurrentRecord): boolean {
    const { keyStart, keySize } = record.view;
    const head = RECORD_OVERHEAD + keySize;
    const size = this.#content.write(record, head);
    if (size > MAX_CONTENT_SIZE) {
      throw new CodecError(
        this.#codec,
        `invalid content size ${size} in ${this.#codec} (limit ${MAX_CONTENT_SIZE})`,
      );
    }
    if (keySize === 0 && size === 0) {
      throw new CodecError(this.#codec, "empty record (no key and no content)");
    }
    const { output, bytes: source } = record;
    const { bytes, length } = output;
    writeInt32(bytes, length, keySize);
    // For short keys, a loop is faster than a call of set().
    for (let i = 0; i < keySize; i++) {
      bytes[length + 4 + i] = source[keyStart + i];
    }
    writeInt32(bytes, length + 4 + keySize, size);
    output.length = length + head + size;
    return true;
  }

  [Symbol.dispose](): void {
    this.#content[Symbol.dispose]?.();
  }
}

const NEWLINE = 10;

/** Writes contents without their keys, each followed by a newline. */
export class WriteLine implements RecordStep {
  readonly #content: ContentWriter;

  constructor(content: ContentWriter) {
    this.#content = content;
  }

  beginBlock(): void {
    this.#content.beginBlock?.();
  }

  apply(record: CurrentRecord): boolean {
    const { output } = record;
    output.length += this.#content.write(record, 0);
    output.reserve(1);
    output.bytes[output.length++] = NEWLINE;
    return true;
  }

  [Symbol.dispose](): void {
    this.#content[Symbol.dispose]?.();
  }
}
