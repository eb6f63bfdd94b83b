import { writeInt32 } from "../../codec/bytes.ts";
import { compressOriginal, decompressOriginal } from "../../codec/compress.ts";
import { leaseCompressor, leaseDecompressor } from "../../codec/lease.ts";
import { fitting, maxCompressedSize } from "../../codec/output_size.ts";
import type { CodecName } from "../../codec/names.ts";
import type { Compressor, Decompressor } from "../../codec/engine.ts";
import { CodecError, OutputLimitError } from "../../codec/errors.ts";
import type { MemoryPool } from "../../pool/memory_pool.ts";
import type { Block, SkippedRegion } from "../damage/block_reader.ts";
import {
  addToTally,
  emptyTally,
  rememberLargest,
  type Tally,
} from "./tally.ts";
import { SumCollector } from "../format/sums.ts";
import { memorySource } from "../source/byte_source.ts";
import { RecordError } from "../errors.ts";
import {
  MAX_CONTENT_SIZE,
  RECORD_OVERHEAD,
  RecordView,
} from "../format/record.ts";
import type { ContentCheck } from "../damage/content_check.ts";
import { findOverlapped } from "../damage/resync.ts";

/** What to do with records. */
export interface TransformOptions {
  /** Path of the source, for errors. */
  file?: string;
  /** Codec of the contents. */
  from: CodecName;
  /** Codec that they shall have. */
  to: CodecName;
  /** Whether contents stay as they are. */
  copies: boolean;
  /** Whether contents that stay as they are have to decompress. */
  verifies: boolean;
  /** Whether documents are only looked at and counted. */
  discards: boolean;
  /** Offsets of records to leave out, in order. */
  omitted?: Float64Array;
  /** Whether to compute the sums of documents. */
  sums: boolean;
  /** Compression level; the codec's default when not given. */
  level?: number;
  /** Whether to write contents only, uncompressed, each followed by a newline. */
  contentOnly: boolean;
  /** Checks contents when those that do not decompress are to be left out; undefined when they are errors. */
  checkContent?: ContentCheck;
  /** Whether the records are known to be whole, so that none has swallowed others. */
  intact: boolean;
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Most bytes a content may decompress to. */
  maxSize: number;
  /** The pool to work with; one that is switched off makes the originals run. */
  pool: MemoryPool;
}

/** Output is written as soon as it reaches this many bytes, whatever is left of the block. */
export const OUTPUT_LIMIT: number = 2 * 1024 * 1024;

/** Larger buffers are exchanged for smaller ones between blocks, in bytes. */
const MAX_IDLE_SLAB = 4 * OUTPUT_LIMIT;

/** The buffer between decompression and compression has so many bytes to begin with. */
const BETWEEN_SIZE = 64 * 1024;

const NEWLINE = 10;

const NOTHING = new Uint8Array(0);

/**
 * Turns the records of blocks into records of another codec, one after the
 * other, inside a slab that is reused.
 */
export class BlockTransformer implements Disposable {
  /** The slab. What {@linkcode BlockTransformer.transform} wrote is at its start. */
  output: Uint8Array;
  /** Bytes of output. */
  outputLength = 0;
  /** Records that were written since they were last counted. */
  #documents = 0;
  /** Contents that were left out so far. */
  readonly skipped: SkippedRegion[] = [];
  /** Records that others had swallowed, and that were found again. */
  recovered = 0;
  /** Records that were left out because they were to be. */
  omitted = 0;
  /** What was counted, if documents are only looked at. */
  readonly tally: Tally | undefined;
  /** Sums of the documents of the output, if they are to be computed. */
  readonly sums: SumCollector | undefined;
  /** Where the content that was written last is, decompressed. */
  #plain: Uint8Array = NOTHING;
  #plainStart = 0;
  #plainEnd = 0;
  readonly #options: TransformOptions;
  readonly #record: RecordView;
  #nextOmitted = 0;
  readonly #compressor: Compressor & Disposable | undefined;
  readonly #decompressor: Decompressor & Disposable | undefined;
  /** Holds a content between decompression and compression. */
  #between: Uint8Array;

  /** Creates a transformer with an output slab of `slabSize` bytes to begin with. */
  constructor(options: TransformOptions, slabSize: number) {
    this.#options = options;
    this.#record = new RecordView(options.keySizeLimit);
    const { from, to, copies, verifies, discards, level, contentOnly, pool } =
      options;
    const decompresses = from !== "none" && (!copies || verifies);
    const compresses = !contentOnly && !copies && !discards && to !== "none";
    const keepsOutput = decompresses && !compresses && !copies && !discards;
    this.output = new Uint8Array(discards ? 0 : slabSize);
    this.#between = new Uint8Array(
      decompresses && !keepsOutput ? BETWEEN_SIZE : 0,
    );
    if (discards) this.tally = emptyTally();
    if (options.sums) this.sums = new SumCollector();
    if (decompresses) {
      this.#decompressor = takeDecompressor(from, options.maxSize, pool);
    }
    try {
      if (compresses) this.#compressor = takeCompressor(to, level, pool);
    } catch (error) {
      this.#decompressor?.[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Transforms records of `block`, starting at offset `at` of it, until its end
   * or until the output is large enough to be written.
   *
   * @returns The offset at which to go on.
   * @throws {RecordError} A content does not decompress, and errors are not skipped.
   */
  transform(block: Block, at: number): number {
    this.outputLength = 0;
    this.sums?.clear();
    this.#shrink();
    const { bytes, end } = block;
    const record = this.#record;
    if (at === 0) {
      this.#seekOmitted(block.position);
      // Else the bytes would depend on which blocks this thread has had before.
      this.#compressor?.restart?.();
    }
    while (at < end && this.outputLength < OUTPUT_LIMIT) {
      record.parse(bytes, at, end);
      if (this.#isOmitted(block.position + at)) {
        at = record.end;
        continue;
      }
      const length = this.outputLength;
      try {
        if (this.tally === undefined) this.#transformRecord(bytes);
        else this.#count(this.tally, bytes, block.position + at);
        if (this.sums !== undefined) this.#addSums(this.sums, bytes);
        this.#documents++;
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        this.outputLength = length;
        at = this.#skipDamage(block, at, error);
        continue;
      }
      at = record.end;
    }
    return at;
  }

  /** Number of records that were written since this was last asked. */
  takeCount(): number {
    const count = this.#documents;
    this.#documents = 0;
    return count;
  }

  /** Returns what came from the pool. */
  [Symbol.dispose](): void {
    this.#compressor?.[Symbol.dispose]();
    this.#decompressor?.[Symbol.dispose]();
  }

  /** Gives back what large documents have made the buffers grow to. */
  #shrink(): void {
    if (this.output.length > MAX_IDLE_SLAB) {
      this.output = new Uint8Array(OUTPUT_LIMIT);
    }
    if (this.#between.length > MAX_IDLE_SLAB) {
      this.#between = new Uint8Array(OUTPUT_LIMIT);
    }
  }

  /** Finds the first of the omitted records at or behind an offset. */
  #seekOmitted(offset: number): void {
    const { omitted } = this.#options;
    if (omitted === undefined) return;
    let low = 0;
    for (let high = omitted.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (omitted[middle] < offset) low = middle + 1;
      else high = middle;
    }
    this.#nextOmitted = low;
  }

  /** Whether the record at an offset, which only ever grows within a block, is to be left out. */
  #isOmitted(offset: number): boolean {
    if (this.#options.omitted?.[this.#nextOmitted] !== offset) return false;
    this.#nextOmitted++;
    this.omitted++;
    return true;
  }

  #addSums(sums: SumCollector, bytes: Uint8Array): void {
    const { keyStart, keySize } = this.#record;
    sums.add(
      bytes,
      keyStart,
      keyStart + keySize,
      this.#plain,
      this.#plainStart,
      this.#plainEnd,
    );
  }

  /** Remembers where the content of the record is, decompressed. */
  #isPlain(bytes: Uint8Array, start: number, end: number): void {
    this.#plain = bytes;
    this.#plainStart = start;
    this.#plainEnd = end;
  }

  #count(tally: Tally, bytes: Uint8Array, offset: number): void {
    const { keySize, contentStart, contentSize, end } = this.#record;
    this.#isPlain(bytes, contentStart, end);
    const size = this.#decompressor === undefined
      ? contentSize
      : this.#decompressBetween(bytes);
    if (!addToTally(tally, keySize, contentSize, size)) return;
    const key = this.#record.key(bytes);
    rememberLargest(tally, { offset, key, size, storedSize: contentSize });
  }

  #transformRecord(bytes: Uint8Array): void {
    const { keyStart, keySize, contentSize } = this.#record;
    if (this.#options.contentOnly) {
      const size = this.#write(bytes, 0);
      this.output[this.outputLength + size] = NEWLINE;
      this.outputLength += size + 1;
      return;
    }
    const head = RECORD_OVERHEAD + keySize;
    this.#reserve(head + contentSize + 1);
    const size = this.#write(bytes, head);
    const { output, outputLength } = this;
    writeInt32(output, outputLength, keySize);
    // A short key is copied faster by hand than by a call of set().
    for (let i = 0; i < keySize; i++) {
      output[outputLength + 4 + i] = bytes[keyStart + i];
    }
    writeInt32(output, outputLength + 4 + keySize, size);
    if (size > MAX_CONTENT_SIZE) {
      throw new CodecError(
        this.#options.to,
        `it has ${size} bytes then, and a record may have ${MAX_CONTENT_SIZE}`,
      );
    }
    if (keySize === 0 && size === 0) {
      throw new CodecError(
        this.#options.from,
        "it has neither key nor content, which no record may have",
      );
    }
    this.outputLength += head + size;
  }

  /**
   * Writes the record's content `ahead` bytes behind the output so far. Contents
   * are passed on as ranges, because a view for each would be garbage for each.
   *
   * @returns Its size there.
   */
  #write(bytes: Uint8Array, ahead: number): number {
    const { contentStart, contentSize, end } = this.#record;
    const compressor = this.#compressor;
    if (this.#options.copies) return this.#copy(bytes, ahead);
    if (compressor === undefined) return this.#writePlain(bytes, ahead);
    const start = this.outputLength + ahead;
    if (this.#decompressor === undefined) {
      this.#isPlain(bytes, contentStart, end);
      this.#reserve(ahead + maxCompressedSize(contentSize));
      const written = compressor
        .compress(bytes, this.output, start, contentStart, end);
      return fitting(written, this.#options.to, contentSize);
    }
    const size = this.#decompressBetween(bytes);
    this.#reserve(ahead + maxCompressedSize(size));
    const written = compressor
      .compress(this.#between, this.output, start, 0, size);
    return fitting(written, this.#options.to, size);
  }

  /** Writes the record's content as it is, once it has decompressed if it has to. @returns Its size. */
  #copy(bytes: Uint8Array, ahead: number): number {
    const { contentStart, contentSize, end } = this.#record;
    this.#isPlain(bytes, contentStart, end);
    if (this.#decompressor !== undefined) this.#decompressBetween(bytes);
    this.#reserve(ahead + contentSize);
    this.output.set(
      bytes.subarray(contentStart, end),
      this.outputLength + ahead,
    );
    return contentSize;
  }

  /** Writes the record's content uncompressed. @returns Its size there. */
  #writePlain(bytes: Uint8Array, ahead: number): number {
    const { contentStart, contentSize, end } = this.#record;
    // A spare byte for a newline, or for proof that all of it fitted.
    this.#reserve(ahead + contentSize + 1);
    const start = this.outputLength + ahead;
    if (this.#decompressor === undefined) {
      this.#isPlain(bytes, contentStart, end);
      this.output.set(bytes.subarray(contentStart, end), start);
      return contentSize;
    }
    for (;;) {
      const size = this.#decompressor
        .decompress(bytes, this.output, start, contentStart, end);
      if (size >= 0 && start + size < this.output.length) {
        this.#isPlain(this.output, start, start + size);
        return this.#checkSize(size);
      }
      const room = this.output.length - start;
      if (room > this.#options.maxSize) this.#checkSize(room);
      this.#reserve(ahead + 2 * room + 1);
    }
  }

  /** Decompresses the record's content to the start of the buffer between. @returns Its size. */
  #decompressBetween(bytes: Uint8Array): number {
    const { contentStart, end } = this.#record;
    for (;;) {
      const size = this.#decompressor!
        .decompress(bytes, this.#between, 0, contentStart, end);
      if (size >= 0) {
        this.#isPlain(this.#between, 0, size);
        return this.#checkSize(size);
      }
      const room = this.#between.length;
      if (room > this.#options.maxSize) this.#checkSize(room);
      this.#between = new Uint8Array(
        Math.min(2 * room, this.#options.maxSize + 1),
      );
    }
  }

  #checkSize(size: number): number {
    const { maxSize, from } = this.#options;
    if (size > maxSize) throw new OutputLimitError(from, maxSize);
    return size;
  }

  /** Makes room for `size` more bytes of output. */
  #reserve(size: number): void {
    const needed = this.outputLength + size;
    if (needed <= this.output.length) return;
    const larger = new Uint8Array(Math.max(needed, this.output.length * 2));
    larger.set(this.output.subarray(0, this.outputLength));
    this.output = larger;
  }

  /**
   * Leaves a record out, but not the records that it may have swallowed.
   *
   * @returns The offset at which to go on.
   * @throws {RecordError} Errors are not skipped.
   */
  #skipDamage(block: Block, at: number, error: CodecError): number {
    const { file, checkContent, intact, keySizeLimit } = this.#options;
    const { contentStart, end } = this.#record;
    const key = this.#record.key(block.bytes);
    const offset = block.position + at;
    if (checkContent === undefined) {
      throw new RecordError(error.message, { file, offset, key }, {
        cause: error,
      });
    }
    const record = memorySource(block.bytes.subarray(0, end));
    const swallowed = intact
      ? undefined
      : findOverlapped(record, contentStart, end, end, {
        keySizeLimit,
        checkContent,
      });
    const next = swallowed ?? end;
    this.skipped.push({ offset, size: next - at, reason: error.message, key });
    if (swallowed !== undefined) {
      const view = new RecordView(keySizeLimit);
      for (let record = next; record < end; record = view.end) {
        view.parse(block.bytes, record, end);
        this.recovered++;
      }
    }
    return next;
  }
}

/** A compressor from the pool or, with the pool switched off, one that makes everything anew. */
function takeCompressor(
  codec: CodecName,
  level: number | undefined,
  pool: MemoryPool,
): Compressor & Disposable {
  if (pool.enabled) return leaseCompressor(codec, { level, pool });
  return {
    compress(src, dst, offset, start, end) {
      const result = compressOriginal(src.subarray(start, end), codec, {
        level,
      });
      dst.set(result, offset);
      return result.length;
    },
    [Symbol.dispose]() {},
  };
}

/** A decompressor, likewise. */
function takeDecompressor(
  codec: CodecName,
  maxSize: number,
  pool: MemoryPool,
): Decompressor & Disposable {
  if (pool.enabled) return leaseDecompressor(codec, { pool });
  return {
    decompress(src, dst, offset, start, end) {
      const result = decompressOriginal(src.subarray(start, end), codec, {
        maxSize,
      });
      if (result.length >= dst.length - offset) return -1;
      dst.set(result, offset);
      return result.length;
    },
    [Symbol.dispose]() {},
  };
}
