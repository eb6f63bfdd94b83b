import { combineCrc, updateCrc } from "../checksum/crc32_msb.ts";
import { CorruptDataError, unexpectedEnd } from "../errors.ts";
import { BZIP2_MAGIC } from "../magic.ts";
import {
  BLOCK_MAGIC_HIGH,
  BLOCK_MAGIC_LOW,
  BLOCK_UNIT,
  CODEC,
  END_MAGIC_HIGH,
  END_MAGIC_LOW,
  GROUP_SIZE,
  grownSize,
  MAX_ALPHABET,
  MAX_TABLES,
  RUN_THRESHOLD,
  RUNB,
} from "./format.ts";

/** Length of the longest code, in bits. */
const MAX_LENGTH = 20;
/** Codes of up to this many bits are decoded with one lookup. */
const LOOKUP_BITS = 10;
const LOOKUP_SIZE = 1 << LOOKUP_BITS;
const LOOKUP_MASK = LOOKUP_SIZE - 1;
/** Entries of the tables by code length. */
const LENGTHS = MAX_LENGTH + 1;
/** Most groups of a block, which may list more selectors than that. */
const MAX_GROUPS = 9 * BLOCK_UNIT / GROUP_SIZE + 2;
/** Most bytes of one group of symbols, with the bytes that are read ahead. */
const MAX_GROUP_BYTES = Math.ceil(GROUP_SIZE * MAX_LENGTH / 8) + 4;
/** Largest difference between two code lengths. */
const MAX_LENGTH_STEPS = MAX_LENGTH;
/** A run with more digits is longer than any block. */
const MAX_RUN_DIGITS = 20;

/** Bytes of input to wait for before the first attempt to read the tables of a block. */
const FIRST_TABLES_ATTEMPT = 64;

// The next phase of the decoder.
const STREAM_HEADER = 0;
const BLOCK_HEADER = 1;
const TABLES = 2;
const SYMBOLS = 3;
const OUTPUT = 4;
const ENDED = 5;

const NO_BYTES = new Uint8Array(0);

/**
 * Decodes streams in steps. Each step can stop at the end of the input and
 * continue when there is more.
 *
 * Reads beyond the end of the input yield zeros and are detected afterwards. That
 * keeps checks out of the loops, all of which are bounded for any input.
 */
export class BlockDecoder {
  #phase = STREAM_HEADER;

  // Input. The position can be beyond the end.
  #in: Uint8Array = NO_BYTES;
  #position = 0;
  #end = 0;
  #isLastInput = false;
  /** Bits that were read and not used: the lowest `#bitCount` ones. */
  #bits = 0;
  #bitCount = 0;

  // The stream, and its current block.
  #streams = 0;
  #streamCrc = 0;
  #blockLimit = 0;
  #blockCrc = 0;
  #origin = 0;

  // Huffman tables.
  #tablesAttempt = FIRST_TABLES_ATTEMPT;
  #tableCount = 0;
  #selectors = new Uint8Array(0);
  #selectorCount = 0;
  readonly #lengths = new Uint8Array(MAX_ALPHABET);
  readonly #lengthCount = new Int32Array(LENGTHS);
  /** By table and next bits: symbol << 5 | length of its code, or 0 if it is longer. */
  readonly #lookup = new Uint16Array(MAX_TABLES * LOOKUP_SIZE);
  /** By table: its symbols in the order of their codes. */
  readonly #sorted = new Uint16Array(MAX_TABLES * MAX_ALPHABET);
  /** By table and length: the smallest number that is not a code of this length or less. */
  readonly #codeEnd = new Int32Array(MAX_TABLES * LENGTHS);
  /** By table and length: the difference between the index in `#sorted` and the code. */
  readonly #codeShift = new Int32Array(MAX_TABLES * LENGTHS);

  // Symbols.
  #usedCount = 0;
  /** Bytes in use, most recently used first. */
  readonly #recent = new Uint8Array(256);
  /** Frequency of each byte; later, the beginning of its rows. */
  readonly #counts = new Int32Array(256);
  /** The transformed bytes; later, in the upper 24 bits, the row that follows each. */
  #rows = new Int32Array(0);
  #size = 0;
  #group = 0;
  #run = 0;
  #runDigits = 0;

  // Output.
  #row = 0;
  #rowsLeft = 0;
  #crc = -1;
  /** The last byte and the length of its run so far; -1 at the start of a run. */
  #last = -1;
  #repeats = 0;
  /** Copies of a byte that are left to write, from a count. */
  #copies = 0;
  #copyByte = 0;

  /** Starts over. */
  reset(): void {
    this.#phase = STREAM_HEADER;
    this.#streams = 0;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  /** Sets the input; `isLast` says that nothing follows. */
  setInput(bytes: Uint8Array, from: number, to: number, isLast: boolean): void {
    this.#in = bytes;
    this.#position = from;
    this.#end = to;
    this.#isLastInput = isLast;
  }

  /** Position of the first byte of the input that was not read. */
  get position(): number {
    return this.#position;
  }

  /** Whether there is output for {@linkcode BlockDecoder.write}. */
  get hasOutput(): boolean {
    return this.#phase === OUTPUT;
  }

  /** Decodes until there is output (true) or more input is needed (false). */
  read(): boolean {
    let goesOn = true;
    while (goesOn && this.#phase < OUTPUT) {
      switch (this.#phase) {
        case STREAM_HEADER:
          goesOn = this.#readStreamHeader();
          break;
        case BLOCK_HEADER:
          goesOn = this.#readBlockHeader();
          break;
        case TABLES:
          goesOn = this.#readTables();
          break;
        default:
          goesOn = this.#readSymbols();
      }
    }
    return this.#phase === OUTPUT;
  }

  #availableBits(): number {
    return (this.#end - this.#position) * 8 + this.#bitCount;
  }

  /** Whether bits beyond the end of the input were used. */
  #isOverrun(): boolean {
    return this.#availableBits() < 0;
  }

  #fail(reason: string): never {
    if (this.#isOverrun()) throw unexpectedEnd(CODEC);
    throw new CorruptDataError(CODEC, reason);
  }

  /** Reads up to 24 bits. */
  #read(count: number): number {
    while (this.#bitCount < count) {
      const byte = this.#position < this.#end ? this.#in[this.#position] : 0;
      this.#position++;
      this.#bits = this.#bits << 8 | byte;
      this.#bitCount += 8;
    }
    this.#bitCount -= count;
    return this.#bits >>> this.#bitCount & (1 << count) - 1;
  }

  #read32(): number {
    return this.#read(16) << 16 | this.#read(16);
  }

  /** Reads the header of a stream, if one follows. */
  #readStreamHeader(): boolean {
    const available = this.#end - this.#position;
    if (available < 4 && !this.#isLastInput) return false;
    if (available <= 0) {
      if (this.#streams === 0) throw unexpectedEnd(CODEC);
      this.#phase = ENDED;
      return false;
    }
    for (let i = 0; i < BZIP2_MAGIC.length && i < available; i++) {
      if (this.#in[this.#position + i] !== BZIP2_MAGIC[i]) {
        this.#fail(
          this.#streams === 0
            ? 'it does not begin with "BZh"'
            : "unexpected data after the end of a stream",
        );
      }
    }
    this.#read(24);
    const level = this.#read(8) - 0x30;
    if (level < 1 || level > 9) {
      this.#fail("invalid block size");
    }
    this.#blockLimit = level * BLOCK_UNIT;
    this.#streamCrc = 0;
    this.#phase = BLOCK_HEADER;
    return true;
  }

  /** Reads the header of a block, or the trailer of a stream. */
  #readBlockHeader(): boolean {
    if (this.#availableBits() < 80 && !this.#isLastInput) return false;
    const high = this.#read(24);
    const low = this.#read(24);
    const crc = this.#read32();
    if (this.#isOverrun()) this.#fail("");
    if (high === BLOCK_MAGIC_HIGH && low === BLOCK_MAGIC_LOW) {
      this.#blockCrc = crc;
      this.#tablesAttempt = FIRST_TABLES_ATTEMPT;
      this.#phase = TABLES;
      return true;
    }
    if (high !== END_MAGIC_HIGH || low !== END_MAGIC_LOW) {
      this.#fail("expected a block or the end of the stream");
    }
    if (crc !== this.#streamCrc) {
      this.#fail("a stream does not match its checksum");
    }
    // The next stream begins at a full byte: skips the padding and returns bytes
    // that were read ahead.
    this.#position -= this.#bitCount >> 3;
    this.#bitCount = 0;
    this.#streams++;
    this.#phase = STREAM_HEADER;
    return true;
  }

  /** Reads the selectors and Huffman tables of a block. */
  #readTables(): boolean {
    // Their size is known only after parsing. Each attempt waits for twice the
    // input of the previous one, so all attempts together at most double the work.
    const available = this.#end - this.#position;
    if (available < this.#tablesAttempt && !this.#isLastInput) return false;
    const position = this.#position;
    const bits = this.#bits;
    const bitCount = this.#bitCount;
    const fault = this.#parseTables();
    if (this.#isOverrun() && !this.#isLastInput) {
      this.#position = position;
      this.#bits = bits;
      this.#bitCount = bitCount;
      this.#tablesAttempt = available * 2;
      return false;
    }
    if (fault !== "" || this.#isOverrun()) this.#fail(fault);
    this.#size = 0;
    this.#group = 0;
    this.#run = 0;
    this.#runDigits = 0;
    this.#counts.fill(0);
    this.#phase = SYMBOLS;
    return true;
  }

  /** Returns the reason of an error, or an empty string. */
  #parseTables(): string {
    if (this.#read(1) !== 0) {
      return "randomized blocks, which bzip2 has not written since 1999, are not supported";
    }
    this.#origin = this.#read(24);
    this.#parseUsed();
    if (this.#usedCount === 0) return "a block uses no bytes";
    return this.#parseSelectors() || this.#parseCodeLengths();
  }

  /** Reads which bytes occur: 16 bits for the ranges of 16 bytes, then 16 bits for each used range. */
  #parseUsed(): void {
    const ranges = this.#read(16);
    let count = 0;
    for (let range = 0; range < 16; range++) {
      if ((ranges << range & 0x8000) === 0) continue;
      const bytes = this.#read(16);
      for (let i = 0; i < 16; i++) {
        if (bytes << i & 0x8000) this.#recent[count++] = range << 4 | i;
      }
    }
    this.#usedCount = count;
  }

  #parseSelectors(): string {
    const tableCount = this.#read(3);
    const listed = this.#read(15);
    if (tableCount < 1 || tableCount > MAX_TABLES) {
      return "a block does not have one to six Huffman tables";
    }
    if (listed === 0) return "a block has no selectors";
    this.#tableCount = tableCount;
    this.#selectorCount = Math.min(listed, MAX_GROUPS);
    if (this.#selectorCount > this.#selectors.length) {
      this.#selectors = new Uint8Array(
        grownSize(this.#selectors.length, this.#selectorCount, MAX_GROUPS),
      );
    }
    const selectors = this.#selectors;
    // Selectors are MTF indexes. A list of six fits into one number, 4 bits each.
    let recent = 0x543210;
    for (let i = 0; i < listed; i++) {
      let index = 0;
      while (this.#read(1) !== 0) {
        if (++index === tableCount) return "invalid selector";
      }
      const table = recent >>> 4 * index & 15;
      const before = recent & (1 << 4 * index) - 1;
      recent = recent & -1 << 4 * index + 4 | before << 4 | table;
      // Some encoders write more than a block can use.
      if (i < MAX_GROUPS) selectors[i] = table;
    }
    return "";
  }

  #parseCodeLengths(): string {
    const size = this.#usedCount + 2;
    for (let table = 0; table < this.#tableCount; table++) {
      let length = this.#read(5);
      for (let symbol = 0; symbol < size; symbol++) {
        for (let steps = 0;; steps++) {
          if (length < 1 || length > MAX_LENGTH || steps > MAX_LENGTH_STEPS) {
            return "invalid length of a Huffman code";
          }
          if (this.#read(1) === 0) break;
          length += this.#read(1) === 0 ? 1 : -1;
        }
        this.#lengths[symbol] = length;
      }
      if (!this.#buildTable(table, size)) {
        return "oversubscribed Huffman table";
      }
    }
    return "";
  }

  /**
   * Assigns the codes of a table: shorter ones first, then in the order of the
   * symbols. Returns false if the lengths need more codes than there are. An
   * incomplete table is valid: an unassigned code is an error only if it occurs.
   */
  #buildTable(table: number, size: number): boolean {
    const lengths = this.#lengths;
    const lengthCount = this.#lengthCount;
    lengthCount.fill(0);
    for (let symbol = 0; symbol < size; symbol++) {
      lengthCount[lengths[symbol]]++;
    }
    let code = 0;
    let place = 0;
    for (let length = 1; length <= MAX_LENGTH; length++) {
      const count = lengthCount[length];
      // From here on: the place of the next symbol of this length.
      lengthCount[length] = place;
      this.#codeShift[table * LENGTHS + length] = place - code;
      code += count;
      place += count;
      if (code > 1 << length) return false;
      this.#codeEnd[table * LENGTHS + length] = code;
      code <<= 1;
    }
    const sorted = this.#sorted;
    const sortedAt = table * MAX_ALPHABET;
    for (let symbol = 0; symbol < size; symbol++) {
      sorted[sortedAt + lengthCount[lengths[symbol]]++] = symbol;
    }
    const lookup = this.#lookup;
    const lookupEnd = (table + 1) * LOOKUP_SIZE;
    let at = table * LOOKUP_SIZE;
    for (
      let i = 0;
      i < size && lengths[sorted[sortedAt + i]] <= LOOKUP_BITS;
      i++
    ) {
      const symbol = sorted[sortedAt + i];
      const entry = symbol << 5 | lengths[symbol];
      const next = at + (1 << LOOKUP_BITS - lengths[symbol]);
      while (at < next) lookup[at++] = entry;
    }
    lookup.fill(0, at, lookupEnd);
    return true;
  }

  /** Decodes Huffman, RLE2 and MTF: reads the transformed bytes of a block. */
  #readSymbols(): boolean {
    const input = this.#in;
    const end = this.#end;
    const recent = this.#recent;
    const counts = this.#counts;
    const lookup = this.#lookup;
    const endOfBlock = this.#usedCount + 1;
    let position = this.#position;
    let bits = this.#bits;
    let bitCount = this.#bitCount;
    let size = this.#size;
    let run = this.#run;
    let runDigits = this.#runDigits;
    let fault = "";
    let ended = false;

    while (!ended && fault === "") {
      if (end - position < MAX_GROUP_BYTES && !this.#isLastInput) break;
      if (this.#group === this.#selectorCount) {
        fault = "a block has more symbols than its selectors allow";
        break;
      }
      const table = this.#selectors[this.#group++];
      const lookupAt = table * LOOKUP_SIZE;
      this.#reserveRows(size + GROUP_SIZE);
      let rows = this.#rows;

      for (let left = GROUP_SIZE; left > 0; left--) {
        if (bitCount < LOOKUP_BITS) {
          const high = position < end ? input[position] : 0;
          const low = position + 1 < end ? input[position + 1] : 0;
          position += 2;
          bits = bits << 16 | high << 8 | low;
          bitCount += 16;
        }
        const entry =
          lookup[lookupAt + (bits >>> bitCount - LOOKUP_BITS & LOOKUP_MASK)];
        let symbol = entry >>> 5;
        if (entry !== 0) {
          bitCount -= entry & 31;
        } else {
          while (bitCount < MAX_LENGTH) {
            bits = bits << 8 | (position < end ? input[position] : 0);
            position++;
            bitCount += 8;
          }
          const length = this.#longLength(table, bits, bitCount);
          if (length > MAX_LENGTH) {
            fault = "invalid Huffman code";
            break;
          }
          bitCount -= length;
          const code = bits >>> bitCount & (1 << length) - 1;
          symbol = this.#sorted[
            table * MAX_ALPHABET + code +
            this.#codeShift[table * LENGTHS + length]
          ];
        }

        if (symbol <= RUNB) {
          // RUNA stands for 1, 2, 4 ..., RUNB for twice as much.
          run += symbol + 1 << runDigits++;
          if (runDigits > MAX_RUN_DIGITS) {
            fault = "a run is longer than a block";
            break;
          }
          continue;
        }
        if (run > 0) {
          if (size + run > this.#blockLimit) {
            fault = "a block is larger than its stream allows";
            break;
          }
          // With room for the rest of the group.
          this.#reserveRows(size + run + GROUP_SIZE);
          rows = this.#rows;
          const byte = recent[0];
          counts[byte] += run;
          rows.fill(byte, size, size + run);
          size += run;
          run = 0;
          runDigits = 0;
        }
        if (symbol === endOfBlock) {
          ended = true;
          break;
        }
        let index = symbol - 1;
        const byte = recent[index];
        // copyWithin() is faster for long moves only.
        if (index > 40) recent.copyWithin(1, 0, index);
        else for (; index > 0; index--) recent[index] = recent[index - 1];
        recent[0] = byte;
        counts[byte]++;
        rows[size++] = byte;
      }
      if (size > this.#blockLimit) {
        fault = "a block is larger than its stream allows";
      }
      // Truncated input reads as zeros, which could go on for long.
      if (position - end > MAX_GROUP_BYTES) fault = "unexpected end of data";
    }

    this.#position = position;
    this.#bits = bits;
    this.#bitCount = bitCount;
    this.#size = size;
    this.#run = run;
    this.#runDigits = runDigits;
    if (fault !== "" || this.#isOverrun()) this.#fail(fault);
    if (ended) this.#startOutput();
    return ended;
  }

  /** Returns the length of the first code in `bits` if it is too long for the lookup table; 21 if it is invalid. */
  #longLength(table: number, bits: number, bitCount: number): number {
    const codeEnd = this.#codeEnd;
    let length = LOOKUP_BITS + 1;
    while (length <= MAX_LENGTH) {
      const code = bits >>> bitCount - length & (1 << length) - 1;
      if (code < codeEnd[table * LENGTHS + length]) break;
      length++;
    }
    return length;
  }

  #reserveRows(size: number): void {
    if (size <= this.#rows.length) return;
    const grown = new Int32Array(
      grownSize(this.#rows.length, size, this.#blockLimit + GROUP_SIZE),
    );
    grown.set(this.#rows);
    this.#rows = grown;
  }

  /**
   * Inverts the BWT: row i ends with `rows[i]` and begins with the byte that
   * follows it in the block. The k-th row that begins with a byte is the successor
   * of the k-th row that ends with it, so counting leads from each row to the next.
   */
  #startOutput(): void {
    const rows = this.#rows;
    const counts = this.#counts;
    const size = this.#size;
    if (this.#origin >= size) {
      this.#fail("the origin of a block is outside of it");
    }
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = counts[byte];
      counts[byte] = sum;
      sum += count;
    }
    for (let i = 0; i < size; i++) {
      rows[counts[rows[i] & 255]++] |= i << 8;
    }
    this.#row = rows[this.#origin] >>> 8;
    this.#rowsLeft = size;
    this.#crc = -1;
    this.#last = -1;
    this.#repeats = 0;
    this.#copies = 0;
    this.#phase = OUTPUT;
  }

  /**
   * Decodes RLE1: writes the block to `out[from..]` until that is full. Returns
   * the end of the output.
   */
  write(out: Uint8Array, from: number): number {
    const rows = this.#rows;
    const limit = out.length;
    let row = this.#row;
    let left = this.#rowsLeft;
    let last = this.#last;
    let repeats = this.#repeats;
    let to = from;
    for (;;) {
      if (this.#copies > 0) {
        const count = Math.min(this.#copies, limit - to);
        out.fill(this.#copyByte, to, to + count);
        to += count;
        this.#copies -= count;
        if (this.#copies > 0) break;
      }
      while (left > 0 && to < limit && repeats < RUN_THRESHOLD) {
        const next = rows[row];
        row = next >>> 8;
        left--;
        const byte = next & 255;
        out[to++] = byte;
        repeats = byte === last ? repeats + 1 : 1;
        last = byte;
      }
      if (left === 0 || repeats < RUN_THRESHOLD) break;
      // A count follows four equal bytes; it needs no room itself.
      this.#copies = rows[row] & 255;
      this.#copyByte = last;
      row = rows[row] >>> 8;
      left--;
      last = -1;
      repeats = 0;
    }
    this.#row = row;
    this.#rowsLeft = left;
    this.#last = last;
    this.#repeats = repeats;
    this.#crc = updateCrc(this.#crc, out, from, to);
    if (left === 0 && this.#copies === 0) this.#endBlock();
    return to;
  }

  #endBlock(): void {
    if (~this.#crc !== this.#blockCrc) {
      this.#fail("a block does not match its checksum");
    }
    this.#streamCrc = combineCrc(this.#streamCrc, this.#blockCrc);
    this.#phase = BLOCK_HEADER;
  }
}
