import { MatchFinder } from "./lzma_match_finder.ts";
import {
  AFTER_LITERAL,
  AFTER_MATCH,
  AFTER_REP,
  AFTER_SHORT_REP,
  CHUNK_MAX_PACKED,
  CHUNK_MAX_UNPACKED,
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  IS_MATCH,
  IS_REP,
  IS_REP0,
  IS_REP0_LONG,
  IS_REP1,
  IS_REP2,
  LEN_CHOICE,
  LEN_CHOICE2,
  LEN_HIGH,
  LEN_LOW,
  LEN_MID,
  LITERAL,
  MATCH_LEN,
  MATCH_MAX,
  MATCH_MIN,
  modelSize,
  REP_LEN,
} from "./lzma_model.ts";
import {
  BIT_PRICE,
  DistancePrices,
  INFINITE_PRICE,
  LENGTH_STRIDE,
  LengthPrices,
  ONE,
  PRICES,
  slotOf,
} from "./lzma_prices.ts";
import { MAX_GROWTH, QUEUE_FULL, RangeEncoder } from "./lzma_range_encoder.ts";
import {
  CONTROL_END,
  CONTROL_LZMA,
  CONTROL_LZMA_DICT,
  CONTROL_LZMA_PROPS,
  CONTROL_LZMA_STATE,
  CONTROL_STORED,
  CONTROL_STORED_RESET,
} from "./format.ts";

/** The settings of a level. */
export interface LzmaOptions {
  /** Whether to choose symbols by price instead of the longest match. */
  readonly optimal: boolean;
  /** A match of this length ends the search. */
  readonly nice: number;
  /** Most candidates of a search. */
  readonly depth: number;
  /** A position is skipped if the next one costs at most this many bits more. */
  readonly lead: number;
  /** Size of the dictionary for large documents. */
  readonly dictSize: number;
}

/** Most bytes that the optimal parser looks ahead. */
const PLAN_MAX = 2048;
/** A literal, in place of a distance. */
const IS_LITERAL = -1;
/** Numbers below this are rep0 to rep3; distances follow. */
const REPS = 4;

// The record of a node has `NODE` numbers in one array: the price of the cheapest
// path to it, the last symbol on that path (its length and BACK) and, once the path
// is final, the state and the reps.
//
// A step can have several symbols: the lowest bits of STEP are the length of the
// last one, the bits above are the number of bytes before it in the same step: none
// (0), a literal (1), or a match and a literal (more). In the last two cases the
// last symbol is a rep0 match, and BACK is that of the match before it.
const NODE = 8;
const PRICE = 0;
const BACK = 1;
const STEP = 2;
const STATE = 3;
const REP0 = 4;
/** Bits of STEP for the length. */
const STEP_BITS = 16;

/** Smaller documents are encoded with the fewest contexts. */
const SMALL = 1 << 14;
/** Text from this size on is encoded with the most contexts. */
const LARGE = 1 << 19;

/** Number of matches after which distance prices are updated. */
const DISTANCE_PRICES_FOR = 96;
/** Number of lengths after which length prices are updated. */
const LENGTH_PRICES_FOR = 64;

const NOTHING = new Uint8Array(0);

/** Compresses documents to LZMA2, each with an empty dictionary. */
export class LzmaEncoder {
  readonly #optimal: boolean;
  readonly #nice: number;
  readonly #lead: number;
  readonly #dictSize: number;

  readonly #finder = new MatchFinder();
  readonly #coder = new RangeEncoder();

  #src: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** Position of the results of the match finder, or -1. */
  #foundAt = -1;
  #foundCount = 0;

  // The model.
  #lc = 3;
  readonly #lp = 0;
  #pb = 2;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;

  // The planned symbols in reverse order: their lengths, and IS_LITERAL, the number
  // of a rep, or a distance plus REPS.
  readonly #planLength = new Uint16Array(PLAN_MAX + 1);
  readonly #planBack = new Int32Array(PLAN_MAX + 1);
  #planned = 0;

  // The nodes of the optimal parser, one per position.
  readonly #nodes = new Int32Array(NODE * (PLAN_MAX + 1));

  readonly #distancePrices = new DistancePrices();
  readonly #matchPrices = new LengthPrices();
  readonly #repPrices = new LengthPrices();
  // Symbols since the last update of the prices.
  #distancesCoded = 0;
  #matchLengthsCoded = 0;
  #repLengthsCoded = 0;

  /** Creates an encoder. */
  constructor(options: LzmaOptions) {
    this.#optimal = options.optimal;
    this.#nice = options.nice;
    this.#lead = Math.round(options.lead * BIT_PRICE);
    this.#dictSize = options.dictSize;
    this.#finder.configure(options.nice, options.depth);
  }

  /** Returns the dictionary size for a document of `size` bytes. */
  dictSizeFor(size: number): number {
    return Math.min(size, this.#dictSize);
  }

  /**
   * Compresses `src` from `start` up to `end` into `dst` at `at`.
   *
   * @returns The end of the output, or -1 if it does not fit.
   */
  encode(
    src: Uint8Array,
    start: number,
    end: number,
    dst: Uint8Array,
    at: number,
  ): number {
    this.#src = src;
    this.#start = start;
    this.#end = end;
    this.#chooseProps(end - start);
    this.#finder.reset(src, start, end, this.dictSizeFor(end - start));
    this.#foundAt = -1;
    this.#planned = 0;

    let pos = start;
    let needProps = true;
    let needState = true;
    while (pos < end) {
      if (needState) this.#resetState();
      const header = needProps ? 6 : 5;
      // A chunk is written after the space for its header. Bytes that do not fit are
      // counted, but not written.
      const chunkEnd = this.#encodeChunk(pos, dst, at + header);
      const packed = this.#coder.finish() - at - header;
      const size = chunkEnd - pos;
      if (packed >= size) {
        at = this.#store(pos, chunkEnd, dst, at);
        if (at < 0) break;
        // The decoder does not see this chunk, so the model must forget it.
        needState = true;
        this.#planned = 0;
      } else {
        if (at + header + packed > dst.length) {
          at = -1;
          break;
        }
        const control = needProps
          ? pos === start ? CONTROL_LZMA_DICT : CONTROL_LZMA_PROPS
          : needState
          ? CONTROL_LZMA_STATE
          : CONTROL_LZMA;
        dst[at] = control | size - 1 >>> 16;
        dst[at + 1] = size - 1 >>> 8;
        dst[at + 2] = size - 1;
        dst[at + 3] = packed - 1 >>> 8;
        dst[at + 4] = packed - 1;
        if (needProps) dst[at + 5] = (this.#pb * 5 + this.#lp) * 9 + this.#lc;
        at += header + packed;
        needProps = needState = false;
      }
      pos = chunkEnd;
    }
    this.#src = NOTHING;
    this.#finder.release();
    if (at < 0 || at >= dst.length) return -1;
    dst[at] = CONTROL_END;
    return at + 1;
  }

  /** Writes stored chunks. */
  #store(from: number, to: number, dst: Uint8Array, at: number): number {
    for (let pos = from; pos < to;) {
      const size = Math.min(to - pos, CHUNK_MAX_PACKED);
      if (size + 3 > dst.length - at) return -1;
      dst[at] = pos === this.#start ? CONTROL_STORED_RESET : CONTROL_STORED;
      dst[at + 1] = size - 1 >>> 8;
      dst[at + 2] = size - 1;
      dst.set(this.#src.subarray(pos, pos + size), at + 3);
      at += size + 3;
      pos += size;
    }
    return at;
  }

  /**
   * Chooses lc (the number of bits of the previous byte that select the literal
   * coder), lp and pb (the number of position bits in contexts).
   *
   * With fewer contexts, each learns from more of a small document. The position
   * matters only in data with fields of fixed size, which mostly has zero bytes, as
   * text does not.
   */
  #chooseProps(size: number): void {
    this.#lc = 1;
    this.#pb = 0;
    if (size < SMALL) return;
    const src = this.#src;
    const sampleEnd = this.#start + SMALL;
    let at = this.#start;
    while (at < sampleEnd && src[at] !== 0) at++;
    if (at < sampleEnd) {
      this.#lc = 3;
      this.#pb = 2;
    } else {
      this.#lc = size < LARGE ? 3 : 4;
    }
  }

  #resetState(): void {
    this.#coder.resetProbs(modelSize(this.#lc + this.#lp));
    this.#state = 0;
    this.#rep0 =
      this.#rep1 =
      this.#rep2 =
      this.#rep3 =
        0;
    this.#distancesCoded = DISTANCE_PRICES_FOR;
    this.#matchLengthsCoded = this.#repLengthsCoded = LENGTH_PRICES_FOR;
  }

  /** Encodes symbols from `pos` on until a chunk is full. Returns the end. */
  #encodeChunk(pos: number, dst: Uint8Array, at: number): number {
    const coder = this.#coder;
    const end = this.#end;
    const sizeLimit = pos + CHUNK_MAX_UNPACKED - MATCH_MAX;
    const packedLimit = at + CHUNK_MAX_PACKED - Math.ceil(MAX_GROWTH);
    coder.start(dst, at);
    while (pos < end && pos <= sizeLimit) {
      if (this.#planned === 0) {
        // Prices depend on the current model.
        coder.flush();
        if (coder.end > packedLimit) break;
        if (this.#optimal) this.#planOptimal(pos);
        else this.#planFast(pos);
      }
      const length = this.#planLength[--this.#planned];
      this.#encodeSymbol(pos, length, this.#planBack[this.#planned]);
      pos += length;
      if (coder.queued >= QUEUE_FULL) {
        coder.flush();
        if (coder.end > packedLimit) break;
      }
    }
    return pos;
  }

  #encodeSymbol(pos: number, length: number, back: number): void {
    const coder = this.#coder;
    const queue = coder.queue;
    const state = this.#state;
    const offset = pos - this.#start;
    const posState = offset & (1 << this.#pb) - 1;
    let n = coder.queued;
    const isMatch = IS_MATCH + (state << 4) + posState << 1;

    if (back === IS_LITERAL) {
      queue[n++] = isMatch;
      const src = this.#src;
      const previous = offset > 0 ? src[pos - 1] : 0;
      const tree = LITERAL +
        0x300 * (((offset & (1 << this.#lp) - 1) << this.#lc) +
            (previous >>> 8 - this.#lc));
      let symbol = 0x100 | src[pos];
      if (state < 7) {
        do {
          queue[n++] = tree + (symbol >>> 8) << 1 | symbol >>> 7 & 1;
          symbol <<= 1;
        } while (symbol < 0x10000);
      } else {
        let expected = src[pos - this.#rep0 - 1];
        let steer = 0x100;
        do {
          expected <<= 1;
          queue[n++] = tree + steer + (expected & steer) + (symbol >>> 8) << 1 |
            symbol >>> 7 & 1;
          symbol <<= 1;
          steer &= ~(expected ^ symbol);
        } while (symbol < 0x10000);
      }
      coder.queued = n;
      this.#state = AFTER_LITERAL[state];
      return;
    }

    queue[n++] = isMatch | 1;
    const isRep = IS_REP + state << 1;
    if (back >= REPS) {
      queue[n++] = isRep;
      coder.queued = n;
      this.#encodeLength(MATCH_LEN, length, posState);
      this.#matchLengthsCoded++;
      this.#encodeDistance(back - REPS, length);
      this.#state = AFTER_MATCH[state];
      return;
    }

    queue[n++] = isRep | 1;
    const isRep0 = IS_REP0 + state << 1;
    if (back === 0) {
      queue[n++] = isRep0;
      const isLong = IS_REP0_LONG + (state << 4) + posState << 1;
      if (length === 1) {
        queue[n++] = isLong;
        coder.queued = n;
        this.#state = AFTER_SHORT_REP[state];
        return;
      }
      queue[n++] = isLong | 1;
    } else {
      queue[n++] = isRep0 | 1;
      const isRep1 = IS_REP1 + state << 1;
      let distance = this.#rep1;
      if (back === 1) {
        queue[n++] = isRep1;
      } else {
        queue[n++] = isRep1 | 1;
        queue[n++] = IS_REP2 + state << 1 | back - 2;
        distance = this.#rep2;
        if (back === 3) {
          distance = this.#rep3;
          this.#rep3 = this.#rep2;
        }
        this.#rep2 = this.#rep1;
      }
      this.#rep1 = this.#rep0;
      this.#rep0 = distance;
    }
    coder.queued = n;
    this.#encodeLength(REP_LEN, length, posState);
    this.#repLengthsCoded++;
    this.#state = AFTER_REP[state];
  }

  #encodeLength(lenCoder: number, length: number, posState: number): void {
    const queue = this.#coder.queue;
    let n = this.#coder.queued;
    let symbol = length - MATCH_MIN;
    let tree = lenCoder + LEN_HIGH;
    let bits = 8;
    if (symbol < 8) {
      queue[n++] = lenCoder + LEN_CHOICE << 1;
      tree = lenCoder + LEN_LOW + (posState << 3);
      bits = 3;
    } else {
      queue[n++] = lenCoder + LEN_CHOICE << 1 | 1;
      symbol -= 8;
      if (symbol < 8) {
        queue[n++] = lenCoder + LEN_CHOICE2 << 1;
        tree = lenCoder + LEN_MID + (posState << 3);
        bits = 3;
      } else {
        queue[n++] = lenCoder + LEN_CHOICE2 << 1 | 1;
        symbol -= 8;
      }
    }
    this.#coder.queued = n;
    this.#encodeTree(tree, bits, symbol);
  }

  #encodeDistance(distance: number, length: number): void {
    const slot = slotOf(distance);
    const lengthState = Math.min(length - MATCH_MIN, 3);
    this.#encodeTree(DIST_SLOT + (lengthState << 6), 6, slot);
    if (slot >= 4) {
      const bits = (slot >>> 1) - 1;
      const base = (2 | slot & 1) << bits;
      const rest = distance - base;
      if (slot < 14) {
        this.#encodeReverse(DIST_SPECIAL + base - slot - 1, bits, rest);
      } else {
        const queue = this.#coder.queue;
        let n = this.#coder.queued;
        for (let i = bits - 1; i >= 4; i--) queue[n++] = -2 | rest >>> i & 1;
        this.#coder.queued = n;
        this.#encodeReverse(DIST_ALIGN, 4, rest & 15);
      }
    }
    this.#rep3 = this.#rep2;
    this.#rep2 = this.#rep1;
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
    this.#distancesCoded++;
  }

  /** Encodes a number of `bits` bits, highest first. */
  #encodeTree(tree: number, bits: number, symbol: number): void {
    const queue = this.#coder.queue;
    let n = this.#coder.queued;
    let node = 1;
    while (bits > 0) {
      const bit = symbol >>> --bits & 1;
      queue[n++] = tree + node << 1 | bit;
      node = node << 1 | bit;
    }
    this.#coder.queued = n;
  }

  /** Encodes a number of `bits` bits, lowest first. */
  #encodeReverse(tree: number, bits: number, symbol: number): void {
    const queue = this.#coder.queue;
    let n = this.#coder.queued;
    let node = 1;
    for (; bits > 0; bits--) {
      const bit = symbol & 1;
      queue[n++] = tree + node << 1 | bit;
      node = node << 1 | bit;
      symbol >>>= 1;
    }
    this.#coder.queued = n;
  }

  /** Searches matches at `pos`, unless that was the last search. */
  #find(pos: number): number {
    if (this.#foundAt !== pos) {
      this.#foundCount = this.#finder.find(pos);
      this.#foundAt = pos;
    }
    return this.#foundCount;
  }

  /** Plans one symbol. */
  #plan(length: number, back: number): void {
    this.#planLength[this.#planned] = length;
    this.#planBack[this.#planned++] = back;
  }

  /** Returns how many bytes from `pos` on equal those `distance` + 1 before, up to a limit. */
  #matching(pos: number, distance: number, limit: number): number {
    const src = this.#src;
    const from = pos - distance - 1;
    let length = 0;
    while (length < limit && src[from + length] === src[pos + length]) length++;
    return length;
  }

  #rep(i: number): number {
    return i === 0
      ? this.#rep0
      : i === 1
      ? this.#rep1
      : i === 2
      ? this.#rep2
      : this.#rep3;
  }

  /** Plans the symbol at `pos`, looking one position ahead. */
  #planFast(pos: number): void {
    const limit = Math.min(this.#end - pos, MATCH_MAX);
    if (pos === this.#start || limit < MATCH_MIN) {
      return this.#plan(1, IS_LITERAL);
    }
    const { lengths, distances } = this.#finder;
    const nice = this.#nice;

    let repLength = 0;
    let rep = 0;
    for (let i = 0; i < REPS; i++) {
      const length = this.#matching(pos, this.#rep(i), limit);
      if (length >= nice) return this.#plan(length, i);
      if (length > repLength) {
        repLength = length;
        rep = i;
      }
    }

    let count = this.#find(pos);
    let length = 0;
    let distance = 0;
    if (count > 0) {
      length = lengths[--count];
      distance = distances[count];
      if (length >= nice) return this.#plan(length, distance + REPS);
      // One more byte is not worth a much longer distance.
      while (
        count > 0 && length === lengths[count - 1] + 1 &&
        distance >>> 7 > distances[count - 1]
      ) {
        length = lengths[--count];
        distance = distances[count];
      }
      if (length === 2 && distance >= 0x80) length = 1;
    }

    // A rep match is so much cheaper that it may be shorter.
    if (
      repLength >= 2 &&
      (repLength + 1 >= length ||
        repLength + 2 >= length && distance >= 1 << 9 ||
        repLength + 3 >= length && distance >= 1 << 15)
    ) {
      return this.#plan(repLength, rep);
    }
    if (length < 2 || limit <= 2) return this.#plan(1, IS_LITERAL);

    // Whether a literal makes a better match possible.
    count = this.#find(pos + 1);
    if (count > 0) {
      const next = lengths[count - 1];
      const nextDistance = distances[count - 1];
      const nearer = nextDistance < distance >>> 7;
      const farther = distance < nextDistance >>> 7;
      if (
        next >= length && nextDistance < distance ||
        next === length + 1 && !farther ||
        next > length + 1 ||
        next + 1 >= length && length >= 3 && nearer
      ) {
        return this.#plan(1, IS_LITERAL);
      }
    }
    const worthwhile = Math.max(2, length - 1);
    for (let i = 0; i < REPS; i++) {
      if (
        this.#matching(pos + 1, this.#rep(i), worthwhile) === worthwhile &&
        worthwhile <= limit - 1
      ) {
        return this.#plan(1, IS_LITERAL);
      }
    }
    this.#plan(length, distance + REPS);
  }

  #updatePrices(): void {
    const { probs } = this.#coder;
    const posStates = 1 << this.#pb;
    if (this.#distancesCoded >= DISTANCE_PRICES_FOR) {
      this.#distancePrices.update(probs);
      this.#distancePrices.updateAlign(probs);
      this.#distancesCoded = 0;
    }
    if (this.#matchLengthsCoded >= LENGTH_PRICES_FOR) {
      this.#matchPrices.update(probs, MATCH_LEN, posStates, this.#nice);
      this.#matchLengthsCoded = 0;
    }
    if (this.#repLengthsCoded >= LENGTH_PRICES_FOR) {
      this.#repPrices.update(probs, REP_LEN, posStates, this.#nice);
      this.#repLengthsCoded = 0;
    }
  }

  /**
   * Plans the cheapest symbols from `pos` on, as far as looking ahead pays.
   *
   * Each position is a node, and each symbol an edge with a price. Nodes are visited
   * in order. From each node, all possible symbols are followed to their ends and
   * stored there if no path to that node is cheaper. When no symbol spans the next
   * node, or a match is so long that it is certainly used, the path to that node is
   * the plan.
   */
  #planOptimal(pos: number): void {
    const src = this.#src;
    const start = this.#start;
    const nice = this.#nice;
    const lead = this.#lead;
    if (pos === start) return this.#plan(1, IS_LITERAL);
    this.#updatePrices();

    const probs = this.#coder.probs;
    const { lengths, distances } = this.#finder;
    const nodes = this.#nodes;
    const matchPrices = this.#matchPrices.prices;
    const repPrices = this.#repPrices.prices;
    const prices = PRICES;
    const lc = this.#lc;
    const lpMask = (1 << this.#lp) - 1;
    const pbMask = (1 << this.#pb) - 1;

    nodes[PRICE] = 0;
    nodes[STATE] = this.#state;
    nodes[REP0] = this.#rep0;
    nodes[REP0 + 1] = this.#rep1;
    nodes[REP0 + 2] = this.#rep2;
    nodes[REP0 + 3] = this.#rep3;

    // Nodes are represented by the positions of their records.
    let node = 0;
    // The last node that a symbol leads to.
    let last = 0;
    for (;; node += NODE, pos++) {
      if (node > 0) {
        if (node === last) break;
        // Paths from here are unlikely to beat those from the next node if that
        // costs about the same and is one byte ahead.
        if (nodes[node + NODE + PRICE] <= nodes[node + PRICE] + lead) continue;
        this.#settle(node);
      }
      const base = nodes[node + PRICE];
      const state = nodes[node + STATE];
      const rep0 = nodes[node + REP0];
      const count = this.#find(pos);
      let longest = count > 0 ? lengths[count - 1] : 0;
      if (longest >= nice) {
        if (node > 0) break;
        return this.#plan(longest, distances[count - 1] + REPS);
      }

      const available = Math.min(this.#end - pos, PLAN_MAX - node / NODE);
      if (available === 0) break;
      const limit = available < nice ? available : nice;
      const offset = pos - start;
      const posState = offset & pbMask;
      const byte = src[pos];
      const expected = src[pos - rep0 - 1];
      const next = node + NODE;
      if (last === node) nodes[(last = next) + PRICE] = INFINITE_PRICE;

      // A literal.
      const isMatch = probs[IS_MATCH + (state << 4) + posState] >>> 4;
      let literalPrice = base + prices[isMatch];
      {
        const tree = LITERAL + 0x300 *
            (((offset & lpMask) << lc) + (src[pos - 1] >>> 8 - lc));
        let symbol = byte | 0x100;
        if (state < 7) {
          do {
            literalPrice += prices[
              (probs[tree + (symbol >>> 8)] >>> 4) + (symbol & 0x80)
            ];
            symbol <<= 1;
          } while (symbol < 0x10000);
        } else {
          let steer = 0x100;
          let other = expected;
          do {
            other <<= 1;
            literalPrice += prices[
              (probs[tree + steer + (other & steer) + (symbol >>> 8)] >>> 4) +
              (symbol & 0x80)
            ];
            symbol <<= 1;
            steer &= ~(other ^ symbol);
          } while (symbol < 0x10000);
        }
      }
      let reached = nodes[next + PRICE];
      let literalIsBest = false;
      if (literalPrice < reached) {
        nodes[next + PRICE] = reached = literalPrice;
        nodes[next + BACK] = IS_LITERAL;
        nodes[next + STEP] = 1;
        literalIsBest = true;
      }

      // A rep0 match of one byte.
      const isRep = probs[IS_REP + state] >>> 4;
      const isRep0 = probs[IS_REP0 + state] >>> 4;
      const matchPrice = base + prices[isMatch + ONE];
      const repPrice = matchPrice + prices[isRep + ONE];
      const isLong = probs[IS_REP0_LONG + (state << 4) + posState] >>> 4;
      if (byte === expected) {
        const shortPrice = repPrice + prices[isRep0] + prices[isLong];
        if (shortPrice <= reached) {
          nodes[next + PRICE] = shortPrice;
          nodes[next + BACK] = 0;
          nodes[next + STEP] = 1;
          literalIsBest = false;
        }
      }
      if (available < 2) continue;

      // A literal and a rep0 match, which together may be cheaper than they appear
      // from the next node alone.
      if (!literalIsBest && byte !== expected) {
        const most = available - 1 < nice ? available - 1 : nice;
        const match = this.#matching(pos + 1, rep0, most);
        if (match >= 2) {
          const total = this.#rep0Price(
            literalPrice,
            AFTER_LITERAL[state],
            offset + 1 & pbMask,
            match,
          );
          const to = next + match * NODE;
          while (last < to) nodes[(last += NODE) + PRICE] = INFINITE_PRICE;
          if (total < nodes[to + PRICE]) {
            nodes[to + PRICE] = total;
            nodes[to + BACK] = 0;
            nodes[to + STEP] = 1 << STEP_BITS | match;
          }
        }
      }

      // Rep matches of all lengths.
      const lengthsAt = posState * LENGTH_STRIDE;
      let shortest = 2;
      for (let i = 0; i < REPS; i++) {
        const distance = nodes[node + REP0 + i];
        const from = pos - distance - 1;
        if (src[from] !== byte || src[from + 1] !== src[pos + 1]) continue;
        let match = 2;
        while (match < limit && src[from + match] === src[pos + match]) match++;
        let to = node + match * NODE;
        while (last < to) nodes[(last += NODE) + PRICE] = INFINITE_PRICE;
        let edge = repPrice;
        if (i === 0) {
          edge += prices[isRep0] + prices[isLong + ONE];
          // Matches with a new distance must be longer than this one.
          shortest = match + 1;
        } else {
          edge += prices[isRep0 + ONE];
          const isRep1 = probs[IS_REP1 + state] >>> 4;
          if (i === 1) {
            edge += prices[isRep1];
          } else {
            const isRep2 = probs[IS_REP2 + state] >>> 4;
            edge += prices[isRep1 + ONE] +
              prices[isRep2 + (i === 2 ? 0 : ONE)];
          }
        }
        for (let l = match; l >= 2; l--, to -= NODE) {
          const total = edge + repPrices[lengthsAt + l];
          if (total < nodes[to + PRICE]) {
            nodes[to + PRICE] = total;
            nodes[to + BACK] = i;
            nodes[to + STEP] = l;
          }
        }
        last = this.#tryLiteralRep0(
          node,
          pos,
          match,
          distance,
          i,
          edge + repPrices[lengthsAt + match],
          AFTER_REP[state],
          available,
          last,
        );
      }

      // Matches of all lengths, each with the nearest distance.
      if (longest > limit) longest = limit;
      if (longest >= shortest) {
        let to = node + longest * NODE;
        while (last < to) nodes[(last += NODE) + PRICE] = INFINITE_PRICE;
        const newPrice = matchPrice + prices[isRep];
        let i = 0;
        while (lengths[i] < shortest) i++;
        to = node + shortest * NODE;
        for (let l = shortest; l <= longest; i++) {
          const distance = distances[i];
          const upTo = lengths[i] < longest ? lengths[i] : longest;
          let total = 0;
          for (; l <= upTo; l++, to += NODE) {
            total = newPrice + matchPrices[lengthsAt + l] +
              this.#distancePrices.of(distance, l);
            if (total < nodes[to + PRICE]) {
              nodes[to + PRICE] = total;
              nodes[to + BACK] = distance + REPS;
              nodes[to + STEP] = l;
            }
          }
          last = this.#tryLiteralRep0(
            node,
            pos,
            upTo,
            distance,
            distance + REPS,
            total,
            AFTER_MATCH[state],
            available,
            last,
          );
        }
      }
    }
    this.#traceBack(node);
  }

  /** Computes the state and the reps of a node whose path is final. */
  #settle(node: number): void {
    const nodes = this.#nodes;
    const back = nodes[node + BACK];
    const step = nodes[node + STEP];
    const length = step & (1 << STEP_BITS) - 1;
    const before = step >>> STEP_BITS;
    const from = node - (length + before) * NODE;
    // Otherwise it is a rep0 match after a literal.
    let state = AFTER_REP[0];
    if (before === 0) {
      state = nodes[from + STATE];
      state = back === IS_LITERAL
        ? AFTER_LITERAL[state]
        : back >= REPS
        ? AFTER_MATCH[state]
        : length === 1
        ? AFTER_SHORT_REP[state]
        : AFTER_REP[state];
    }
    nodes[node + STATE] = state;

    const rep0 = nodes[from + REP0];
    const rep1 = nodes[from + REP0 + 1];
    const rep2 = nodes[from + REP0 + 2];
    const rep3 = nodes[from + REP0 + 3];
    if (back <= 0) {
      nodes[node + REP0] = rep0;
      nodes[node + REP0 + 1] = rep1;
      nodes[node + REP0 + 2] = rep2;
      nodes[node + REP0 + 3] = rep3;
    } else {
      nodes[node + REP0] = back === 1
        ? rep1
        : back === 2
        ? rep2
        : back === 3
        ? rep3
        : back - REPS;
      nodes[node + REP0 + 1] = rep0;
      nodes[node + REP0 + 2] = back === 1 ? rep2 : rep1;
      nodes[node + REP0 + 3] = back <= 2 ? rep3 : rep2;
    }
  }

  /** Returns the price of a rep0 match after symbols that cost `base`. */
  #rep0Price(
    base: number,
    state: number,
    posState: number,
    length: number,
  ): number {
    const probs = this.#coder.probs;
    const at = (state << 4) + posState;
    return base +
      PRICES[(probs[IS_MATCH + at] >>> 4) + ONE] +
      PRICES[(probs[IS_REP + state] >>> 4) + ONE] +
      PRICES[probs[IS_REP0 + state] >>> 4] +
      PRICES[(probs[IS_REP0_LONG + at] >>> 4) + ONE] +
      this.#repPrices.prices[posState * LENGTH_STRIDE + length];
  }

  /**
   * Tries a match, a literal and a rep0 match as one step: after a byte that ends a
   * match, the following bytes often match again.
   *
   * @param match Length of the match, from `node` at `pos`, that costs `base`
   * and leads to `state`.
   * @returns The last node that a symbol leads to.
   */
  #tryLiteralRep0(
    node: number,
    pos: number,
    match: number,
    distance: number,
    back: number,
    base: number,
    state: number,
    available: number,
    last: number,
  ): number {
    let most = available - match - 1;
    if (most < 2) return last;
    if (most > this.#nice) most = this.#nice;
    const src = this.#src;
    const at = pos + match;
    const from = at - distance - 1;
    if (src[at + 1] !== src[from + 1] || src[at + 2] !== src[from + 2]) {
      return last;
    }
    let rep = 2;
    while (rep < most && src[at + 1 + rep] === src[from + 1 + rep]) rep++;

    const probs = this.#coder.probs;
    const pbMask = (1 << this.#pb) - 1;
    const offset = at - this.#start;
    let total = base +
      PRICES[probs[IS_MATCH + (state << 4) + (offset & pbMask)] >>> 4];
    const tree = LITERAL +
      0x300 * (((offset & (1 << this.#lp) - 1) << this.#lc) +
          (src[at - 1] >>> 8 - this.#lc));
    let symbol = src[at] | 0x100;
    let expected = src[from];
    let steer = 0x100;
    do {
      expected <<= 1;
      total += PRICES[
        (probs[tree + steer + (expected & steer) + (symbol >>> 8)] >>> 4) +
        (symbol & 0x80)
      ];
      symbol <<= 1;
      steer &= ~(expected ^ symbol);
    } while (symbol < 0x10000);
    total = this.#rep0Price(
      total,
      AFTER_LITERAL[state],
      offset + 1 & pbMask,
      rep,
    );

    const nodes = this.#nodes;
    const to = node + (match + 1 + rep) * NODE;
    while (last < to) nodes[(last += NODE) + PRICE] = INFINITE_PRICE;
    if (total < nodes[to + PRICE]) {
      nodes[to + PRICE] = total;
      nodes[to + BACK] = back;
      nodes[to + STEP] = match + 1 << STEP_BITS | rep;
    }
    return last;
  }

  /** Makes the path to `node` the plan. */
  #traceBack(node: number): void {
    const nodes = this.#nodes;
    while (node > 0) {
      const back = nodes[node + BACK];
      const step = nodes[node + STEP];
      const length = step & (1 << STEP_BITS) - 1;
      const before = step >>> STEP_BITS;
      node -= (length + before) * NODE;
      if (before === 0) {
        this.#plan(length, back);
        continue;
      }
      this.#plan(length, 0);
      this.#plan(1, IS_LITERAL);
      if (before > 1) this.#plan(before - 1, back);
    }
  }
}
