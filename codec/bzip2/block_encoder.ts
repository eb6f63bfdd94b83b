import { combineCrc, updateCrc } from "../checksum/crc32_msb.ts";
import { BZIP2_MAGIC } from "../magic.ts";
import {
  BLOCK_MAGIC_HIGH,
  BLOCK_MAGIC_LOW,
  BLOCK_UNIT,
  END_MAGIC_HIGH,
  END_MAGIC_LOW,
  GROUP_SIZE,
  grownSize,
  MAX_ALPHABET,
  MAX_TABLES,
  RUN_THRESHOLD,
  RUNA,
} from "./format.ts";
import { HuffmanBuilder, MAX_WRITTEN_LENGTH } from "./huffman.ts";
import { BlockSorter } from "./sort.ts";

/** Longest run of RLE1: four equal bytes and the largest count. */
const MAX_RUN = RUN_THRESHOLD + 255;
/** bzip2 leaves this many bytes of a block unused, and fails on fuller blocks. */
const BLOCK_MARGIN = 19;
/** Most groups, and selectors, of a block. */
const MAX_GROUPS = 9 * BLOCK_UNIT / GROUP_SIZE + 1;

const NO_BYTES = new Uint8Array(0);

/** Size of the header of a stream, in bits. */
export const STREAM_HEADER_BITS = 32;
/** Size of the trailer of a stream without padding, in bits. */
export const STREAM_TRAILER_BITS = 80;

/**
 * Encodes streams, block by block: fill, prepare, write. The size of a block in
 * bits is known before its first bit is written, so the caller can make sure that
 * it fits.
 */
export class BlockEncoder {
  readonly #level: number;
  readonly #blockLimit: number;
  readonly #sorter: BlockSorter;
  readonly #huffman = new HuffmanBuilder();

  // The current block.
  #size = 0;
  #crc = -1;
  #streamCrc = 0;
  /** The last byte and the length of its run so far; -1 at the start of a run. */
  #last = -1;
  #run = 0;

  // The prepared block.
  #origin = 0;
  /** Symbols of RLE2: `rows` as 16-bit numbers, in the memory of the bytes that they replace. */
  #symbols: Uint16Array = new Uint16Array(0);
  #symbolCount = 0;
  #alphabetSize = 0;
  readonly #used = new Uint8Array(256);
  readonly #recent = new Uint8Array(256);
  readonly #symbolCounts = new Int32Array(MAX_ALPHABET);
  #tableCount = 0;
  #selectors = new Uint8Array(0);
  #selectorCount = 0;
  /**
   * Code lengths, frequencies and codes of table t start at `t * MAX_ALPHABET`. A
   * code is stored as bits << 5 | length.
   */
  readonly #lengths = new Uint8Array(MAX_TABLES * MAX_ALPHABET);
  readonly #frequencies = new Int32Array(MAX_TABLES * MAX_ALPHABET);
  readonly #codes = new Int32Array(MAX_TABLES * MAX_ALPHABET);
  /** The next code of each length. */
  readonly #nextCode = new Int32Array(MAX_WRITTEN_LENGTH + 1);
  /** Code lengths of each symbol in tables 0 to 2, and in tables 3 to 5, 10 bits each. */
  readonly #costs = new Int32Array(MAX_ALPHABET);
  readonly #moreCosts = new Int32Array(MAX_ALPHABET);

  // The output, and bits that do not fill a byte yet.
  #out: Uint8Array = NO_BYTES;
  #position = 0;
  #bits = 0;
  #bitCount = 0;

  /** Creates an encoder with blocks of `level` times 100,000 bytes. */
  constructor(level: number) {
    this.#level = level;
    this.#blockLimit = level * BLOCK_UNIT - BLOCK_MARGIN;
    this.#sorter = new BlockSorter(level * BLOCK_UNIT);
  }

  /** Starts a new stream. */
  reset(): void {
    this.#bits = 0;
    this.#bitCount = 0;
    this.#streamCrc = 0;
    this.#startBlock();
  }

  #startBlock(): void {
    this.#size = 0;
    this.#crc = -1;
    this.#last = -1;
    this.#run = 0;
  }

  /** Sets the destination of the next bits. */
  setOutput(out: Uint8Array, position: number): void {
    this.#out = out;
    this.#position = position;
  }

  /** Position of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Number of bytes that are needed for `bits` more bits. */
  bytesFor(bits: number): number {
    return Math.ceil((this.#bitCount + bits) / 8);
  }

  /** Whether the block has content. */
  get isStarted(): boolean {
    return this.#size > 0;
  }

  /** Whether the block has to be written before more can be added. */
  get isFull(): boolean {
    return this.#size >= this.#blockLimit;
  }

  /**
   * Encodes RLE1: adds bytes of `src` to the block until it is full. Returns the
   * index of the first byte that was not added.
   */
  fill(src: Uint8Array, from: number): number {
    const limit = this.#blockLimit;
    // In the worst case, runs of four bytes become five.
    const worst = this.#size + Math.ceil((src.length - from) * 1.25) + 1;
    this.#sorter.reserveText(Math.min(worst, limit + 1));
    const text = this.#sorter.text;
    let size = this.#size;
    let last = this.#last;
    let run = this.#run;
    let i = from;
    while (i < src.length && size < limit) {
      const byte = src[i++];
      if (byte !== last) {
        text[++size] = byte;
        last = byte;
        run = 1;
      } else if (++run <= RUN_THRESHOLD) {
        text[++size] = byte;
        if (run === RUN_THRESHOLD) text[++size] = 0;
      } else {
        // The last byte of the block is the count.
        text[size]++;
        if (run === MAX_RUN) last = -1;
      }
    }
    this.#size = size;
    this.#last = last;
    this.#run = run;
    this.#crc = updateCrc(this.#crc, src, from, i);
    return i;
  }

  /** Transforms the block and chooses its codes. Returns its size in bits. */
  prepare(): number {
    this.#origin = this.#sorter.transform(this.#size);
    this.#encodeMtf();
    this.#chooseTables();
    return this.#measure();
  }

  /** Encodes MTF and RLE2. */
  #encodeMtf(): void {
    const size = this.#size;
    const { rows, bucketStart } = this.#sorter;
    if (this.#symbols.buffer !== rows.buffer) {
      this.#symbols = new Uint16Array(rows.buffer);
    }
    const symbols = this.#symbols;
    const counts = this.#symbolCounts;
    const recent = this.#recent;

    const used = this.#used;
    let usedCount = 0;
    for (let byte = 0; byte < 256; byte++) {
      used[byte] = bucketStart[byte] < bucketStart[byte + 1] ? 1 : 0;
      recent[usedCount] = byte;
      usedCount += used[byte];
    }
    const endOfBlock = usedCount + 1;
    this.#alphabetSize = usedCount + 2;
    counts.fill(0, 0, usedCount + 2);

    let count = 0;
    let zeros = 0;
    let front = recent[0];
    for (let i = 0; i < size; i++) {
      const byte = rows[i];
      if (byte === front) {
        zeros++;
        continue;
      }
      while (zeros > 0) {
        // RUNA stands for 1, 2, 4 ..., RUNB for twice as much.
        const digit = zeros - 1 & 1;
        counts[RUNA + digit]++;
        symbols[count++] = RUNA + digit;
        zeros = zeros - 1 >>> 1;
      }
      // One loop finds the byte and moves those before it.
      let index = 1;
      let moved = front;
      let next = recent[1];
      recent[1] = moved;
      while (next !== byte) {
        moved = next;
        next = recent[++index];
        recent[index] = moved;
      }
      front = byte;
      counts[index + 1]++;
      symbols[count++] = index + 1;
    }
    while (zeros > 0) {
      const digit = zeros - 1 & 1;
      counts[RUNA + digit]++;
      symbols[count++] = RUNA + digit;
      zeros = zeros - 1 >>> 1;
    }
    counts[endOfBlock]++;
    symbols[count++] = endOfBlock;
    this.#symbolCount = count;
  }

  /** Chooses the tables, and the table of each group. */
  #chooseTables(): void {
    const groups = Math.ceil(this.#symbolCount / GROUP_SIZE);
    this.#selectorCount = groups;
    if (groups > this.#selectors.length) {
      this.#selectors = new Uint8Array(
        grownSize(this.#selectors.length, groups, MAX_GROUPS),
      );
    }
    this.#tableCount = tableCountFor(this.#symbolCount);
    if (this.#tableCount === 1) this.#buildOneTable();
    else this.#fitTables();
  }

  /** Builds one table for all groups, and a cheap unused one, because the format requires two. */
  #buildOneTable(): void {
    const size = this.#alphabetSize;
    const counts = this.#symbolCounts;
    const frequencies = this.#frequencies;
    for (let symbol = 0; symbol < size; symbol++) {
      frequencies[symbol] = counts[symbol];
      frequencies[MAX_ALPHABET + symbol] = 0;
    }
    this.#huffman.build(frequencies, this.#lengths, 0, size);
    this.#huffman.buildFlat(this.#lengths, MAX_ALPHABET, size);
    this.#selectors.fill(0, 0, this.#selectorCount);
    this.#tableCount = 2;
  }

  /** Builds several tables: alternately fits selectors to tables and tables to selectors. */
  #fitTables(): void {
    this.#guessLengths();
    // Two tables hardly change after two rounds.
    const rounds = this.#tableCount === 2 ? 2 : 4;
    for (let round = 0; round < rounds; round++) {
      this.#selectTables();
      for (let table = 0; table < this.#tableCount; table++) {
        this.#huffman.build(
          this.#frequencies,
          this.#lengths,
          table * MAX_ALPHABET,
          this.#alphabetSize,
        );
      }
    }
  }

  /**
   * Initializes the first round: each table is for a range of symbols, and all
   * ranges have about the same total frequency.
   */
  #guessLengths(): void {
    const counts = this.#symbolCounts;
    const lengths = this.#lengths;
    const size = this.#alphabetSize;
    let left = this.#symbolCount;
    let from = 0;
    for (let table = 0; table < this.#tableCount; table++) {
      const share = left / (this.#tableCount - table);
      let to = from;
      let sum = 0;
      while (to < size && (sum < share || to === from)) sum += counts[to++];
      const at = table * MAX_ALPHABET;
      lengths.fill(15, at, at + size);
      lengths.fill(0, at + from, at + to);
      left -= sum;
      from = to;
    }
  }

  /** Selects the best table for every group, and counts the symbols of each table. */
  #selectTables(): void {
    const lengths = this.#lengths;
    const frequencies = this.#frequencies;
    const selectors = this.#selectors;
    const symbols = this.#symbols;
    const costs = this.#costs;
    const moreCosts = this.#moreCosts;
    const tableCount = this.#tableCount;
    const symbolCount = this.#symbolCount;
    const size = this.#alphabetSize;

    for (let table = 0; table < tableCount; table++) {
      const at = table * MAX_ALPHABET;
      frequencies.fill(0, at, at + size);
    }
    // The sums of three tables fit into one integer: 50 symbols of at most 17 bits
    // have less than 2^10 bits.
    for (let symbol = 0; symbol < size; symbol++) {
      costs[symbol] = lengths[symbol] | lengths[MAX_ALPHABET + symbol] << 10 |
        lengths[2 * MAX_ALPHABET + symbol] << 20;
      moreCosts[symbol] = lengths[3 * MAX_ALPHABET + symbol] |
        lengths[4 * MAX_ALPHABET + symbol] << 10 |
        lengths[5 * MAX_ALPHABET + symbol] << 20;
    }
    let group = 0;
    for (let from = 0; from < symbolCount; from += GROUP_SIZE) {
      const to = Math.min(from + GROUP_SIZE, symbolCount);
      let sums = 0;
      let moreSums = 0;
      if (tableCount <= 3) {
        for (let i = from; i < to; i++) sums += costs[symbols[i]];
      } else {
        for (let i = from; i < to; i++) {
          const symbol = symbols[i];
          sums += costs[symbol];
          moreSums += moreCosts[symbol];
        }
      }
      let best = 0;
      let bestCost = sums & 1023;
      for (let table = 1; table < tableCount; table++) {
        sums = table === 3 ? moreSums : sums >>> 10;
        if ((sums & 1023) < bestCost) {
          bestCost = sums & 1023;
          best = table;
        }
      }
      selectors[group++] = best;
      const at = best * MAX_ALPHABET;
      for (let i = from; i < to; i++) frequencies[at + symbols[i]]++;
    }
  }

  /** Returns the size of the whole block in bits. */
  #measure(): number {
    const used = this.#used;
    const lengths = this.#lengths;
    const frequencies = this.#frequencies;
    const size = this.#alphabetSize;
    let bits = 48 + 32 + 1 + 24 + 16 + 3 + 15;
    for (let range = 0; range < 256; range += 16) {
      if (rangeIsUsed(used, range)) bits += 16;
    }
    for (let table = 0; table < this.#tableCount; table++) {
      const at = table * MAX_ALPHABET;
      bits += 5;
      let previous = lengths[at];
      for (let symbol = 0; symbol < size; symbol++) {
        const length = lengths[at + symbol];
        bits += 2 * Math.abs(length - previous) + 1 +
          length * frequencies[at + symbol];
        previous = length;
      }
    }
    this.#addSelectorIndexes();
    for (let i = 0; i < this.#selectorCount; i++) {
      bits += (this.#selectors[i] >>> 4) + 1;
    }
    return bits;
  }

  /** Adds to each selector, in its upper four bits, the MTF index that is written for it. */
  #addSelectorIndexes(): void {
    const selectors = this.#selectors;
    const recent = this.#recent;
    for (let table = 0; table < MAX_TABLES; table++) recent[table] = table;
    for (let i = 0; i < this.#selectorCount; i++) {
      const table = selectors[i];
      let index = 0;
      let next = recent[0];
      while (next !== table) {
        const moved = next;
        next = recent[++index];
        recent[index] = moved;
      }
      recent[0] = table;
      selectors[i] = index << 4 | table;
    }
  }

  /** Writes the header of a stream. */
  writeHeader(): void {
    for (const byte of BZIP2_MAGIC) this.#write(8, byte);
    this.#write(8, 0x30 + this.#level);
  }

  /** Writes the prepared block and starts the next one. */
  writeBlock(): void {
    const crc = ~this.#crc;
    this.#streamCrc = combineCrc(this.#streamCrc, crc);
    this.#write(24, BLOCK_MAGIC_HIGH);
    this.#write(24, BLOCK_MAGIC_LOW);
    this.#write32(crc);
    this.#write(1, 0);
    this.#write(24, this.#origin);
    this.#writeUsed();
    this.#write(3, this.#tableCount);
    this.#write(15, this.#selectorCount);
    for (let i = 0; i < this.#selectorCount; i++) {
      const index = this.#selectors[i] >>> 4;
      this.#write(index + 1, (1 << index) - 1 << 1);
    }
    for (let table = 0; table < this.#tableCount; table++) {
      this.#writeTable(table * MAX_ALPHABET);
      this.#assignCodes(table * MAX_ALPHABET);
    }
    this.#writeSymbols();
    this.#startBlock();
  }

  /** Writes the trailer of a stream, padded to a full byte. */
  writeTrailer(): void {
    this.#write(24, END_MAGIC_HIGH);
    this.#write(24, END_MAGIC_LOW);
    this.#write32(this.#streamCrc);
    this.#write(7, 0);
    this.#bitCount = 0;
  }

  #write(count: number, value: number): void {
    this.#bits = this.#bits << count | value;
    this.#bitCount += count;
    while (this.#bitCount >= 8) {
      this.#bitCount -= 8;
      this.#out[this.#position++] = this.#bits >>> this.#bitCount;
    }
  }

  #write32(value: number): void {
    this.#write(16, value >>> 16);
    this.#write(16, value & 0xffff);
  }

  /** Writes which bytes occur: 16 bits for the ranges of 16 bytes, then 16 bits for each used range. */
  #writeUsed(): void {
    const used = this.#used;
    for (let range = 0; range < 256; range += 16) {
      this.#write(1, rangeIsUsed(used, range) ? 1 : 0);
    }
    for (let range = 0; range < 256; range += 16) {
      if (!rangeIsUsed(used, range)) continue;
      for (let i = 0; i < 16; i++) this.#write(1, used[range + i]);
    }
  }

  /** Writes the code lengths of a table, each as the difference to the previous one. */
  #writeTable(at: number): void {
    const lengths = this.#lengths;
    const size = this.#alphabetSize;
    let length = lengths[at];
    this.#write(5, length);
    for (let symbol = 0; symbol < size; symbol++) {
      for (; length < lengths[at + symbol]; length++) this.#write(2, 2);
      for (; length > lengths[at + symbol]; length--) this.#write(2, 3);
      this.#write(1, 0);
    }
  }

  /** Assigns the codes of a table: shorter ones first, and in the order of the symbols. */
  #assignCodes(at: number): void {
    const lengths = this.#lengths;
    const codes = this.#codes;
    const nextCode = this.#nextCode;
    const size = this.#alphabetSize;
    nextCode.fill(0);
    for (let symbol = 0; symbol < size; symbol++) {
      nextCode[lengths[at + symbol]]++;
    }
    let code = 0;
    for (let length = 1; length <= MAX_WRITTEN_LENGTH; length++) {
      const count = nextCode[length];
      nextCode[length] = code;
      code = code + count << 1;
    }
    for (let symbol = 0; symbol < size; symbol++) {
      const length = lengths[at + symbol];
      codes[at + symbol] = nextCode[length]++ << 5 | length;
    }
  }

  #writeSymbols(): void {
    const out = this.#out;
    const symbols = this.#symbols;
    const selectors = this.#selectors;
    const codes = this.#codes;
    let bits = this.#bits;
    let bitCount = this.#bitCount;
    let position = this.#position;
    let group = 0;
    for (let from = 0; from < this.#symbolCount; from += GROUP_SIZE) {
      const to = Math.min(from + GROUP_SIZE, this.#symbolCount);
      const at = (selectors[group++] & 15) * MAX_ALPHABET;
      for (let i = from; i < to; i++) {
        const code = codes[at + symbols[i]];
        const length = code & 31;
        bits = bits << length | code >>> 5;
        bitCount += length;
        while (bitCount >= 8) {
          bitCount -= 8;
          out[position++] = bits >>> bitCount;
        }
      }
    }
    this.#bits = bits;
    this.#bitCount = bitCount;
    this.#position = position;
  }
}

function rangeIsUsed(used: Uint8Array, range: number): boolean {
  for (let i = range; i < range + 16; i++) {
    if (used[i] !== 0) return true;
  }
  return false;
}

/**
 * Returns how many tables are worth their size and the time to fit them.
 *
 * The bounds come from trying all counts on texts, records, markup, numbers and
 * noise of all sizes. Below some thousand symbols they are lower than those of
 * bzip2, and the output is 2 to 8% smaller.
 */
function tableCountFor(symbolCount: number): number {
  if (symbolCount < 600) return 1;
  if (symbolCount < 6000) return 2;
  if (symbolCount < 16_000) return 3;
  if (symbolCount < 40_000) return 4;
  if (symbolCount < 100_000) return 5;
  return 6;
}
