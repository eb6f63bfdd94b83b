import { RecordError } from "../errors.ts";
import { RECORD_OVERHEAD, RecordState, RecordView } from "../format/record.ts";
import { type ByteSource, hasBytes } from "../source/byte_source.ts";
import type { ContentCheck } from "./content_check.ts";
import { isText } from "./keys.ts";
import type { KnownDocuments } from "./known_documents.ts";
import {
  findKnown,
  findOverlap,
  mayOverlap,
  resync,
  type ResyncOptions,
} from "./resync.ts";

/** A corrupted region of a file that recovery has skipped. */
export interface SkippedRegion {
  /** Offset in bytes; in a package, of the decompressed records. */
  offset: number;
  /** Size in bytes. */
  size: number;
  /** What is wrong with the record at the offset. */
  reason: string;
  /** Key of the document, if the record is sound but its content is not. */
  key?: string;
}

/** Whole records, in memory of the {@linkcode BlockReader} that is valid until its next block. */
export interface Block {
  /** The records, from 0 on. */
  bytes: Uint8Array;
  /** Where the records end in `bytes`. */
  end: number;
  /** Offset of the first record in the source. */
  position: number;
  /** Number of records. */
  records: number;
  /** Offset in the source of the next block. */
  next: number;
  /** The corrupted region behind the records, if there is one. */
  skipped?: SkippedRegion;
}

/** Larger records are loaded only if a plausible header follows them, in bytes. */
const MAX_UNCONFIRMED_SIZE = 4 * 1024 * 1024;

/** A slab that is this many times larger than needed is replaced. */
const OVERSIZE = 4;

/** How to cut a source into blocks. */
export interface BlockReaderOptions {
  /** Bytes to read at a time. */
  blockSize: number;
  /** Maximum key size, in bytes. */
  keySizeLimit: number;
  /** Recognizes records when corrupted regions are skipped; undefined if they are errors. */
  checkContent?: ContentCheck;
  /** Offset before which records must start; Infinity for all. */
  end: number;
  /** Whether contents are not used, so that large ones need not be read. */
  headersOnly: boolean;
}

/** Why the walk over a slab stopped. */
const Stop = {
  /** There are enough records, or no more bytes. */
  Done: 0,
  /** The next record continues behind the slab. */
  Cut: 1,
  /** The next record is corrupt. */
  Corrupt: 2,
} as const;

type Stop = (typeof Stop)[keyof typeof Stop];

/**
 * Cuts a source into blocks of whole records. The slab is reused for every
 * block; only a record that is larger makes it grow.
 *
 * With recovery, a record is believed if its content begins as the codec
 * requires, it overlaps no other record, and a plausible header follows it; or if
 * it is a known document. See `resync.ts`.
 */
export class BlockReader {
  readonly #source: ByteSource;
  readonly #options: BlockReaderOptions;
  readonly #record: RecordView;
  /** Used for other records than the one at {@linkcode BlockReader.#end}. */
  readonly #other: RecordView;
  readonly #header: Uint8Array;
  #slab: Uint8Array;
  /** Bytes in the slab. */
  #length = 0;
  /** Believed records in the slab: their number, the start of the last one, and their end. */
  #records = 0;
  #lastStart = 0;
  #end = 0;
  /** Whether the last of them is a known document. */
  #lastIsKnown = false;
  /** The key of the first record of the file, once it is needed. */
  #firstKey: Uint8Array | undefined;
  /** What is wrong with the record behind them. */
  #problem = "";
  /** The source, read from the slab where possible. */
  readonly #cached: ByteSource;
  /** Offset of the slab in the source. */
  #position = 0;
  /** Where the records begin that it overlaps, in the source; undefined if recovery has to search. */
  #overlapped: number | undefined;

  /** Creates a reader of `source`, which stays the caller's to close. */
  constructor(source: ByteSource, options: BlockReaderOptions) {
    this.#source = source;
    this.#options = options;
    this.#record = new RecordView(options.keySizeLimit);
    this.#other = new RecordView(options.keySizeLimit);
    this.#header = new Uint8Array(options.keySizeLimit + RECORD_OVERHEAD);
    this.#slab = new Uint8Array(options.blockSize);
    this.#cached = {
      get size() {
        return source.size;
      },
      read: (dst, offset, length, position) => {
        const at = position - this.#position;
        if (at < 0 || at + length > this.#length) {
          return source.read(dst, offset, length, position);
        }
        dst.set(this.#slab.subarray(at, at + length), offset);
        return length;
      },
      close() {},
    };
  }

  /**
   * Reads the block at `position`, of at most `maxRecords` records. It has none
   * if the source is corrupt there and corrupted regions are skipped.
   *
   * @returns undefined at the end of the source.
   * @throws {RecordError} The first record is corrupt, and corrupted regions are not skipped.
   */
  read(position: number, maxRecords: number): Block | undefined {
    if (position >= this.#options.end) return undefined;
    this.#position = position;
    const stop = this.#fill(maxRecords);
    if (this.#length === 0) return undefined;
    const { checkContent } = this.#options;
    let block = this.#block();
    if (checkContent === undefined) {
      if (stop === Stop.Corrupt && this.#records === 0) {
        throw this.#error();
      }
    } else if (stop === Stop.Corrupt || !this.#isFollowed()) {
      const next = this.#overlapped ?? this.#recover(checkContent);
      block = this.#block();
      const offset = block.next;
      block.next = Math.min(next, this.#options.end);
      const size = block.next - offset;
      block.skipped = { offset, size, reason: this.#problem };
    }
    this.#known?.advance(block.next - position);
    return block;
  }

  get #known(): KnownDocuments | undefined {
    return this.#options.checkContent?.known;
  }

  /** Loads the records at `position`: more than a block, if the first one is larger. */
  #fill(maxRecords: number): Stop {
    for (let wanted = this.#options.blockSize;;) {
      this.#load(wanted);
      const isLast = this.#length < wanted;
      const stop = this.#walk(maxRecords, isLast);
      if (stop !== Stop.Cut || this.#records > 0) return stop;
      const size = this.#record.end || wanted * 2;
      if (!this.#isWorthReading(size, isLast)) return Stop.Corrupt;
      wanted = size;
    }
  }

  #load(size: number): void {
    const { length } = this.#slab;
    // Grown for a large record, the slab shrinks again afterwards.
    if (size > length || length > OVERSIZE * size) {
      this.#slab = new Uint8Array(size);
    }
    this.#length = this.#source.read(this.#slab, 0, size, this.#position);
  }

  /** Counts the whole records in the slab. */
  #walk(maxRecords: number, isLast: boolean): Stop {
    this.#records = this.#lastStart = this.#end = 0;
    this.#lastIsKnown = false;
    this.#overlapped = undefined;
    const { checkContent } = this.#options;
    const length = Math.min(this.#length, this.#options.end - this.#position);
    while (this.#records < maxRecords && this.#end < length) {
      const state = this.#record.parse(this.#slab, this.#end, this.#length);
      if (state === RecordState.Invalid) {
        this.#problem = this.#record.problem;
        return Stop.Corrupt;
      }
      if (state === RecordState.Cut) {
        const needed = this.#record.end || this.#length + 1;
        if (!isLast && this.#position + needed <= this.#source.size) {
          if (!this.#canPassOver()) return Stop.Cut;
          this.#addRecord();
          return Stop.Done;
        }
        this.#truncated();
        return Stop.Corrupt;
      }
      const isKnown = this.#known?.hasRecord(this.#slab, this.#record) ?? false;
      if (checkContent !== undefined && !isKnown) {
        if (!this.#isSound(checkContent)) return Stop.Corrupt;
      }
      this.#addRecord(isKnown);
    }
    return Stop.Done;
  }

  #addRecord(isKnown = false): void {
    this.#lastIsKnown = isKnown;
    this.#records++;
    this.#lastStart = this.#end;
    this.#end = this.#record.end;
  }

  /** Whether the rest of the record parsed last, which is there, need not be read. */
  #canPassOver(): boolean {
    return this.#options.headersOnly && this.#record.end > 0 &&
      this.#source.size !== Infinity && this.#known === undefined;
  }

  #truncated(): void {
    const left = this.#length - this.#end;
    const { end } = this.#record;
    this.#problem = end > 0
      ? `truncated: ${left} of ${end - this.#end} bytes left`
      : `truncated: ${left} bytes left`;
  }

  /** Whether the record parsed last can be what its header says. */
  #isSound(checkContent: ContentCheck): boolean {
    const { contentStart, end } = this.#record;
    const slab = this.#slab;
    // Without a magic number, as in brotli, the content has to be decompressed.
    const isOfCodec = checkContent.hasMagic
      ? checkContent.startsRight(slab, contentStart, end)
      : !checkContent.decompresses ||
        checkContent.accepts(slab.subarray(contentStart, end));
    if (!isOfCodec) {
      this.#problem = "the content is not of the file's codec";
      return false;
    }
    if (
      !mayOverlap(slab, this.#length, this.#record, this.#other, checkContent)
    ) return true;
    this.#overlapped = this.#findOverlap(checkContent);
    if (this.#overlapped === undefined) return true;
    this.#problem = "corrupt size field: the record overlaps others";
    return false;
  }

  #findOverlap(checkContent: ContentCheck): number | undefined {
    const { start, keyStart, keySize, contentStart, end } = this.#record;
    const options = this.#resyncOptions(checkContent);
    const suspect = {
      start: this.#position + start,
      key: this.#slab.subarray(keyStart, keyStart + keySize),
      contentStart: this.#position + contentStart,
      end: this.#position + end,
    };
    return findKnown(this.#cached, suspect.start + 1, suspect, options) ??
      findOverlap(this.#cached, suspect, options);
  }

  /** Whether to load a first record of `size` bytes: it is there, and its size is plausible. */
  #isWorthReading(size: number, isLast: boolean): boolean {
    // Without a size, only a little more than the header is asked for.
    if (this.#record.end === 0) return !isLast;
    if (!hasBytes(this.#source, this.#position + size)) {
      this.#truncated();
      return false;
    }
    if (
      this.#options.checkContent === undefined ||
      size <= MAX_UNCONFIRMED_SIZE || this.#hasHeader(this.#position + size) ||
      this.#known?.hasRange(
        this.#slab,
        this.#record,
        this.#source,
        this.#position,
      )
    ) return true;
    this.#problem = "corrupt size field: no record follows";
    return false;
  }

  /** Whether the last believed record is followed by another one, or is known. */
  #isFollowed(): boolean {
    if (this.#lastIsKnown || this.#hasHeader(this.#position + this.#end)) {
      return true;
    }
    this.#problem = this.#other.problem || "truncated";
    return false;
  }

  /** Whether a plausible header or the end of the source is at a position. */
  #hasHeader(position: number): boolean {
    const header = this.#header;
    const length = this.#source.read(header, 0, header.length, position);
    const record = this.#other;
    record.problem = "";
    const state = record.parse(header, 0, length);
    if (length === 0) return position === this.#source.size;
    return state !== RecordState.Invalid && record.end > 0 &&
      hasBytes(this.#source, position + record.end);
  }

  /** Finds the next record behind the believed ones, or the first one that the last of them overlaps. */
  #recover(checkContent: ContentCheck): number {
    const options = this.#resyncOptions(checkContent);
    let from = this.#end + 1;
    if (this.#records > 0 && !this.#lastIsProved(checkContent)) {
      const { keyStart, keySize, contentStart } = this.#parseLast();
      const keyIsText = isText(this.#slab, keyStart, keyStart + keySize);
      from = keyIsText || !checkContent.hasMagic
        ? contentStart
        : this.#lastStart + 1;
    }
    const next = resync(this.#source, this.#position + from, options) ??
      this.#source.size;
    if (next < this.#position + this.#end) {
      this.#end = this.#lastStart;
      this.#records--;
    }
    return next;
  }

  /** Whether the size of the last believed record is certain: by a checksum, or as far as its header shows. */
  #lastIsProved(checkContent: ContentCheck): boolean {
    if (!checkContent.decompresses) return true;
    const { contentStart, end } = this.#parseLast();
    return checkContent.hasMagic &&
      checkContent.accepts(this.#slab.subarray(contentStart, end));
  }

  /** The last believed record, until another record is parsed. */
  #parseLast(): RecordView {
    this.#other.parse(this.#slab, this.#lastStart, this.#end);
    return this.#other;
  }

  /** The last key serves as an example, or else the first of the file: the outcome must not depend on other blocks. */
  #resyncOptions(checkContent: ContentCheck): ResyncOptions {
    const { keySizeLimit } = this.#options;
    let example: Uint8Array | undefined;
    if (this.#records > 0) {
      const { keyStart, keySize } = this.#parseLast();
      example = this.#slab.subarray(keyStart, keyStart + keySize);
    } else if (this.#position > 0 && this.#source.size !== Infinity) {
      example = this.#firstKey ??= this.#readFirstKey();
    }
    return { keySizeLimit, checkContent, example };
  }

  #readFirstKey(): Uint8Array | undefined {
    if (!this.#hasHeader(0)) return undefined;
    const { keyStart, keySize } = this.#other;
    return this.#header.slice(keyStart, keyStart + keySize);
  }

  #block(): Block {
    return {
      bytes: this.#slab,
      end: this.#end,
      position: this.#position,
      records: this.#records,
      next: this.#position + this.#end,
    };
  }

  #error(): RecordError {
    const keyIsThere = this.#record.contentStart > 0;
    return new RecordError(this.#problem, {
      file: this.#source.file,
      offset: this.#position,
      ...(keyIsThere && { key: this.#record.key(this.#slab) }),
    });
  }
}
