import { MATCH_MAX } from "./lzma_model.ts";

/** Number of positions that are indexed at a time. */
const AHEAD = 1 << 14;
/**
 * Number of positions whose nearest two- and three-byte matches are stored: those
 * indexed ahead, and as many again for positions that are searched twice.
 */
const NEAR = 2 * AHEAD;

const HASH2_BITS = 12;
const HASH3_MAX_BITS = 16;
const HASH4_MAX_BITS = 18;
const HASH_MIN_BITS = 8;

const HASH8_MAX_BITS = 18;

/** Documents from this size on have a second kind of chain. */
const LARGE = 1 << 14;

/** Multipliers of the hashes. */
const MIX = 0x9e3779b1 | 0;
const MIX8 = 0x85ebca6b | 0;

const NOTHING = new Uint8Array(0);

/** Returns the smallest n for which 2 ** n is at least `size`. */
export function log2Ceil(size: number): number {
  return size > 1 ? 32 - Math.clz32(size - 1) : 0;
}

/**
 * Finds earlier occurrences of the bytes at a position.
 *
 * It has hash chains: the hash of four bytes leads to the latest position with that
 * hash (`head`), and from there to earlier ones (`chain`). In large documents these
 * chains become too long, so there are also chains of positions with the same eight
 * bytes, which lead to the longest matches in few steps. Positions are indexed
 * ahead of the search, in one tight loop, so a search changes nothing and can be
 * repeated.
 *
 * Nothing is cleared between documents: heads store the position plus a base that
 * grows with each document, so entries of earlier documents lie before the
 * beginning of the document and are ignored.
 */
export class MatchFinder {
  /** Lengths of the matches found, ascending. */
  readonly lengths = new Uint16Array(MATCH_MAX);
  /** Distances of the matches found, minus one, ascending. */
  readonly distances = new Int32Array(MATCH_MAX);

  #src: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  #maxDistance = 0;
  #nice = 0;
  #depth = 0;

  readonly #head2 = new Int32Array(1 << HASH2_BITS);
  #head3 = new Int32Array(0);
  #head4 = new Int32Array(0);
  #shift3 = 0;
  #shift4 = 0;
  #near2 = new Int32Array(0);
  #near3 = new Int32Array(0);
  #nearMask = 0;
  #chain = new Int32Array(0);
  #chainMask = 0;
  #large = false;
  #head8 = new Int32Array(0);
  #shift8 = 0;
  #chain8 = new Int32Array(0);
  #base = 0;
  /** The smallest value that is larger than all heads. */
  #unused = 1;
  #indexed = 0;

  /** Sets the length of a match, and the number of steps, that end a search. */
  configure(nice: number, depth: number): void {
    this.#nice = nice;
    this.#depth = depth;
  }

  /** Starts a new document: `src` from `start` up to `end`. */
  reset(src: Uint8Array, start: number, end: number, dictSize: number): void {
    const size = end - start;
    const bits = Math.max(log2Ceil(size), HASH_MIN_BITS);
    const bits3 = Math.min(bits, HASH3_MAX_BITS);
    const bits4 = Math.min(bits, HASH4_MAX_BITS);
    const near = Math.min(2 ** bits, NEAR);
    // A chain shorter than the document has its latest positions, including those
    // indexed ahead.
    const chain = Math.min(2 ** bits, Math.max(2 ** log2Ceil(dictSize), NEAR));
    this.#maxDistance = chain >= size ? size : chain - NEAR;
    if (this.#maxDistance > dictSize) this.#maxDistance = dictSize;

    if (this.#head3.length < 2 ** bits3) {
      this.#head3 = new Int32Array(2 ** bits3);
    }
    if (this.#head4.length < 2 ** bits4) {
      this.#head4 = new Int32Array(2 ** bits4);
    }
    if (this.#near2.length < near) {
      this.#near2 = new Int32Array(near);
      this.#near3 = new Int32Array(near);
    }
    if (this.#chain.length < chain) this.#chain = new Int32Array(chain);
    this.#large = size >= LARGE;
    if (this.#large) {
      const bits8 = Math.min(bits, HASH8_MAX_BITS);
      this.#shift8 = 32 - bits8;
      if (this.#head8.length < 2 ** bits8) {
        this.#head8 = new Int32Array(2 ** bits8);
      }
      if (this.#chain8.length < chain) this.#chain8 = new Int32Array(chain);
    }
    this.#shift3 = 32 - bits3;
    this.#shift4 = 32 - bits4;
    this.#nearMask = near - 1;
    this.#chainMask = chain - 1;

    if (this.#unused > 0x7fff_ffff - size) {
      this.#head2.fill(0);
      this.#head3.fill(0);
      this.#head4.fill(0);
      this.#head8.fill(0);
      this.#unused = 1;
    }
    this.#base = this.#unused - start;
    this.#unused += size;
    this.#src = src;
    this.#start = start;
    this.#end = end;
    this.#indexed = start;
  }

  /** Drops the reference to the document. */
  release(): void {
    this.#src = NOTHING;
  }

  #indexFrom(at: number): void {
    const src = this.#src;
    const base = this.#base;
    const head2 = this.#head2, head3 = this.#head3, head4 = this.#head4;
    const shift3 = this.#shift3, shift4 = this.#shift4;
    const near2 = this.#near2, near3 = this.#near3;
    const nearMask = this.#nearMask;
    const chain = this.#chain;
    const chainMask = this.#chainMask;

    let pos = this.#indexed;
    const stop = Math.min(at + AHEAD, this.#end);
    // The last three positions have no four bytes, and so no matches.
    const hashed = Math.min(stop, this.#end - 3);
    if (pos < hashed) {
      let four = src[pos] << 8 | src[pos + 1] << 16 | src[pos + 2] << 24;
      for (; pos < hashed; pos++) {
        four = four >>> 8 | src[pos + 3] << 24;
        const hash2 = Math.imul(four << 16, MIX) >>> 32 - HASH2_BITS;
        const hash3 = Math.imul(four << 8, MIX) >>> shift3;
        const hash4 = Math.imul(four, MIX) >>> shift4;
        near2[pos & nearMask] = head2[hash2] - base;
        near3[pos & nearMask] = head3[hash3] - base;
        chain[pos & chainMask] = head4[hash4] - base;
        head2[hash2] = head3[hash3] = head4[hash4] = base + pos;
      }
    }
    if (this.#large) this.#index8(this.#indexed, stop);
    for (; pos < stop; pos++) {
      near2[pos & nearMask] = near3[pos & nearMask] = -1;
      chain[pos & chainMask] = -1;
    }
    this.#indexed = stop;
  }

  #index8(pos: number, stop: number): void {
    const src = this.#src;
    const base = this.#base;
    const head8 = this.#head8;
    const shift8 = this.#shift8;
    const chain8 = this.#chain8;
    const chainMask = this.#chainMask;
    const hashed = Math.min(stop, this.#end - 7);
    if (pos < hashed) {
      let low = src[pos] << 8 | src[pos + 1] << 16 | src[pos + 2] << 24;
      let high = src[pos + 4] << 8 | src[pos + 5] << 16 | src[pos + 6] << 24;
      for (; pos < hashed; pos++) {
        low = low >>> 8 | src[pos + 3] << 24;
        high = high >>> 8 | src[pos + 7] << 24;
        const hash8 = (Math.imul(low, MIX) ^ Math.imul(high, MIX8)) >>> shift8;
        chain8[pos & chainMask] = head8[hash8] - base;
        head8[hash8] = base + pos;
      }
    }
    for (; pos < stop; pos++) chain8[pos & chainMask] = -1;
  }

  /**
   * Finds matches for the bytes at `at`: the nearest one of each length.
   *
   * @returns Their number in `lengths` and `distances`.
   */
  find(at: number): number {
    if (at >= this.#indexed) this.#indexFrom(at);
    const src = this.#src;
    const lengths = this.lengths;
    const distances = this.distances;
    let limit = this.#end - at;
    if (limit > this.#nice) limit = this.#nice;
    if (limit < 2) return 0;
    let first = at - this.#maxDistance;
    if (first < this.#start) first = this.#start;
    const slot = at & this.#nearMask;
    const byte0 = src[at];
    let count = 0;
    let best = 1;

    const near2 = this.#near2[slot];
    if (near2 >= first && src[near2] === byte0) {
      let length = 1;
      while (length < limit && src[near2 + length] === src[at + length]) {
        length++;
      }
      if (length > 1) {
        lengths[0] = best = length;
        distances[0] = at - near2 - 1;
        count = 1;
        if (length === limit) return this.#extended(at, count);
      }
    }

    const near3 = this.#near3[slot];
    if (
      near3 >= first && near3 !== near2 &&
      src[near3 + best] === src[at + best] && src[near3] === byte0
    ) {
      let length = 1;
      while (length < limit && src[near3 + length] === src[at + length]) {
        length++;
      }
      if (length > best) {
        lengths[count] = best = length;
        distances[count++] = at - near3 - 1;
        if (length === limit) return this.#extended(at, count);
      }
    }

    count = this.#follow(this.#chain, at, limit, first, best, count);
    if (count < 0) {
      count = ~count;
      if (this.#large) {
        best = count > 0 ? lengths[count - 1] : 1;
        count = this.#follow(this.#chain8, at, limit, first, best, count);
        if (count < 0) count = ~count;
      }
    }
    if (count > 0 && lengths[count - 1] === limit) {
      return this.#extended(at, count);
    }
    return count;
  }

  /**
   * Follows a chain from `at` and adds matches longer than `best` to the `count`
   * matches so far.
   *
   * @returns The new count, or its bitwise complement if the chain continues.
   */
  #follow(
    chain: Int32Array,
    at: number,
    limit: number,
    first: number,
    best: number,
    count: number,
  ): number {
    const src = this.#src;
    const chainMask = this.#chainMask;
    const byte0 = src[at];
    let wanted = src[at + best];
    let candidate = chain[at & chainMask];
    for (let depth = this.#depth; candidate >= first; depth--) {
      if (depth === 0) return ~count;
      // First the byte that only a longer match has in common.
      if (src[candidate + best] === wanted && src[candidate] === byte0) {
        let length = 1;
        while (length < limit && src[candidate + length] === src[at + length]) {
          length++;
        }
        if (length > best) {
          this.lengths[count] = best = length;
          this.distances[count++] = at - candidate - 1;
          if (length === limit) return count;
          wanted = src[at + best];
        }
      }
      candidate = chain[candidate & chainMask];
    }
    return count;
  }

  /** Extends a match that ended the search to its full length. */
  #extended(at: number, count: number): number {
    const src = this.#src;
    const limit = Math.min(this.#end - at, MATCH_MAX);
    const from = at - this.distances[count - 1] - 1;
    let length = this.lengths[count - 1];
    while (length < limit && src[from + length] === src[at + length]) length++;
    this.lengths[count - 1] = length;
    return count;
  }
}
