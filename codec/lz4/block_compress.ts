/** Compressors of LZ4 blocks; `block.ts` describes the format. */
import {
  type BlockCompressor,
  type BufferViews,
  copyBytes,
  LAST_LITERALS,
  MATCH_FREE_END,
  MAX_OFFSET,
  MAX_POSITION,
  MIN_MATCH,
} from "./block.ts";

/** Multiplier of the hash: 2^32 divided by the golden ratio. */
const HASH_MULTIPLIER = 0x9e3779b1 | 0;

/** Returns how many bytes from `p` to `end` equal those `offset` bytes earlier. */
function commonLength(
  view: DataView,
  bytes: Uint8Array,
  p: number,
  offset: number,
  end: number,
): number {
  let q = p;
  if (q <= end - 8) {
    // Most matches end within 8 bytes, so these are compared without a branch
    // that could be mispredicted. The number of equal bytes is the number of
    // trailing zero bits divided by 8; the second word counts only if the first
    // one is equal.
    const x = view.getInt32(q, true) ^ view.getInt32(q - offset, true);
    const y = view.getInt32(q + 4, true) ^ view.getInt32(q + 4 - offset, true);
    const first = (32 - Math.clz32(~x & (x - 1))) >> 3;
    const second = (32 - Math.clz32(~y & (y - 1))) >> 3;
    const equal = first + (second & -(first >> 2));
    if (equal < 8) return equal;
    q += 8;
    for (const last = end - 4; q <= last; q += 4) {
      const z = view.getInt32(q, true) ^ view.getInt32(q - offset, true);
      if (z !== 0) return q - p + ((31 - Math.clz32(z & -z)) >> 3);
    }
  }
  while (q < end && bytes[q] === bytes[q - offset]) q++;
  return q - p;
}

/**
 * Writes one sequence: the literals `anchor`..`anchor + literals`, and a match.
 *
 * @returns The position after it, or -1 if it does not fit before `limit`
 * together with the shortest possible end of a block.
 */
function putSequence(
  src: BufferViews,
  anchor: number,
  literals: number,
  offset: number,
  matchLength: number,
  dst: BufferViews,
  at: number,
  limit: number,
): number {
  const { view: sv } = src, { bytes: out, view: dv } = dst;
  let d = at + 1;
  let token: number;
  // At least an offset, a token and 5 literals follow: 8 bytes.
  if (literals < 15) {
    if (d + literals + 8 > limit) return -1;
    token = literals << 4;
  } else {
    if (d + literals + ((literals + 240) / 255 | 0) + 8 > limit) return -1;
    token = 0xf0;
    d = putLength(literals - 15, out, d);
  }
  // Copies 8 bytes at a time, usually too many. The surplus is overwritten by the
  // 8 bytes that follow, and there is enough to read, because a match begins at
  // least 12 bytes before the end.
  const end = d + literals;
  let s = anchor;
  do {
    dv.setInt32(d, sv.getInt32(s, true), true);
    dv.setInt32(d + 4, sv.getInt32(s + 4, true), true);
    d += 8;
    s += 8;
  } while (d < end);
  d = end;
  dv.setUint16(d, offset, true);
  d += 2;
  const rest = matchLength - MIN_MATCH;
  if (rest < 15) {
    out[at] = token | rest;
    return d;
  }
  if (d + ((rest + 240) / 255 | 0) + 6 > limit) return -1;
  out[at] = token | 15;
  return putLength(rest - 15, out, d);
}

/** Writes the part of a length that does not fit into its 4 bits of the token. */
function putLength(rest: number, out: Uint8Array, at: number): number {
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}

/** Writes the last sequence of a block: literals only. */
export function putLastLiterals(
  src: BufferViews,
  anchor: number,
  end: number,
  dst: BufferViews,
  at: number,
  limit: number,
): number {
  const literals = end - anchor;
  const more = literals < 15 ? 0 : (literals + 240) / 255 | 0;
  if (at + 1 + more + literals > limit) return -1;
  let d = at + 1;
  if (literals < 15) {
    dst.bytes[at] = literals << 4;
  } else {
    dst.bytes[at] = 0xf0;
    d = putLength(literals - 15, dst.bytes, d);
  }
  copyBytes(src, anchor, dst, d, literals);
  return d + literals;
}

const MIN_TABLE_LOG = 11;
const MAX_TABLE_LOG = 14;

/**
 * Finds matches fast: a table has the last position of each hash of 4 bytes, and
 * only that position is tried.
 *
 * The table is not cleared between blocks. Each block stores its positions as
 * numbers in a range of its own, from `base` on; a number below `base` is from an
 * earlier block. So the output for a block depends on its content alone.
 */
export class FastBlockCompressor implements BlockCompressor {
  readonly #table = new Int32Array(1 << MAX_TABLE_LOG);
  #base = 1;

  /** Compresses one block; see {@linkcode BlockCompressor.compressBlock}. */
  compressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
  ): number {
    const { bytes, view } = src;
    const table = this.#table;
    const length = to - from;
    if (this.#base > MAX_POSITION - length) {
      table.fill(0);
      this.#base = 1;
    }
    const base = this.#base;
    this.#base += length;

    // A small block uses a small part of the table, which stays in the cache.
    const log = Math.min(
      Math.max(32 - Math.clz32(length - 1), MIN_TABLE_LOG),
      MAX_TABLE_LOG,
    );
    const shift = 32 - log;
    const lastStart = to - MATCH_FREE_END;
    const matchEnd = to - LAST_LITERALS;
    // `p` begins at the second byte: a slot without a position of this block reads
    // as the first byte.
    let p = from + 1;
    let anchor = from;
    let d = at;

    search: while (p <= lastStart) {
      let candidate: number;
      for (;;) {
        const word = view.getInt32(p, true);
        const slot = Math.imul(word, HASH_MULTIPLIER) >>> shift;
        // A negative number is from an earlier block and becomes 0, without a
        // branch, which would be mispredicted half of the time.
        const found = (table[slot] - base) | 0;
        candidate = from + (found & ~(found >> 31));
        table[slot] = base + (p - from);
        // One branch for both conditions; `tooFar` is 0 within MAX_OFFSET.
        const differs = view.getInt32(candidate, true) ^ word;
        const tooFar = (MAX_OFFSET - (p - candidate)) >> 31;
        if ((differs | tooFar) === 0) break;
        // The steps grow with the distance from the last match.
        p += 1 + ((p - anchor) >> 6);
        if (p > lastStart) break search;
      }
      const offset = p - candidate;
      let start = p;
      while (
        start > anchor && start - offset > from &&
        bytes[start - 1] === bytes[start - offset - 1]
      ) start--;
      p += MIN_MATCH;
      p += commonLength(view, bytes, p, offset, matchEnd);
      d = putSequence(
        src,
        anchor,
        start - anchor,
        offset,
        p - start,
        dst,
        d,
        limit,
      );
      if (d < 0) return -1;
      anchor = p;
      if (p > lastStart) break;
      // Adding one of the skipped positions finds more than it costs.
      const word = view.getInt32(p - 2, true);
      const slot = Math.imul(word, HASH_MULTIPLIER) >>> shift;
      table[slot] = base + (p - 2 - from);
    }
    return putLastLiterals(src, anchor, to, dst, d, limit);
  }
}

const CHAIN_TABLE_LOG = 15;
/** A match of this length ends the search for a longer one. */
const LONG_ENOUGH = 128;

/**
 * Finds long matches: every position is linked to the previous one with the same
 * hash, and this chain is followed for a number of steps that doubles with each
 * level. A match is used only if the next position has no longer one (lazy
 * matching).
 *
 * As in {@linkcode FastBlockCompressor}, nothing is cleared between blocks.
 */
export class ChainBlockCompressor implements BlockCompressor {
  readonly #attempts: number;
  /** The number of the last position of each hash. */
  readonly #heads = new Int32Array(1 << CHAIN_TABLE_LOG);
  /** For each of the last 65,536 positions, the distance to the previous one in its chain. */
  readonly #chain = new Uint16Array(MAX_OFFSET + 1);
  #base = 1;
  /** First position of the block that is not in a chain yet. */
  #next = 0;
  /** Distance of the match that {@linkcode #longest} found. */
  #offset = 0;

  /** Creates a compressor for a level from 3 to 9. */
  constructor(level: number) {
    this.#attempts = 1 << (level - 1);
  }

  /** Compresses one block; see {@linkcode BlockCompressor.compressBlock}. */
  compressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
  ): number {
    const { bytes } = src;
    if (this.#base > MAX_POSITION - (to - from)) {
      this.#heads.fill(0);
      this.#base = 1;
    }
    this.#next = from;
    const lastStart = to - MATCH_FREE_END;
    let p = from;
    let anchor = from;
    let d = at;
    while (p <= lastStart) {
      let length = this.#longest(src, from, to, p, MIN_MATCH - 1);
      if (length < MIN_MATCH) {
        p++;
        continue;
      }
      let offset = this.#offset;
      while (length < LONG_ENOUGH && p < lastStart) {
        const longer = this.#longest(src, from, to, p + 1, length);
        if (longer <= length) break;
        length = longer;
        offset = this.#offset;
        p++;
      }
      let start = p;
      while (
        start > anchor && start - offset > from &&
        bytes[start - 1] === bytes[start - offset - 1]
      ) start--;
      p += length;
      d = putSequence(
        src,
        anchor,
        start - anchor,
        offset,
        p - start,
        dst,
        d,
        limit,
      );
      if (d < 0) break;
      anchor = p;
    }
    this.#base += to - from;
    return d < 0 ? -1 : putLastLiterals(src, anchor, to, dst, d, limit);
  }

  /**
   * Searches a match at `p` that is longer than `best`.
   *
   * @returns Its length, or `best`.
   */
  #longest(
    src: BufferViews,
    from: number,
    to: number,
    p: number,
    best: number,
  ): number {
    const { bytes, view } = src;
    const heads = this.#heads, chain = this.#chain;
    const shift = 32 - CHAIN_TABLE_LOG;
    const base = this.#base;
    for (let q = this.#next; q <= p; q++) {
      const slot = Math.imul(view.getInt32(q, true), HASH_MULTIPLIER) >>> shift;
      const number = base + (q - from);
      chain[q & MAX_OFFSET] = Math.min(number - heads[slot], MAX_OFFSET);
      heads[slot] = number;
    }
    this.#next = Math.max(this.#next, p + 1);

    const word = view.getInt32(p, true);
    const matchEnd = to - LAST_LITERALS;
    const low = Math.max(from, p - MAX_OFFSET);
    let attempts = this.#attempts;
    // A distance of MAX_OFFSET always leads out of the window.
    let candidate = p - chain[p & MAX_OFFSET];
    while (candidate >= low && attempts-- > 0) {
      // First the byte that only a longer match has in common.
      if (
        bytes[candidate + best] === bytes[p + best] &&
        view.getInt32(candidate, true) === word
      ) {
        const offset = p - candidate;
        const length = MIN_MATCH +
          commonLength(view, bytes, p + MIN_MATCH, offset, matchEnd);
        if (length > best) {
          best = length;
          this.#offset = offset;
          if (p + best >= matchEnd) break;
        }
      }
      candidate -= chain[candidate & MAX_OFFSET];
    }
    return best;
  }
}
