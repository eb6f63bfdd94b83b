import type { ByteSource } from "./byte_source.ts";
import { RecordError } from "./errors.ts";
import { RECORD_OVERHEAD, RecordState, RecordView } from "./record.ts";
import { type ContentCheck, findRecord, findSwallowed } from "./resync.ts";

/** A range of a file that was not taken over, and why. */
export interface SkippedRange {
  /** Offset of its first byte in the (unpackaged) source. */
  offset: number;
  /** Its size in bytes. */
  size: number;
  /** What is wrong with it. */
  reason: string;
  /** Key of the document, if its record can be read but its content cannot. */
  key?: string;
}

/** Whole records, in the memory of the {@linkcode BlockReader}, valid until its next block. */
export interface Block {
  /** Memory that holds the records. */
  bytes: Uint8Array;
  /** They end here; they start at 0. */
  end: number;
  /** Offset of the first of them in the source. */
  position: number;
  /** Number of records. */
  records: number;
  /** Offset in the source at which to read on. */
  next: number;
  /** What was skipped behind the records. */
  skipped?: SkippedRange;
}

/** Larger records are not loaded before it is known that a record follows them. */
const MAX_UNCONFIRMED_SIZE = 4 * 1024 * 1024;

/** A slab that is so many times larger than needed is exchanged. */
const OVERSIZE = 4;

/** How to cut a source into blocks. */
export interface BlockReaderOptions {
  /** Bytes to read at a time. */
  blockSize: number;
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Checks contents when damaged places are to be skipped; undefined when they are errors. */
  checkContent?: ContentCheck;
  /** First bytes of every content, if the codec has a magic number. */
  magic?: readonly number[];
  /** Offset before which records have to start; Infinity for all. */
  end: number;
  /** Whether nobody will look at contents, so that large ones need not be read. */
  headersOnly: boolean;
}

/** Why the walk over a slab stopped. */
const enum Stop {
  /** There are as many records as were asked for, or nothing is left. */
  Done,
  /** More bytes are needed to go on. */
  Cut,
  /** What follows is no record. */
  Damage,
}

/**
 * Cuts a source into blocks of whole records. Its one slab is reused for every
 * block; only a record that is larger than the slab makes it grow.
 *
 * Where damage is to be skipped, a record counts only if its content begins as
 * it must, its key holds no other records, and what follows it looks like a
 * record too: a size that lies shows in one of them.
 */
export class BlockReader {
  readonly #source: ByteSource;
  readonly #options: BlockReaderOptions;
  readonly #record: RecordView;
  readonly #successor: RecordView;
  readonly #header: Uint8Array;
  #slab: Uint8Array;
  /** Bytes in the slab. */
  #length = 0;
  /** Records in the slab that are whole, where the last of them starts, and where it ends. */
  #records = 0;
  #lastStart = 0;
  #end = 0;
  /** What is wrong with the record behind them. */
  #problem = "";

  /** Creates a reader of `source`. */
  constructor(source: ByteSource, options: BlockReaderOptions) {
    this.#source = source;
    this.#options = options;
    this.#record = new RecordView(options.keySizeLimit);
    this.#successor = new RecordView(options.keySizeLimit);
    this.#header = new Uint8Array(options.keySizeLimit + RECORD_OVERHEAD);
    this.#slab = new Uint8Array(options.blockSize);
  }

  /**
   * Reads the block at `position`, of at most `maxRecords` records. It may have
   * none if there is only damage.
   *
   * @returns undefined at the end of the source.
   * @throws {RecordError} The first record is damaged, and damage is not to be skipped.
   */
  read(position: number, maxRecords: number): Block | undefined {
    let wanted = this.#options.blockSize;
    if (position >= this.#options.end) return undefined;
    for (;;) {
      this.#load(position, wanted);
      if (this.#length === 0) return undefined;
      const stop = this.#walk(position, maxRecords, this.#length < wanted);
      if (stop === Stop.Cut && this.#records === 0) {
        const size = this.#record.end || wanted * 2;
        if (this.#isWorthReading(position, size)) {
          wanted = size;
          continue;
        }
      } else if (stop === Stop.Done || stop === Stop.Cut) {
        if (this.#lastIsConfirmed(position)) return this.#block(position);
        this.#problem = this.#successor.problem || "it is cut short";
      }
      return this.#options.checkContent === undefined
        ? this.#blockBeforeDamage(position)
        : this.#blockAroundDamage(position, this.#options.checkContent);
    }
  }

  #load(position: number, size: number): void {
    const { length } = this.#slab;
    // Grown for a large record, it shrinks again after it.
    if (size > length || length > OVERSIZE * size) {
      this.#slab = new Uint8Array(size);
    }
    this.#length = this.#source.read(this.#slab, 0, size, position);
  }

  /** Counts the whole records in the slab. */
  #walk(position: number, maxRecords: number, isLast: boolean): Stop {
    this.#records = this.#lastStart = this.#end = 0;
    const length = Math.min(this.#length, this.#options.end - position);
    while (this.#records < maxRecords && this.#end < length) {
      const state = this.#record.parse(this.#slab, this.#end, this.#length);
      if (state === RecordState.Invalid) {
        this.#problem = this.#record.problem;
        return Stop.Damage;
      }
      if (state === RecordState.Cut) {
        const needed = this.#record.end || this.#length + 1;
        if (!isLast && position + needed <= this.#source.size) {
          if (!this.#canPassOver()) return Stop.Cut;
          this.#addRecord();
          return Stop.Done;
        }
        const left = this.#length - this.#end;
        this.#problem = `it is cut short: ${left} bytes are left` +
          (this.#record.end > 0
            ? ` of the ${this.#record.end - this.#end} it needs`
            : "");
        return Stop.Damage;
      }
      if (
        this.#options.checkContent !== undefined && !this.#isSound(position)
      ) {
        return Stop.Damage;
      }
      this.#addRecord();
    }
    return Stop.Done;
  }

  #addRecord(): void {
    this.#records++;
    this.#lastStart = this.#end;
    this.#end = this.#record.end;
  }

  /** Whether the rest of the record that was parsed last, which is there, need not be read. */
  #canPassOver(): boolean {
    return this.#options.headersOnly && this.#record.end > 0 &&
      this.#source.size !== Infinity;
  }

  /** Whether the record that was parsed last can be what it says, as far as that is cheap to tell. */
  #isSound(position: number): boolean {
    const { keyStart, keySize, contentStart, contentSize, start, end } =
      this.#record;
    const { magic, checkContent, keySizeLimit } = this.#options;
    const hasMagic = magic === undefined
      // Brotli has no magic number; there is nothing for it but to try.
      ? checkContent!(this.#slab.subarray(contentStart, end)) !== false
      : contentSize >= magic.length &&
        magic.every((byte, i) => this.#slab[contentStart + i] === byte);
    if (!hasMagic) {
      this.#problem = "its content is not of the file's codec";
      return false;
    }
    // The sizes of records have zero bytes; text, as keys usually are, has none.
    if (!this.#slab.subarray(keyStart, keyStart + keySize).includes(0)) {
      return true;
    }
    this.#problem = "its key holds other records, so its size lies";
    const swallowed = findSwallowed(
      this.#source,
      position + start + 1,
      position + contentStart,
      position + end,
      { keySizeLimit, checkContent: checkContent! },
    );
    return swallowed === undefined;
  }

  /** Whether to load a first record of `size` bytes: not if what follows it shows that its size lies. */
  #isWorthReading(position: number, size: number): boolean {
    if (
      this.#options.checkContent === undefined ||
      size <= MAX_UNCONFIRMED_SIZE || this.#record.end === 0
    ) return true;
    if (this.#looksLikeRecord(position + size)) return true;
    this.#problem = "its size is not plausible: no record follows it";
    return false;
  }

  /** Whether the last whole record may be trusted. */
  #lastIsConfirmed(position: number): boolean {
    return this.#options.checkContent === undefined ||
      this.#looksLikeRecord(position + this.#end);
  }

  /** Whether a record that fits, or the end of the source, is at a position. */
  #looksLikeRecord(position: number): boolean {
    const { size } = this.#source;
    const length = this.#source
      .read(this.#header, 0, this.#header.length, position);
    if (length === 0) return position === size || size === Infinity;
    const record = this.#successor;
    record.problem = "";
    const state = record.parse(this.#header, 0, length);
    return state !== RecordState.Invalid && record.end > 0 &&
      position + record.end <= this.#source.size;
  }

  #block(position: number): Block {
    return {
      bytes: this.#slab,
      end: this.#end,
      position,
      records: this.#records,
      next: position + this.#end,
    };
  }

  /** What is whole before the damage; if that is nothing, the damage is an error. */
  #blockBeforeDamage(position: number): Block {
    if (this.#records > 0) return this.#block(position);
    const keyIsThere = this.#record.contentStart > 0;
    throw new RecordError(this.#problem, {
      file: this.#source.file,
      offset: position,
      ...(keyIsThere && { key: this.#record.key(this.#slab) }),
    });
  }

  /**
   * What is sound before the damage. The last whole record is suspected to have
   * lied about its size, so it is left for a block of its own; there, the next
   * record behind the damage is looked for.
   */
  #blockAroundDamage(position: number, checkContent: ContentCheck): Block {
    if (this.#records > 1) {
      this.#end = this.#lastStart;
      this.#records--;
      return this.#block(position);
    }
    const { keySizeLimit } = this.#options;
    const source = this.#source;
    const suspectEnd = position + this.#end;
    const hasSuspect = this.#records === 1;
    const isSound = hasSuspect && checkContent(this.#firstContent()) === true;
    const found = findRecord(source, isSound ? suspectEnd : position + 1, {
      keySizeLimit,
      checkContent,
      suspectEnd: hasSuspect && !isSound ? suspectEnd : undefined,
    });
    const next = Math.min(found ?? source.size, this.#options.end);
    const keepsSuspect = hasSuspect && next >= suspectEnd;
    if (!keepsSuspect) this.#end = this.#records = 0;
    const offset = position + this.#end;
    return {
      ...this.#block(position),
      next,
      skipped: { offset, size: next - offset, reason: this.#problem },
    };
  }

  #firstContent(): Uint8Array {
    this.#record.parse(this.#slab, 0, this.#length);
    return this.#slab.subarray(this.#record.contentStart, this.#record.end);
  }
}
