import {
  BLOCK_COUNT,
  BLOCK_COUNT_SYMBOLS,
  COMMAND_COPY,
  COMMAND_INSERT,
  COMMAND_SYMBOLS,
  CONTEXT_LOOKUP,
  LAST_DISTANCE_COMMANDS,
} from "./tables.ts";
import {
  DICTIONARY_SIZE,
  MAX_WORD_LENGTH,
  MIN_WORD_LENGTH,
  PACKED_DICTIONARY,
  WORD_INDEX_BITS,
} from "./dictionary.ts";
import {
  buildTable,
  MAX_CODE_LENGTH,
  MAX_TABLE_SIZE,
  ROOT_BITS,
  ROOT_SIZE,
} from "./prefix_code.ts";
import {
  MAX_TRANSFORMED_LENGTH,
  TRANSFORM_COUNT,
  transformWord,
} from "./transforms.ts";
import { CorruptDataError } from "../errors.ts";

/** Result of {@linkcode BrotliDecoder.run}: all input was read. */
export const NEED_INPUT = 0;
/** Result of {@linkcode BrotliDecoder.run}: the output is full and there is more. */
export const OUTPUT_FULL = 1;
/** Result of {@linkcode BrotliDecoder.run}: the stream has ended. */
export const FINISHED = 2;
/** Result of the hot loop only: the meta-block has ended. */
const META_BLOCK_ENDED = 3;

// The next step of the decoder. A step is undone if the input ends within it.
const STREAM_HEADER = 0;
const META_BLOCK_HEADER = 1;
const METADATA = 2;
const UNCOMPRESSED = 3;
/** An insert-and-copy length. */
const COMMAND = 4;
const LITERALS = 5;
const DISTANCE = 6;
/** The rest of a copy that does not fit, or that crosses the end of the ring. */
const COPY = 7;
/** The rest of a dictionary word that does not fit. */
const WORD = 8;
const AFTER_META_BLOCK = 9;
const END = 10;

// The three categories of elements that have block types.
const LITERAL = 0;
const COMMANDS = 1;
const DISTANCES = 2;

/** Size of the input buffer, which grows only for a longer meta-block header. */
const INPUT_SIZE = 1 << 16;
/**
 * Room after the input, so that a step can read past its end without checks. The
 * step is then undone. No step reads more than this.
 */
const INPUT_PADDING = 64;
/** Most words of 16 bits that a command, block switch or distance reads. */
const STEP_WORDS = 12;
/** Number of elements in a block that is never switched. */
const ENDLESS_BLOCK = 1 << 28;
/** From this length on, `copyWithin()` is faster than a loop. */
const LONG_COPY = 48;
/** Order in which the lengths of the code length code are stored. */
const CODE_LENGTH_ORDER = Uint8Array.of(
  ...[1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15],
);
/** The fixed code of these lengths: for the next four bits, `value << 4 | length`. */
const CODE_LENGTH_LENGTHS = Uint8Array.of(
  ...[0x02, 0x42, 0x32, 0x23, 0x02, 0x42, 0x32, 0x14],
  ...[0x02, 0x42, 0x32, 0x23, 0x02, 0x42, 0x32, 0x54],
);

/** 1 on big-endian machines, where the bytes of each input word are swapped. */
const BYTE_SWAP = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
const NO_BYTES = new Uint8Array(0);
/** Thrown and caught within this file: the input ends within a header. */
const OUT_OF_INPUT = Symbol("the input ends within a header");

/** The error about corrupt data. */
export function corrupt(reason: string): CorruptDataError {
  return new CorruptDataError("brotli", reason);
}

/**
 * Decodes brotli streams, one after the other, without allocating.
 *
 * The input is copied piece by piece to a buffer of the decoder, which can be read
 * 16 bits at a time and has room after its end. The output array is the window: it
 * holds the whole output, or it is a ring buffer of at least the window size that
 * its owner empties whenever it is full.
 */
export class BrotliDecoder {
  /** The output array. */
  out: Uint8Array = NO_BYTES;
  /** Position in {@linkcode BrotliDecoder.out} of the next byte. */
  outPos = 0;
  /** Position in `out` of the first byte of the document; negative once a ring was full. */
  origin = 0;
  /** Size of the window plus 16, known before the first output. */
  windowSize = 0;

  // Input: bytes up to #end, and the bit position of the next read.
  #bytes: Uint8Array;
  #words: Uint16Array;
  #end = 0;
  #at = 0;

  #step = STREAM_HEADER;
  #isLast = false;
  /** The rest of MLEN or MSKIPLEN. */
  #metaBlockLeft = 0;

  // The rest of the current command.
  #insertLeft = 0;
  #copyLeft = 0;
  /** Distance context; -1 if the last distance is used again. */
  #copyContext = 0;
  #distance = 0;

  // The last distances, the most recent one first.
  #distance1 = 4;
  #distance2 = 11;
  #distance3 = 15;
  #distance4 = 16;
  #directDistances = 0;
  #postfixBits = 0;

  // Block types of literals, commands and distances.
  readonly #typeCount = new Int32Array(3);
  readonly #type = new Int32Array(3);
  readonly #previousType = new Int32Array(3);
  readonly #blockLeft = new Int32Array(3);
  readonly #typeCode = new Int32Array(3);
  readonly #countCode = new Int32Array(3);

  /** Context mode of each literal block type, times 512. */
  readonly #contextModes = new Int32Array(256);
  /** Position of the prefix code table of each literal block type and context. */
  #literalMap = new Int32Array(1 << 10);
  /** Position of the table of each literal block type if all its contexts share one, or -1. */
  readonly #literalTables = new Int32Array(256);
  /** Position of the table of each command block type. */
  readonly #commandTables = new Int32Array(256);
  /** Positions of the tables that were read last. */
  readonly #tables = new Int32Array(256);
  /** Position of the table of each distance block type and context. */
  #distanceMap = new Int32Array(1 << 6);

  /** The tables of all prefix codes. */
  #table = new Uint16Array(1 << 13);
  #tableSize = 0;
  // The prefix code that is being read: its symbols and lengths in order; then sorted.
  readonly #counts = new Uint16Array(MAX_CODE_LENGTH + 1);
  readonly #offsets = new Uint16Array(MAX_CODE_LENGTH + 1);
  readonly #symbols = new Uint16Array(COMMAND_SYMBOLS);
  readonly #lengths = new Uint8Array(COMMAND_SYMBOLS);
  readonly #sorted = new Uint16Array(COMMAND_SYMBOLS);
  readonly #moveToFront = new Uint8Array(256);

  #dictionary: Uint8Array | undefined;
  readonly #word = new Uint8Array(MAX_TRANSFORMED_LENGTH);
  #wordPos = 0;
  #wordEnd = 0;

  constructor() {
    this.#bytes = new Uint8Array(INPUT_SIZE + INPUT_PADDING);
    this.#words = new Uint16Array(this.#bytes.buffer);
  }

  /** Starts a new stream, with its output in `out` from `at` on. */
  start(out: Uint8Array, at: number): void {
    this.out = out;
    this.outPos = this.origin = at;
    this.#end = 0;
    this.#at = 0;
    this.#step = STREAM_HEADER;
    this.#distance1 = 4;
    this.#distance2 = 11;
    this.#distance3 = 15;
    this.#distance4 = 16;
  }

  /** Drops the reference to the output array. */
  release(): void {
    this.out = NO_BYTES;
  }

  /** Number of bytes that were fed but not read. */
  get unread(): number {
    return this.#end - (this.#at + 7 >> 3);
  }

  /** Whether the next step is a meta-block header. */
  get inHeader(): boolean {
    return this.#step === META_BLOCK_HEADER;
  }

  /**
   * Takes as many bytes of `src`, from `from` on, as fit.
   *
   * @returns The position of the first byte that was not taken.
   */
  feed(src: Uint8Array, from: number): number {
    let room = this.#bytes.length - INPUT_PADDING - this.#end;
    if (room < src.length - from) {
      // The input moves by whole words.
      const start = this.#at >> 4 << 1;
      if (start === 0 && room === 0) this.#growInput();
      this.#bytes.copyWithin(0, start, this.#end + 1);
      this.#at -= start << 3;
      this.#end -= start;
      room = this.#bytes.length - INPUT_PADDING - this.#end;
    }
    if (BYTE_SWAP === 0 && from === 0 && room >= src.length) {
      this.#bytes.set(src, this.#end);
      this.#end += src.length;
      return src.length;
    }
    const bytes = this.#bytes;
    const end = Math.min(src.length, from + room);
    let to = this.#end;
    while (from < end) bytes[to++ ^ BYTE_SWAP] = src[from++];
    this.#end = to;
    return from;
  }

  #growInput(): void {
    const bytes = new Uint8Array(
      2 * (this.#bytes.length - INPUT_PADDING) + INPUT_PADDING,
    );
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#words = new Uint16Array(bytes.buffer);
  }

  /**
   * Decodes as far as input and output reach.
   *
   * @returns {@linkcode NEED_INPUT}, {@linkcode OUTPUT_FULL} or {@linkcode FINISHED}.
   */
  run(): number {
    for (;;) {
      switch (this.#step) {
        case STREAM_HEADER:
        case META_BLOCK_HEADER: {
          const start = this.#at;
          const step = this.#step;
          try {
            if (this.#step === STREAM_HEADER) this.#readStreamHeader();
            else this.#readMetaBlockHeader();
            this.#needInput();
          } catch (error) {
            if (error !== OUT_OF_INPUT) throw error;
            this.#at = start;
            this.#step = step;
            return NEED_INPUT;
          }
          break;
        }
        case METADATA: {
          const skipped = Math.min(
            this.#metaBlockLeft,
            this.#end - (this.#at >> 3),
          );
          this.#at += skipped << 3;
          this.#metaBlockLeft -= skipped;
          if (this.#metaBlockLeft > 0) return NEED_INPUT;
          this.#step = AFTER_META_BLOCK;
          break;
        }
        case UNCOMPRESSED:
          this.#copyUncompressed();
          if (this.#metaBlockLeft > 0) {
            return this.#at >> 3 === this.#end ? NEED_INPUT : OUTPUT_FULL;
          }
          this.#step = AFTER_META_BLOCK;
          break;
        case AFTER_META_BLOCK:
          if (this.#isLast) {
            this.#skipPadding();
            this.#step = END;
          } else this.#step = META_BLOCK_HEADER;
          break;
        case END:
          return FINISHED;
        default: {
          const status = this.#decodeCommands();
          if (status !== META_BLOCK_ENDED) return status;
          this.#step = AFTER_META_BLOCK;
        }
      }
    }
  }

  /** Throws if bits past the end of the input were read. */
  #needInput(): void {
    if (this.#at > this.#end << 3) throw OUT_OF_INPUT;
  }

  /** The error about a header, or that the input ended within it. */
  #fail(reason: string): Error | typeof OUT_OF_INPUT {
    return this.#at > this.#end << 3 ? OUT_OF_INPUT : corrupt(reason);
  }

  /** Returns the next bits, at least 17, without reading them. */
  #peek(): number {
    const word = this.#at >> 4;
    return (this.#words[word] | this.#words[word + 1] << 16) >>>
      (this.#at & 15);
  }

  /** Reads up to 16 bits. */
  #read(count: number): number {
    const value = this.#peek() & (1 << count) - 1;
    this.#at += count;
    return value;
  }

  /** Reads up to 24 bits. */
  #readLong(count: number): number {
    if (count <= 16) return this.#read(count);
    return this.#read(16) | this.#read(count - 16) << 16;
  }

  /** Reads a symbol of the prefix code whose table starts at `base`. */
  #readSymbol(base: number): number {
    const next = this.#peek();
    let entry = this.#table[base + (next & ROOT_SIZE - 1)];
    const length = entry & 15;
    if (length > ROOT_BITS) {
      const index = next >> ROOT_BITS & (1 << length - ROOT_BITS) - 1;
      entry = this.#table[base + (entry >> 4) + index];
    }
    this.#at += entry & 15;
    return entry >> 4;
  }

  /** Reads NBLTYPES or NTREES: 1 to 256. */
  #readCount(): number {
    if (this.#read(1) === 0) return 1;
    const bits = this.#read(3);
    return (1 << bits) + 1 + this.#read(bits);
  }

  /** Skips to the next whole byte. */
  #skipPadding(): void {
    if (this.#read(-this.#at & 7) !== 0) {
      throw this.#fail("padding bits are not zero");
    }
  }

  /** Reads WBITS. */
  #readStreamHeader(): void {
    let windowBits = 16;
    if (this.#read(1) === 1) {
      const high = this.#read(3);
      if (high !== 0) windowBits = 17 + high;
      else {
        const low = this.#read(3);
        if (low === 1) {
          throw this.#fail(
            "reserved window size (large-window streams are not supported)",
          );
        }
        windowBits = low === 0 ? 17 : 8 + low;
      }
    }
    this.windowSize = 1 << windowBits;
    this.#step = META_BLOCK_HEADER;
  }

  #readMetaBlockHeader(): void {
    this.#isLast = this.#read(1) === 1;
    if (this.#isLast && this.#read(1) === 1) {
      this.#step = AFTER_META_BLOCK;
      return;
    }
    const extraNibbles = this.#read(2);
    if (extraNibbles === 3) {
      this.#readMetadataHeader();
      this.#step = METADATA;
      return;
    }
    let length = this.#read(16);
    if (extraNibbles > 0) {
      const high = this.#read(4 * extraNibbles);
      if (high >> 4 * (extraNibbles - 1) === 0) {
        throw this.#fail("superfluous zero nibble in a meta-block length");
      }
      length |= high << 16;
    }
    this.#metaBlockLeft = length + 1;
    if (!this.#isLast && this.#read(1) === 1) {
      this.#skipPadding();
      this.#step = UNCOMPRESSED;
      return;
    }
    this.#readCodes();
    this.#step = COMMAND;
  }

  #readMetadataHeader(): void {
    if (this.#read(1) === 1) throw this.#fail("reserved bit is set");
    const lengthBytes = this.#read(2);
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) {
      const byte = this.#read(8);
      if (byte === 0 && i > 0 && i === lengthBytes - 1) {
        throw this.#fail("superfluous zero byte in a metadata length");
      }
      length |= byte << 8 * i;
    }
    this.#metaBlockLeft = lengthBytes === 0 ? 0 : length + 1;
    this.#skipPadding();
  }

  /** Reads the part of a meta-block header that describes block types and prefix codes. */
  #readCodes(): void {
    this.#tableSize = 0;
    for (let category = 0; category < 3; category++) {
      const count = this.#readCount();
      this.#typeCount[category] = count;
      this.#type[category] = 0;
      this.#previousType[category] = 1;
      this.#blockLeft[category] = ENDLESS_BLOCK;
      if (count > 1) {
        this.#typeCode[category] = this.#readPrefixCode(count + 2);
        this.#countCode[category] = this.#readPrefixCode(BLOCK_COUNT_SYMBOLS);
        this.#blockLeft[category] = this.#readBlockCount(category);
      }
    }
    this.#postfixBits = this.#read(2);
    this.#directDistances = this.#read(4) << this.#postfixBits;

    const literalTypes = this.#typeCount[LITERAL];
    for (let type = 0; type < literalTypes; type++) {
      this.#needInput();
      this.#contextModes[type] = this.#read(2) << 9;
    }
    this.#literalMap = atLeast(this.#literalMap, literalTypes << 6);
    const literalMap = this.#literalMap;
    const literalTrees = this.#readContextMap(literalMap, literalTypes << 6);
    const distanceTypes = this.#typeCount[DISTANCES];
    this.#distanceMap = atLeast(this.#distanceMap, distanceTypes << 2);
    const distanceMap = this.#distanceMap;
    const distanceTrees = this.#readContextMap(distanceMap, distanceTypes << 2);

    this.#readPrefixCodes(literalTrees, 256);
    for (let type = 0; type < literalTypes; type++) {
      const end = type + 1 << 6;
      const first = this.#tables[literalMap[type << 6]];
      let same = true;
      for (let i = type << 6; i < end; i++) {
        literalMap[i] = this.#tables[literalMap[i]];
        if (literalMap[i] !== first) same = false;
      }
      this.#literalTables[type] = same ? first : -1;
    }
    const commandTypes = this.#typeCount[COMMANDS];
    this.#readPrefixCodes(commandTypes, COMMAND_SYMBOLS);
    for (let type = 0; type < commandTypes; type++) {
      this.#commandTables[type] = this.#tables[type];
    }
    const distanceSymbols = 16 + this.#directDistances +
      (48 << this.#postfixBits);
    this.#readPrefixCodes(distanceTrees, distanceSymbols);
    for (let i = distanceTypes << 2; i-- > 0;) {
      distanceMap[i] = this.#tables[distanceMap[i]];
    }
  }

  /**
   * Reads the number of the prefix code of each block type and context.
   *
   * @returns The number of prefix codes.
   */
  #readContextMap(map: Int32Array, size: number): number {
    this.#needInput();
    const trees = this.#readCount();
    if (trees === 1) {
      map.fill(0, 0, size);
      return 1;
    }
    const longestRun = this.#read(1) === 1 ? this.#read(4) + 1 : 0;
    const tableSize = this.#tableSize;
    const code = this.#readPrefixCode(trees + longestRun);
    for (let i = 0; i < size;) {
      this.#needInput();
      const symbol = this.#readSymbol(code);
      if (symbol === 0) map[i++] = 0;
      else if (symbol > longestRun) map[i++] = symbol - longestRun;
      else {
        const end = i + (1 << symbol) + this.#read(symbol);
        if (end > size) {
          throw this.#fail("a run of zeros exceeds its context map");
        }
        while (i < end) map[i++] = 0;
      }
    }
    // The table of this code is not needed any more.
    this.#tableSize = tableSize;
    if (this.#read(1) === 1) this.#undoMoveToFront(map, size);
    return trees;
  }

  #undoMoveToFront(map: Int32Array, size: number): void {
    const order = this.#moveToFront;
    for (let i = 0; i < 256; i++) order[i] = i;
    for (let i = 0; i < size; i++) {
      const index = map[i];
      const value = order[index];
      map[i] = value;
      for (let j = index; j > 0; j--) order[j] = order[j - 1];
      order[0] = value;
    }
  }

  /** Reads `count` prefix codes and stores the positions of their tables. */
  #readPrefixCodes(count: number, alphabetSize: number): void {
    for (let i = 0; i < count; i++) {
      this.#tables[i] = this.#readPrefixCode(alphabetSize);
    }
  }

  /** Reads a prefix code of symbols below `alphabetSize`. Returns the position of its table. */
  #readPrefixCode(alphabetSize: number): number {
    this.#needInput();
    const base = this.#tableSize;
    if (base + MAX_TABLE_SIZE > this.#table.length) {
      const table = new Uint16Array(2 * this.#table.length);
      table.set(this.#table);
      this.#table = table;
    }
    this.#counts.fill(0);
    const skippedLengths = this.#read(2);
    const symbols = skippedLengths === 1
      ? this.#readSimpleCode(alphabetSize)
      : this.#readComplexCode(alphabetSize, skippedLengths, base);
    this.#tableSize = base + this.#buildTable(base, symbols, ROOT_BITS);
    return base;
  }

  /** Builds the table of the code in `counts` and `sorted`. */
  #buildTable(base: number, symbols: number, rootBits: number): number {
    if (symbols > 1) {
      return buildTable(
        this.#table,
        base,
        this.#counts,
        this.#sorted,
        rootBits,
      );
    }
    // A single symbol takes no bits.
    const size = 1 << rootBits;
    this.#table.fill(this.#sorted[0] << 4, base, base + size);
    return size;
  }

  /** Reads a code of up to four symbols that are listed. Returns their number. */
  #readSimpleCode(alphabetSize: number): number {
    const count = this.#read(2) + 1;
    const symbolBits = 32 - Math.clz32(alphabetSize - 1);
    const sorted = this.#sorted;
    const counts = this.#counts;
    for (let i = 0; i < count; i++) {
      const symbol = this.#read(symbolBits);
      if (symbol >= alphabetSize) {
        throw this.#fail("invalid symbol in a prefix code");
      }
      for (let j = 0; j < i; j++) {
        if (sorted[j] === symbol) {
          throw this.#fail("duplicate symbol in a prefix code");
        }
      }
      sorted[i] = symbol;
    }
    // The order of the list determines the lengths of the codes.
    if (count === 2) {
      counts[1] = 2;
      sortRange(sorted, 0, 2);
    } else if (count === 3) {
      counts[1] = 1;
      counts[2] = 2;
      sortRange(sorted, 1, 3);
    } else if (count === 4) {
      if (this.#read(1) === 0) {
        counts[2] = 4;
        sortRange(sorted, 0, 4);
      } else {
        counts[1] = counts[2] = 1;
        counts[3] = 2;
        sortRange(sorted, 2, 4);
      }
    }
    return count;
  }

  /**
   * Reads a code that is stored as the code length of each symbol; the lengths are
   * prefix coded themselves. Returns the number of symbols.
   */
  #readComplexCode(
    alphabetSize: number,
    skippedLengths: number,
    base: number,
  ): number {
    this.#readCodeLengthCode(skippedLengths, base);

    const table = this.#table;
    const words = this.#words;
    const symbols = this.#symbols;
    const lengths = this.#lengths;
    const counts = this.#counts;
    const end = this.#end << 3;
    let at = this.#at;
    let found = 0;
    let symbol = 0;
    /** The rest of the code space, in units of the longest codes. */
    let space = 1 << MAX_CODE_LENGTH;
    let previousLength = 8;
    let repeat = 0;
    let repeatedLength = 0;
    while (symbol < alphabetSize && space > 0) {
      if (at > end) throw OUT_OF_INPUT;
      const word = at >> 4;
      const next = (words[word] | words[word + 1] << 16) >>> (at & 15);
      const entry = table[base + (next & 31)];
      at += entry & 15;
      const code = entry >> 4;
      if (code < 16) {
        repeat = 0;
        if (code !== 0) {
          previousLength = code;
          symbols[found] = symbol;
          lengths[found++] = code;
          counts[code]++;
          space -= 1 << MAX_CODE_LENGTH - code;
        }
        symbol++;
        continue;
      }
      // 16 repeats the last nonzero length, 17 repeats zero. Several in a row
      // multiply the number of repetitions.
      const length = code === 16 ? previousLength : 0;
      const extra = code - 14;
      if (length !== repeatedLength) repeat = 0;
      repeatedLength = length;
      const before = repeat;
      if (repeat > 0) repeat = repeat - 2 << extra;
      repeat += (next >> (entry & 15) & (1 << extra) - 1) + 3;
      at += extra;
      const symbolsEnd = symbol + repeat - before;
      if (symbolsEnd > alphabetSize) {
        this.#at = at;
        throw this.#fail("a prefix code has more lengths than symbols");
      }
      if (length === 0) symbol = symbolsEnd;
      else {
        const added = symbolsEnd - symbol;
        space -= added << MAX_CODE_LENGTH - length;
        counts[length] += added;
        while (symbol < symbolsEnd) {
          symbols[found] = symbol++;
          lengths[found++] = length;
        }
      }
    }
    this.#at = at;
    if (space !== 0) {
      throw this.#fail(
        space > 0 ? "incomplete prefix code" : "oversubscribed prefix code",
      );
    }
    this.#sortSymbols(found);
    return found;
  }

  /** Reads the code of the code lengths, and builds its table at `base`. */
  #readCodeLengthCode(skippedLengths: number, base: number): void {
    const counts = this.#counts;
    let found = 0;
    let space = 32;
    for (let i = skippedLengths; i < 18 && space > 0; i++) {
      const entry = CODE_LENGTH_LENGTHS[this.#peek() & 15];
      this.#at += entry & 15;
      const length = entry >> 4;
      if (length === 0) continue;
      this.#symbols[found] = CODE_LENGTH_ORDER[i];
      this.#lengths[found++] = length;
      counts[length]++;
      space -= 32 >> length;
    }
    if (space !== 0 && found !== 1) {
      throw this.#fail(
        space > 0
          ? "incomplete code of code lengths"
          : "oversubscribed code of code lengths",
      );
    }
    // Symbols of the same length must be in ascending order.
    for (let i = 1; i < found; i++) {
      const symbol = this.#symbols[i];
      const length = this.#lengths[i];
      let j = i;
      for (; j > 0 && this.#symbols[j - 1] > symbol; j--) {
        this.#symbols[j] = this.#symbols[j - 1];
        this.#lengths[j] = this.#lengths[j - 1];
      }
      this.#symbols[j] = symbol;
      this.#lengths[j] = length;
    }
    this.#sortSymbols(found);
    this.#buildTable(base, found, 5);
    counts.fill(0);
  }

  /** Sorts the symbols by the length of their codes. */
  #sortSymbols(found: number): void {
    const offsets = this.#offsets;
    offsets[1] = 0;
    for (let length = 1; length < MAX_CODE_LENGTH; length++) {
      offsets[length + 1] = offsets[length] + this.#counts[length];
    }
    const sorted = this.#sorted;
    const symbols = this.#symbols;
    const lengths = this.#lengths;
    for (let i = 0; i < found; i++) sorted[offsets[lengths[i]]++] = symbols[i];
  }

  #readBlockCount(category: number): number {
    const code = BLOCK_COUNT[this.#readSymbol(this.#countCode[category])];
    return (code & 0xffff) + this.#readLong(code >> 16);
  }

  /**
   * Switches to the next block of a category.
   *
   * @returns Whether the input was sufficient. If not, nothing has changed.
   */
  #switchBlock(category: number): boolean {
    const start = this.#at;
    const symbol = this.#readSymbol(this.#typeCode[category]);
    const count = this.#readBlockCount(category);
    if (this.#at > this.#end << 3) {
      this.#at = start;
      return false;
    }
    const current = this.#type[category];
    let type = symbol - 2;
    if (symbol === 0) type = this.#previousType[category];
    else if (symbol === 1) {
      type = current + 1 < this.#typeCount[category] ? current + 1 : 0;
    }
    this.#previousType[category] = current;
    this.#type[category] = type;
    this.#blockLeft[category] = count;
    return true;
  }

  #copyUncompressed(): void {
    const bytes = this.#bytes;
    const out = this.out;
    const from = this.#at >> 3;
    const count = Math.min(
      this.#metaBlockLeft,
      this.#end - from,
      out.length - this.outPos,
    );
    const to = this.outPos;
    for (let i = 0; i < count; i++) out[to + i] = bytes[from + i ^ BYTE_SWAP];
    this.outPos += count;
    this.#at += count << 3;
    this.#metaBlockLeft -= count;
  }

  /** Returns the output byte `back` positions before `at`; 0 before the start. */
  #byteBefore(at: number, back: number): number {
    if (at - this.origin < back) return 0;
    return this.out[at >= back ? at - back : at - back + this.out.length];
  }

  /**
   * Decodes the commands of a meta-block. This is the hot loop.
   *
   * @returns {@linkcode NEED_INPUT}, {@linkcode OUTPUT_FULL} or {@linkcode META_BLOCK_ENDED}.
   */
  #decodeCommands(): number {
    const words = this.#words;
    const table = this.#table;
    const literalMap = this.#literalMap;
    const distanceMap = this.#distanceMap;
    const contexts = CONTEXT_LOOKUP;
    const inserts = COMMAND_INSERT;
    const copies = COMMAND_COPY;
    const out = this.out;
    const limit = out.length;
    const origin = this.origin;
    const window = this.windowSize - 16;
    const postfixBits = this.#postfixBits;
    const directDistances = this.#directDistances;
    const endBits = this.#end << 3;
    /** Whole words in the input. */
    const wholeWords = this.#end >> 1;
    /** A step that starts before this word cannot reach the end of the input. */
    const safeWords = wholeWords - STEP_WORDS;

    let step = this.#step;
    let op = this.outPos;
    let left = this.#metaBlockLeft;
    let insert = this.#insertLeft;
    let copy = this.#copyLeft;
    let copyContext = this.#copyContext;
    let distance = this.#distance;
    let distance1 = this.#distance1;
    let distance2 = this.#distance2;
    let distance3 = this.#distance3;
    let distance4 = this.#distance4;

    let literalsLeft = this.#blockLeft[LITERAL];
    let literalType = this.#type[LITERAL];
    let literalTable = this.#literalTables[literalType];
    let contextMode = this.#contextModes[literalType];
    let commandsLeft = this.#blockLeft[COMMANDS];
    let commandTable = this.#commandTables[this.#type[COMMANDS]];
    let distancesLeft = this.#blockLeft[DISTANCES];
    let distanceType = this.#type[DISTANCES];

    // The bit reader: `bits` has the next `bitCount` bits (0 to 31), and `word` is
    // the next word after them. After a refill there are at least 16 bits, enough
    // for one symbol. Refills are written inline, because the three variables stay
    // in registers only if no function shares them.
    let word = this.#at >> 4;
    let bits = words[word++] >> (this.#at & 15);
    let bitCount = 16 - (this.#at & 15);

    let status = META_BLOCK_ENDED;
    /** Bit position of the current step, to return to if the input ends within it. */
    let start = 0;

    decoding:
    for (;;) {
      switch (step) {
        case COMMAND: {
          if (commandsLeft === 0) {
            this.#at = start = (word << 4) - bitCount;
            if (!this.#switchBlock(COMMANDS)) {
              status = NEED_INPUT;
              break decoding;
            }
            commandsLeft = this.#blockLeft[COMMANDS];
            commandTable = this.#commandTables[this.#type[COMMANDS]];
            word = this.#at >> 4;
            bits = words[word++] >> (this.#at & 15);
            bitCount = 16 - (this.#at & 15);
          }
          start = (word << 4) - bitCount;
          if (bitCount < 16) {
            bits |= words[word++] << bitCount;
            bitCount += 16;
          }
          let entry = table[commandTable + (bits & ROOT_SIZE - 1)];
          if ((entry & 15) > ROOT_BITS) {
            const index = bits >> ROOT_BITS &
              (1 << (entry & 15) - ROOT_BITS) - 1;
            entry = table[commandTable + (entry >> 4) + index];
          }
          bits >>= entry & 15;
          bitCount -= entry & 15;
          const symbol = entry >> 4;
          const insertCode = inserts[symbol];
          const copyCode = copies[symbol];
          insert = insertCode & 0xffff;
          copy = copyCode & 0xffff;
          const insertExtra = insertCode >> 16;
          const copyExtra = copyCode >> 16 & 0xff;
          if (insertExtra + copyExtra <= 16) {
            if (bitCount < 16) {
              bits |= words[word++] << bitCount;
              bitCount += 16;
            }
            insert += bits & (1 << insertExtra) - 1;
            bits >>= insertExtra;
            copy += bits & (1 << copyExtra) - 1;
            bits >>= copyExtra;
            bitCount -= insertExtra + copyExtra;
          } else {
            this.#at = (word << 4) - bitCount;
            insert += this.#readLong(insertExtra);
            copy += this.#readLong(copyExtra);
            word = this.#at >> 4;
            bits = words[word++] >> (this.#at & 15);
            bitCount = 16 - (this.#at & 15);
          }
          if (word > safeWords && (word << 4) - bitCount > endBits) {
            status = NEED_INPUT;
            break decoding;
          }
          commandsLeft--;
          copyContext = symbol < LAST_DISTANCE_COMMANDS ? -1 : copyCode >> 24;
          if (insert > left) {
            throw corrupt("an insert length exceeds its meta-block");
          }
          left -= insert;
          step = LITERALS;
        }
        // falls through
        case LITERALS: {
          while (insert > 0) {
            if (literalsLeft === 0) {
              this.#at = start = (word << 4) - bitCount;
              if (!this.#switchBlock(LITERAL)) {
                status = NEED_INPUT;
                break decoding;
              }
              literalsLeft = this.#blockLeft[LITERAL];
              literalType = this.#type[LITERAL];
              literalTable = this.#literalTables[literalType];
              contextMode = this.#contextModes[literalType];
              word = this.#at >> 4;
              bits = words[word++] >> (this.#at & 15);
              bitCount = 16 - (this.#at & 15);
            }
            // As many literals as need no checks: each reads at most one word.
            let count = insert < literalsLeft ? insert : literalsLeft;
            if (count > limit - op) count = limit - op;
            if (count > wholeWords - word) count = wholeWords - word;
            if (count <= 0) {
              if (op >= limit) {
                status = OUTPUT_FULL;
                break decoding;
              }
              count = 1;
            }
            start = (word << 4) - bitCount;
            const stop = op + count;
            if (literalTable >= 0) {
              do {
                if (bitCount < 16) {
                  bits |= words[word++] << bitCount;
                  bitCount += 16;
                }
                let entry = table[literalTable + (bits & ROOT_SIZE - 1)];
                if ((entry & 15) > ROOT_BITS) {
                  const index = bits >> ROOT_BITS &
                    (1 << (entry & 15) - ROOT_BITS) - 1;
                  entry = table[literalTable + (entry >> 4) + index];
                }
                bits >>= entry & 15;
                bitCount -= entry & 15;
                out[op++] = entry >> 4;
              } while (op < stop);
            } else {
              const contextBase = literalType << 6;
              let last = 0;
              let beforeLast = 0;
              if (op >= 2 && op - origin >= 2) {
                last = out[op - 1];
                beforeLast = out[op - 2];
              } else {
                last = this.#byteBefore(op, 1);
                beforeLast = this.#byteBefore(op, 2);
              }
              do {
                const context = contexts[contextMode + last] |
                  contexts[contextMode + 256 + beforeLast];
                const base = literalMap[contextBase + context];
                if (bitCount < 16) {
                  bits |= words[word++] << bitCount;
                  bitCount += 16;
                }
                let entry = table[base + (bits & ROOT_SIZE - 1)];
                if ((entry & 15) > ROOT_BITS) {
                  const index = bits >> ROOT_BITS &
                    (1 << (entry & 15) - ROOT_BITS) - 1;
                  entry = table[base + (entry >> 4) + index];
                }
                bits >>= entry & 15;
                bitCount -= entry & 15;
                beforeLast = last;
                last = entry >> 4;
                out[op++] = last;
              } while (op < stop);
            }
            if (word > wholeWords && (word << 4) - bitCount > endBits) {
              op--;
              status = NEED_INPUT;
              break decoding;
            }
            insert -= count;
            literalsLeft -= count;
          }
          if (left === 0) break decoding;
          step = DISTANCE;
        }
        // falls through
        case DISTANCE: {
          let isNew = false;
          distance = distance1;
          if (copyContext >= 0) {
            if (distancesLeft === 0) {
              this.#at = start = (word << 4) - bitCount;
              if (!this.#switchBlock(DISTANCES)) {
                status = NEED_INPUT;
                break decoding;
              }
              distancesLeft = this.#blockLeft[DISTANCES];
              distanceType = this.#type[DISTANCES];
              word = this.#at >> 4;
              bits = words[word++] >> (this.#at & 15);
              bitCount = 16 - (this.#at & 15);
            }
            start = (word << 4) - bitCount;
            if (bitCount < 16) {
              bits |= words[word++] << bitCount;
              bitCount += 16;
            }
            const base = distanceMap[(distanceType << 2) + copyContext];
            let entry = table[base + (bits & ROOT_SIZE - 1)];
            if ((entry & 15) > ROOT_BITS) {
              const index = bits >> ROOT_BITS &
                (1 << (entry & 15) - ROOT_BITS) - 1;
              entry = table[base + (entry >> 4) + index];
            }
            bits >>= entry & 15;
            bitCount -= entry & 15;
            const symbol = entry >> 4;
            isNew = symbol !== 0;
            if (symbol >= 16) {
              distance = symbol - 15;
              if (distance > directDistances) {
                const code = symbol - 16 - directDistances;
                let extra = 1 + (code >> postfixBits + 1);
                let high = (2 + (code >> postfixBits & 1) << extra) - 4;
                if (bitCount < 16) {
                  bits |= words[word++] << bitCount;
                  bitCount += 16;
                }
                if (extra > 16) {
                  // Too many for one refill: the lowest eight first.
                  high += bits & 255;
                  bits >>= 8;
                  bitCount -= 8;
                  if (bitCount < 16) {
                    bits |= words[word++] << bitCount;
                    bitCount += 16;
                  }
                  extra -= 8;
                  high += (bits & (1 << extra) - 1) << 8;
                } else high += bits & (1 << extra) - 1;
                bits >>= extra;
                bitCount -= extra;
                distance = (high << postfixBits) +
                  (code & (1 << postfixBits) - 1) + directDistances + 1;
              }
            } else if (symbol >= 4) {
              // The last or second last distance, plus or minus a small number.
              const delta = symbol < 10 ? symbol - 4 : symbol - 10;
              distance = symbol < 10 ? distance1 : distance2;
              distance += (delta & 1) === 0
                ? -1 - (delta >> 1)
                : 1 + (delta >> 1);
            } else if (symbol === 1) distance = distance2;
            else if (symbol === 2) distance = distance3;
            else if (symbol === 3) distance = distance4;
            if (word > safeWords && (word << 4) - bitCount > endBits) {
              status = NEED_INPUT;
              break decoding;
            }
            distancesLeft--;
            if (distance <= 0) throw corrupt("a distance is not positive");
          }
          const produced = op - origin;
          const maxDistance = produced < window ? produced : window;
          if (distance > maxDistance) {
            const room = limit - op >= MAX_TRANSFORMED_LENGTH;
            const length = this.#writeWord(
              distance - maxDistance - 1,
              copy,
              room ? out : this.#word,
              room ? op : 0,
            );
            // The word may be empty. That cannot loop forever: its large distance
            // takes several bits of input.
            if (length > left) {
              throw corrupt("a dictionary word exceeds its meta-block");
            }
            left -= length;
            if (room) {
              op += length;
              step = COMMAND;
            } else {
              this.#wordPos = 0;
              this.#wordEnd = length;
              step = WORD;
              continue decoding;
            }
            break;
          }
          if (isNew) {
            distance4 = distance3;
            distance3 = distance2;
            distance2 = distance1;
            distance1 = distance;
          }
          if (copy > left) {
            throw corrupt("a copy length exceeds its meta-block");
          }
          left -= copy;
          let from = op - distance;
          if (from >= 0 && copy <= limit - op) {
            const stop = op + copy;
            if (copy < LONG_COPY) {
              do out[op++] = out[from++]; while (op < stop);
            } else {
              copyLong(out, op, distance, copy);
              op = stop;
            }
            step = COMMAND;
            break;
          }
          step = COPY;
        }
        // falls through
        case COPY: {
          let from = op - distance;
          if (from < 0) from += limit;
          while (copy > 0 && op < limit) {
            out[op++] = out[from++];
            if (from === limit) from = 0;
            copy--;
          }
          if (copy > 0) {
            status = OUTPUT_FULL;
            break decoding;
          }
          step = COMMAND;
          break;
        }
        case WORD: {
          while (this.#wordPos < this.#wordEnd && op < limit) {
            out[op++] = this.#word[this.#wordPos++];
          }
          if (this.#wordPos < this.#wordEnd) {
            status = OUTPUT_FULL;
            break decoding;
          }
          step = COMMAND;
          break;
        }
      }
      if (left === 0) break;
    }

    this.#at = status === NEED_INPUT ? start : (word << 4) - bitCount;
    this.#step = step;
    this.outPos = op;
    this.#metaBlockLeft = left;
    this.#insertLeft = insert;
    this.#copyLeft = copy;
    this.#copyContext = copyContext;
    this.#distance = distance;
    this.#distance1 = distance1;
    this.#distance2 = distance2;
    this.#distance3 = distance3;
    this.#distance4 = distance4;
    this.#blockLeft[LITERAL] = literalsLeft;
    this.#blockLeft[COMMANDS] = commandsLeft;
    this.#blockLeft[DISTANCES] = distancesLeft;
    return status;
  }

  /** Writes the word of the static dictionary at `address` among those of `length` bytes. */
  #writeWord(
    address: number,
    length: number,
    dst: Uint8Array,
    at: number,
  ): number {
    if (length < MIN_WORD_LENGTH || length > MAX_WORD_LENGTH) {
      throw corrupt("a distance reaches back beyond the window");
    }
    const indexBits = WORD_INDEX_BITS[length];
    const index = address & (1 << indexBits) - 1;
    const transform = address >> indexBits;
    if (transform >= TRANSFORM_COUNT) {
      throw corrupt("a distance reaches beyond the static dictionary");
    }
    const dictionary = this.#dictionary ??= staticDictionary();
    const from = WORDS_START[length] + index * length;
    if (transform !== 0) {
      return transformWord(dictionary, from, length, transform, dst, at);
    }
    for (let i = 0; i < length; i++) dst[at + i] = dictionary[from + i];
    return length;
  }
}

/** Copies `length` bytes from `distance` bytes before `at`; they may overlap. */
function copyLong(
  out: Uint8Array,
  at: number,
  distance: number,
  length: number,
): void {
  const from = at - distance;
  // Each copy includes the bytes copied before, so its size doubles.
  for (let done = 0; done < length;) {
    const count = Math.min(length - done, distance + done);
    out.copyWithin(at + done, from, from + count);
    done += count;
  }
}

/** Sorts a few values. */
function sortRange(values: Uint16Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const value = values[i];
    let j = i;
    for (; j > from && values[j - 1] > value; j--) values[j] = values[j - 1];
    values[j] = value;
  }
}

/** Returns `array`, or a new one if it has less than `length` elements. */
function atLeast(
  array: Int32Array<ArrayBuffer>,
  length: number,
): Int32Array<ArrayBuffer> {
  return array.length >= length ? array : new Int32Array(length);
}

/** Position in the dictionary of the first word of each length. */
const WORDS_START = new Int32Array(MAX_WORD_LENGTH + 1);
for (let length = MIN_WORD_LENGTH; length < MAX_WORD_LENGTH; length++) {
  WORDS_START[length + 1] = WORDS_START[length] +
    (length << WORD_INDEX_BITS[length]);
}

let dictionary: Uint8Array | undefined;

/** The static dictionary (RFC 7932, Appendix A), decompressed at its first use. */
export function staticDictionary(): Uint8Array {
  if (dictionary !== undefined) return dictionary;
  const binary = atob(PACKED_DICTIONARY);
  const packed = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) packed[i] = binary.charCodeAt(i);
  // It is a brotli stream that does not use the dictionary.
  const unpacked = new Uint8Array(DICTIONARY_SIZE);
  const decoder = new BrotliDecoder();
  decoder.start(unpacked, 0);
  let fed = 0;
  do fed = decoder.feed(packed, fed); while (decoder.run() === NEED_INPUT);
  for (let i = 0; i < DICTIONARY_SIZE; i++) unpacked[i] ^= 0x80;
  return dictionary = unpacked.reverse();
}
