import type { ContentCheck } from "./content_check.ts";
import { isText } from "./key_likeness.ts";
import { type ByteSource, hasBytes } from "../source/byte_source.ts";
import { RecordError } from "../errors.ts";
import type { KnownDocuments } from "./known_documents.ts";
import { RECORD_OVERHEAD, RecordState, RecordView } from "../format/record.ts";
import {
  findHidden,
  findKnownWithin,
  findRecord,
  findShorterKey,
  isKnownAt,
  keyHoldsRecords,
  mayHoldKnown,
  mayHoldRecords,
} from "./resync.ts";

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

/** Keys that are looked at to tell what keys are like in a file. */
const KNOWN_KEYS = 8;

/** How to cut a source into blocks. */
export interface BlockReaderOptions {
  /** Bytes to read at a time. */
  blockSize: number;
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Checks contents when damaged places are to be skipped; undefined when they are errors. */
  checkContent?: ContentCheck;
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
  /** The record that follows has swallowed others. */
  Swallowed,
}

/**
 * Cuts a source into blocks of whole records. Its one slab is reused for every
 * block; only a record that is larger than the slab makes it grow.
 *
 * Where damage is to be skipped, a record counts only if its content begins as
 * it must, neither its key nor (where keys are numbered) its content holds the
 * records that should follow it, and what follows it looks like records too: a
 * size that lies shows in one of them. Where documents are known by their
 * checksums, one of them counts whatever it holds and whatever follows it; and
 * one that is not known does not count if a known one starts within it.
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
  /** Records in the slab that are whole, where the last of them starts, and where they end. */
  #records = 0;
  #lastStart = 0;
  #end = 0;
  /** Whether the last of them is a document that is known. */
  #lastIsKnown = false;
  /** What is wrong with the record behind them. */
  #problem = "";
  /** Where, in the source, the first of the records is that it has swallowed. */
  #swallowed = 0;

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
    const block = this.#read(position, maxRecords);
    if (block !== undefined) this.#known?.advance(block.next - position);
    return block;
  }

  get #known(): KnownDocuments | undefined {
    return this.#options.checkContent?.known;
  }

  #read(position: number, maxRecords: number): Block | undefined {
    const { checkContent } = this.#options;
    let wanted = this.#options.blockSize;
    if (position >= this.#options.end) return undefined;
    for (;;) {
      this.#load(position, wanted);
      if (this.#length === 0) return undefined;
      const isLast = this.#length < wanted;
      let stop = this.#walk(position, maxRecords, isLast);
      if (stop === Stop.Cut && this.#records === 0) {
        const size = this.#record.end || wanted * 2;
        if (this.#isWorthReading(position, size, isLast)) {
          wanted = size;
          continue;
        }
        stop = Stop.Damage;
      }
      if (checkContent === undefined) {
        return stop === Stop.Damage
          ? this.#blockBeforeDamage(position)
          : this.#block(position);
      }
      if (stop === Stop.Done || stop === Stop.Cut) {
        stop = this.#confirmLast(position);
        if (stop === Stop.Done) return this.#block(position);
      }
      return stop === Stop.Swallowed
        ? this.#skipTo(
          position,
          Math.min(this.#swallowed, this.#options.end),
        )
        : this.#blockAroundDamage(position, checkContent);
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
    this.#lastIsKnown = false;
    const { checkContent } = this.#options;
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
        this.#cutShort();
        return Stop.Damage;
      }
      const isKnown = this.#known?.hasRecord(this.#slab, this.#record) ?? false;
      if (checkContent !== undefined) {
        const stop = this.#examine(position, checkContent, isKnown);
        if (stop !== Stop.Done) return stop;
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

  /** Whether the rest of the record that was parsed last, which is there, need not be read. */
  #canPassOver(): boolean {
    return this.#options.headersOnly && this.#record.end > 0 &&
      this.#source.size !== Infinity && this.#known === undefined;
  }

  #cutShort(): void {
    const left = this.#length - this.#end;
    this.#problem = `it is cut short: ${left} bytes are left` +
      (this.#record.end > 0
        ? ` of the ${this.#record.end - this.#end} it needs`
        : "");
  }

  /** Whether the record that was parsed last can be what it says, as far as that is cheap to tell. */
  #examine(
    position: number,
    checkContent: ContentCheck,
    isKnown: boolean,
  ): Stop {
    const { keyStart, keySize, contentStart, end } = this.#record;
    const slab = this.#slab;
    // Brotli has no magic number; there is nothing for it but to try.
    const isOfCodec = checkContent.hasMagic
      ? checkContent.startsRight(slab, contentStart, end)
      : !checkContent.isPossible ||
        checkContent.accepts(slab.subarray(contentStart, end));
    if (!isOfCodec) {
      this.#problem = "its content is not of the file's codec";
      return Stop.Damage;
    }
    if (
      this.#records > 0 &&
      this.#lastHasSwallowed(position, slab, keyStart, keySize)
    ) return Stop.Swallowed;
    if (isKnown) return Stop.Done;
    if (this.#holdsKnown(position, checkContent)) return Stop.Swallowed;
    // Done for every record, so that views are only made of keys that may be meant.
    if (findShorterKey(slab, keyStart, keyStart + keySize) < 0) {
      return Stop.Done;
    }
    const holdsRecords = keyHoldsRecords(
      this.#source,
      slab.subarray(keyStart, keyStart + keySize),
      position + keyStart,
      position + end,
      {
        keySizeLimit: this.#options.keySizeLimit,
        checkContent,
        example: this.#lastKey(),
      },
    );
    if (!holdsRecords) return Stop.Done;
    this.#problem = "its key holds other records, so its size lies";
    return Stop.Damage;
  }

  /** The key of the last whole record, if there is one. */
  #lastKey(): Uint8Array | undefined {
    if (this.#records === 0) return undefined;
    const { keyStart, keySize } = this.#parseLast();
    return this.#slab.subarray(keyStart, keyStart + keySize);
  }

  /** Whether the record that was parsed last, and is none, has swallowed documents that are known. */
  #holdsKnown(position: number, checkContent: ContentCheck): boolean {
    const { known } = checkContent;
    if (known === undefined) return false;
    const { keySizeLimit } = this.#options;
    const { start, end } = this.#record;
    const length = this.#length;
    const view = this.#successor;
    // Done for every record that is not known, so the slab is looked at first,
    // unless a header may be cut off there.
    if (
      end + keySizeLimit + RECORD_OVERHEAD <= length &&
      !mayHoldKnown(this.#slab, start + 1, end, length, view, known)
    ) return false;
    const swallowed = findKnownWithin(this.#source, position + start, {
      keySizeLimit,
      checkContent,
    });
    if (swallowed === undefined) return false;
    this.#problem = "it holds documents that follow it by their checksums, " +
      "so its size lies";
    this.#swallowed = swallowed;
    return true;
  }

  /**
   * Whether the last whole record has swallowed those between it and its
   * successor, by what they look like. It is then no longer one of the whole records.
   *
   * @param bytes Hold the successor's key, of `size` bytes from `start` on, or
   * are undefined at the end of the source.
   */
  #lastHasSwallowed(
    position: number,
    bytes: Uint8Array | undefined,
    start: number,
    size: number,
  ): boolean {
    const { checkContent, keySizeLimit } = this.#options;
    // Any other codec would have noticed, and what is known does not lie.
    if (checkContent!.isPossible || this.#lastIsKnown) return false;
    const slab = this.#slab;
    const last = this.#parseLast();
    const { keyStart, keySize, contentStart, end } = last;
    const wantsText = isText(slab, keyStart, keyStart + keySize);
    // Done for every record, so that views are only made of those that may be meant.
    if (
      !mayHoldRecords(slab, contentStart, end, this.#length, last, wantsText)
    ) return false;
    const swallowed = findHidden(this.#source, {
      key: slab.subarray(keyStart, keyStart + keySize),
      contentStart: position + contentStart,
      end: position + end,
      successorKey: bytes?.subarray(start, start + size),
    }, { keySizeLimit, checkContent: checkContent! });
    if (swallowed === undefined) return false;
    this.#problem = "its content holds the records that should follow it, " +
      "so its size lies";
    this.#swallowed = swallowed;
    this.#dropLast();
    return true;
  }

  /** Takes the last record from the whole ones. */
  #dropLast(): void {
    this.#end = this.#lastStart;
    this.#records--;
    this.#lastStart = this.#lastStarts(1)[0] ?? 0;
    this.#lastIsKnown = this.#records > 0 && this.#known !== undefined &&
      this.#known.hasRecord(this.#slab, this.#parseLast());
  }

  /** The last of the whole records, until another is parsed. */
  #parseLast(): RecordView {
    this.#successor.parse(this.#slab, this.#lastStart, this.#end);
    return this.#successor;
  }

  /** Where the last few of the whole records start. */
  #lastStarts(count: number): number[] {
    const starts: number[] = [];
    for (let at = 0; at < this.#end; at = this.#successor.end) {
      this.#successor.parse(this.#slab, at, this.#end);
      starts.push(at);
      if (starts.length > count) starts.shift();
    }
    return starts;
  }

  /** Whether to load a first record of `size` bytes: not if it is not there, or its size lies. */
  #isWorthReading(position: number, size: number, isLast: boolean): boolean {
    // Without a size, only a little more than the header is asked for.
    if (this.#record.end === 0) return !isLast;
    if (!hasBytes(this.#source, position + size)) {
      this.#cutShort();
      return false;
    }
    if (
      this.#options.checkContent === undefined ||
      size <= MAX_UNCONFIRMED_SIZE ||
      this.#looksLikeRecord(position + size) ||
      isKnownAt(this.#source, position, this.#options.keySizeLimit, this.#known)
    ) return true;
    this.#problem = "its size is not plausible: no record follows it";
    return false;
  }

  /** Whether the last whole record may be trusted, by what follows it. */
  #confirmLast(position: number): Stop {
    if (this.#lastIsKnown) return Stop.Done;
    const next = position + this.#end;
    if (!this.#looksLikeRecord(next)) {
      this.#problem = this.#successor.problem || "it is cut short";
      return Stop.Damage;
    }
    const { keyStart, keySize, end } = this.#successor;
    const header = end > 0 ? this.#header : undefined;
    if (this.#lastHasSwallowed(position, header, keyStart, keySize)) {
      return Stop.Swallowed;
    }
    return Stop.Done;
  }

  /** Whether a record that fits, or the end of the source, is at a position. */
  #looksLikeRecord(position: number): boolean {
    const length = this.#source
      .read(this.#header, 0, this.#header.length, position);
    const record = this.#successor;
    record.problem = "";
    const state = record.parse(this.#header, 0, length);
    if (length === 0) return position === this.#source.size;
    return state !== RecordState.Invalid && record.end > 0 &&
      hasBytes(this.#source, position + record.end);
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
   * What is sound before the damage, and the way to the next record behind it.
   * The last whole record is suspected to have lied about its size, if records
   * are found that run on past its end; then so is the one before it, which was
   * trusted because of what followed it.
   */
  #blockAroundDamage(position: number, checkContent: ContentCheck): Block {
    let next = this.#search(position, checkContent);
    while (this.#records > 0 && next < position + this.#end) {
      this.#dropLast();
      if (this.#records === 0) break;
      const earlier = this.#search(position, checkContent);
      if (earlier < position + this.#end) next = earlier;
    }
    return this.#skipTo(position, next);
  }

  /** Finds the first record that the last whole one has swallowed, or that follows the damage. */
  #search(position: number, checkContent: ContentCheck): number {
    const isSound = this.#records > 0 && checkContent.isPossible &&
      checkContent.accepts(this.#lastContent());
    // A checksum leaves no doubt. Brotli has none.
    const isProved = this.#lastIsKnown || isSound && checkContent.hasMagic;
    const isSuspect = isSound || !checkContent.isPossible && !this.#lastIsKnown;
    const from = isProved ? this.#end : this.#startOfDoubt();
    const next = findRecord(this.#source, position + from, {
      keySizeLimit: this.#options.keySizeLimit,
      checkContent,
      claimedEnd: isSuspect ? position + this.#end : undefined,
      ...this.#knownKeys(),
    });
    return Math.min(next ?? this.#source.size, this.#options.end);
  }

  /** The whole records, and what is skipped behind them. */
  #skipTo(position: number, next: number): Block {
    const block = this.#block(position);
    const offset = block.next;
    // A suspect may have proved to be innocent.
    if (next === offset) return block;
    return {
      ...block,
      next,
      skipped: { offset, size: next - offset, reason: this.#problem },
    };
  }

  /**
   * Where the first record may start that the last one has swallowed: not in the
   * midst of a header whose key is text. (Any record looks like one from the size
   * of its content on: the content would be a key.)
   */
  #startOfDoubt(): number {
    if (this.#records === 0) return 1;
    const { keyStart, keySize, contentStart } = this.#parseLast();
    return isText(this.#slab, keyStart, keyStart + keySize)
      ? contentStart
      : this.#lastStart + 1;
  }

  /** What is known of keys by the last whole records; without any, by the damaged one. */
  #knownKeys(): { example?: Uint8Array; keysAreText?: boolean } {
    const record = this.#successor;
    const keys = this.#lastStarts(KNOWN_KEYS).map((start) => {
      record.parse(this.#slab, start, this.#end);
      const { keyStart, keySize } = record;
      return this.#slab.subarray(keyStart, keyStart + keySize);
    });
    if (keys.length === 0) {
      record.parse(this.#slab, 0, this.#length);
      const { keyStart, keySize, contentStart } = record;
      if (contentStart === 0) return {};
      keys.push(this.#slab.subarray(keyStart, keyStart + keySize));
    }
    return {
      example: keys.at(-1),
      keysAreText: 2 * keys.filter((key) => isText(key)).length >= keys.length,
    };
  }

  #lastContent(): Uint8Array {
    const { contentStart, end } = this.#parseLast();
    return this.#slab.subarray(contentStart, end);
  }
}
