/**
 * The LZ4 block format: compressor and decompressor, without any framing.
 *
 * A block is a list of *sequences*. A sequence is some bytes to copy from the
 * block itself, the *literals*, and then some bytes to copy again from output
 * that already exists, the *match*:
 *
 * ```text
 * token          1 byte: literal length (high 4 bits), match length - 4 (low)
 * more length    only when the literal length in the token is 15: bytes that
 *                are added to it, up to and including the first that is not 255
 * literals       as many bytes as that length says
 * offset         2 bytes, little-endian: how far back the match begins, 1..65535
 * more length    only when the match length in the token is 15, as above
 * ```
 *
 * The last sequence ends after its literals. A match may reach into the bytes
 * it produces itself: offset 1 repeats the last byte. So that decompressors can
 * copy several bytes at a time, the last 5 bytes of a block are always
 * literals, and no match begins in its last 12 bytes.
 *
 * Positions here are positions in a whole `ArrayBuffer`, because a `DataView`
 * over the buffer can be kept from one document to the next, while a view over
 * each document would be an allocation per document.
 */

/** The farthest back a match can begin. */
const MAX_OFFSET = 65535;
/** The shortest match that the format can express. */
const MIN_MATCH = 4;
/** How many bytes at the end of a block are always literals. */
const LAST_LITERALS = 5;
/** How many bytes at the end of a block no match begins in. */
export const MATCH_FREE_END = 12;

/** Multiplier of the hash: 2^32 divided by the golden ratio. */
const HASH_MULTIPLIER = 0x9e3779b1 | 0;

/** {@linkcode decompressBlock} result: the output exceeds its limit. */
export const DOES_NOT_FIT = -1;
/** {@linkcode decompressBlock} result: the block ends within a sequence. */
export const CUT_SHORT = -2;
/** {@linkcode decompressBlock} result: a match with offset 0. */
export const ZERO_OFFSET = -3;
/** {@linkcode decompressBlock} result: a match from before the first byte. */
export const OFFSET_TOO_FAR = -4;

/** The largest position that these functions can handle. */
export const MAX_POSITION = 0x7fffffff;

/**
 * Both ways of looking at one buffer: as bytes, and as 32-bit words at any
 * position. Kept while successive arrays lie in the same buffer.
 */
export class BufferViews {
  /** The bytes. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same memory, for loads and stores of several bytes at once. */
  view: DataView = new DataView(this.bytes.buffer);
  #buffer: ArrayBufferLike = this.bytes.buffer;

  /**
   * Looks at the buffer behind `array`.
   *
   * @returns The position of `array`'s first byte.
   */
  see(array: Uint8Array): number {
    const { buffer, byteOffset } = array;
    if (byteOffset + array.length > MAX_POSITION) {
      // Positions must stay below 2^31: look at this part of the buffer only.
      const length = Math.min(array.length, MAX_POSITION);
      this.bytes = new Uint8Array(buffer, byteOffset, length);
      this.view = new DataView(buffer, byteOffset, length);
      this.#buffer = NO_BUFFER;
      return 0;
    }
    if (buffer !== this.#buffer) {
      this.bytes = new Uint8Array(buffer);
      this.view = new DataView(buffer);
      this.#buffer = buffer;
    }
    return byteOffset;
  }
}

const NO_BUFFER = new ArrayBuffer(0);

/** Compresses blocks; what it holds is reused from block to block. */
export interface BlockCompressor {
  /**
   * Compresses the bytes `from`..`to` of `src` into `dst` at position `at`,
   * writing nothing at or after `limit`.
   *
   * @returns The position after the last byte, or -1 when it does not fit.
   */
  compressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
  ): number;
}

/** Decompresses blocks. */
export interface BlockDecompressor {
  /**
   * Decompresses the block `from`..`to` of `src` into `dst` at position `at`,
   * writing nothing at or after `limit`. Matches may begin at `low` or later.
   *
   * @returns The position after the last byte, or one of the negative numbers
   * that say why there is none.
   */
  decompressBlock(
    src: BufferViews,
    from: number,
    to: number,
    dst: BufferViews,
    at: number,
    limit: number,
    low: number,
  ): number;
}

/** Copies `length` bytes between buffers. */
export function copyBytes(
  src: BufferViews,
  from: number,
  dst: BufferViews,
  at: number,
  length: number,
): void {
  const { bytes: s, view: sv } = src, { bytes: d, view: dv } = dst;
  let i = 0;
  for (const last = length - 8; i <= last; i += 8) {
    dv.setInt32(at + i, sv.getInt32(from + i, true), true);
    dv.setInt32(at + i + 4, sv.getInt32(from + i + 4, true), true);
  }
  for (; i < length; i++) d[at + i] = s[from + i];
}

/**
 * How many bytes from `p` on equal those `offset` bytes earlier. Stops at
 * `end`, or before it by as much as a word is wide.
 */
function commonLength(
  view: DataView,
  bytes: Uint8Array,
  p: number,
  offset: number,
  end: number,
): number {
  let q = p;
  if (q <= end - 8) {
    // Most matches end within 8 bytes: find out where without any branch that
    // the processor would have to guess. Equal bytes are the trailing zero
    // bits, divided by 8; the second word counts when the first has all four.
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
 * @returns The position after it, or -1 when it does not fit before `limit`
 * together with the shortest end that a block can have.
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
  // After the literals come at least an offset, a token and 5 literals: 8 bytes.
  if (literals < 15) {
    if (d + literals + 8 > limit) return -1;
    token = literals << 4;
  } else {
    if (d + literals + ((literals + 240) / 255 | 0) + 8 > limit) return -1;
    token = 0xf0;
    d = putLength(literals - 15, out, d);
  }
  // Copy 8 bytes at a time. Too many, mostly, but what is too much here is
  // overwritten by those 8 bytes; and a match begins 12 bytes before the end,
  // so that there is always enough to read.
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

/** Writes the part of a length that exceeds its 4 bits in the token. */
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
 * Finds matches fast: a table says, for each hash of 4 bytes, where such bytes
 * were seen last. Only that place is tried.
 *
 * The table is not cleared between blocks. Each block gets its own range of
 * numbers, from `base` on, and its positions are stored as numbers in that
 * range: whatever is below `base` was left by an earlier block. What a block
 * compresses to therefore depends on nothing but its content.
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

    // A small block uses only a small part of the table, which stays in cache.
    const log = Math.min(
      Math.max(32 - Math.clz32(length - 1), MIN_TABLE_LOG),
      MAX_TABLE_LOG,
    );
    const shift = 32 - log;
    const lastStart = to - MATCH_FREE_END;
    const matchEnd = to - LAST_LITERALS;
    // `p` begins after the first byte, so that the first byte can be what a
    // slot of the table without a position of this block stands for.
    let p = from + 1;
    let anchor = from;
    let d = at;

    search: while (p <= lastStart) {
      let candidate: number;
      for (;;) {
        const word = view.getInt32(p, true);
        const slot = Math.imul(word, HASH_MULTIPLIER) >>> shift;
        // Clear all bits of a negative number, that is one of an earlier
        // block, without a branch: half of them would be guessed wrong.
        const found = (table[slot] - base) | 0;
        candidate = from + (found & ~(found >> 31));
        table[slot] = base + (p - from);
        // Both conditions in one branch; the second is 0 within MAX_OFFSET.
        const differs = view.getInt32(candidate, true) ^ word;
        const tooFar = (MAX_OFFSET - (p - candidate)) >> 31;
        if ((differs | tooFar) === 0) break;
        // The longer nothing is found, the larger the steps.
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
      // One more position of those just skipped: it pays for itself.
      const word = view.getInt32(p - 2, true);
      const slot = Math.imul(word, HASH_MULTIPLIER) >>> shift;
      table[slot] = base + (p - 2 - from);
    }
    return putLastLiterals(src, anchor, to, dst, d, limit);
  }
}

const CHAIN_TABLE_LOG = 15;
/** A match of this length is taken without looking for a longer one. */
const LONG_ENOUGH = 128;

/**
 * Finds long matches: every position is linked to the one before it with the
 * same hash, and the chain of such positions is followed for a number of steps
 * that doubles with each level. A match is only taken when the next position
 * has no longer one.
 *
 * As in {@linkcode FastBlockCompressor}, nothing is cleared between blocks.
 */
export class ChainBlockCompressor implements BlockCompressor {
  readonly #attempts: number;
  /** For each hash, the number of the last position with it. */
  readonly #heads = new Int32Array(1 << CHAIN_TABLE_LOG);
  /** For each of the last 65,536 positions, the distance to the one before it. */
  readonly #chain = new Uint16Array(MAX_OFFSET + 1);
  #base = 1;
  /** The first position of the block that is not in a chain yet. */
  #next = 0;
  /** How far back the match begins that {@linkcode #longest} found. */
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
   * Looks for a match at `p` that is longer than `best`.
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
    // A distance of MAX_OFFSET or more always leads out of the window.
    let candidate = p - chain[p & MAX_OFFSET];
    while (candidate >= low && attempts-- > 0) {
      // Compare the byte that a longer match needs before all the others.
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

/** Above this length, the runtime's own copy is faster than a loop. */
const LONG_COPY = 512;

/**
 * Decompresses the block `from`..`to` of `src` into `dst` at position `at`,
 * writing nothing at or after `limit`. Matches may begin at `low` or later.
 *
 * @returns The position after the last byte, or {@linkcode DOES_NOT_FIT},
 * {@linkcode CUT_SHORT}, {@linkcode ZERO_OFFSET} or {@linkcode OFFSET_TOO_FAR}.
 */
export function decompressBlock(
  src: BufferViews,
  from: number,
  to: number,
  dst: BufferViews,
  at: number,
  limit: number,
  low: number,
): number {
  const { bytes: s, view: sv } = src, { bytes: d, view: dv } = dst;
  const safeIn = to - 48, safeOut = limit - 48;
  let p = from;
  let q = at;
  while (p < to) {
    // Short sequences, far from both ends: copies may copy too much, because
    // 48 more bytes of input are at least 40 more bytes of output, which will
    // overwrite what is too much. Everything else is left to the code below.
    while (p < safeIn && q < safeOut) {
      const token = s[p];
      const literals = token >>> 4;
      if (literals === 15) break;
      dv.setInt32(q, sv.getInt32(p + 1, true), true);
      dv.setInt32(q + 4, sv.getInt32(p + 5, true), true);
      if (literals > 8) {
        dv.setInt32(q + 8, sv.getInt32(p + 9, true), true);
        dv.setInt32(q + 12, sv.getInt32(p + 13, true), true);
      }
      const offset = sv.getUint16(p + 1 + literals, true);
      const length = token & 15;
      const t = q + literals;
      const m = t - offset;
      if (length === 15 || offset < 4 || m < low) break;
      // Word by word is right even when the match overlaps what it produces,
      // because each word is written before it is read.
      dv.setInt32(t, dv.getInt32(m, true), true);
      dv.setInt32(t + 4, dv.getInt32(m + 4, true), true);
      dv.setInt32(t + 8, dv.getInt32(m + 8, true), true);
      if (length > 12 - MIN_MATCH) {
        dv.setInt32(t + 12, dv.getInt32(m + 12, true), true);
        dv.setInt32(t + 16, dv.getInt32(m + 16, true), true);
      }
      p += literals + 3;
      q = t + length + MIN_MATCH;
    }

    // Any sequence at all, checked at every step.
    const token = s[p++];
    let length = token >>> 4;
    if (length === 15) {
      let more: number;
      do {
        if (p >= to) return CUT_SHORT;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    if (length > to - p) return CUT_SHORT;
    if (length > limit - q) return DOES_NOT_FIT;
    let end = q + length;
    for (const last = end - 8; q <= last; q += 8, p += 8) {
      dv.setInt32(q, sv.getInt32(p, true), true);
      dv.setInt32(q + 4, sv.getInt32(p + 4, true), true);
    }
    while (q < end) d[q++] = s[p++];
    if (p === to) return q;

    if (to - p < 2) return CUT_SHORT;
    const offset = sv.getUint16(p, true);
    p += 2;
    let m = q - offset;
    if (offset === 0) return ZERO_OFFSET;
    if (m < low) return OFFSET_TOO_FAR;
    length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let more: number;
      do {
        if (p >= to) return CUT_SHORT;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    if (length > limit - q) return DOES_NOT_FIT;
    end = q + length;
    if (length >= LONG_COPY) {
      // What was copied can be copied in turn: each copy is twice as long.
      while (q < end) {
        const size = Math.min(q - m, end - q);
        d.copyWithin(q, m, m + size);
        q += size;
      }
      continue;
    }
    if (offset >= 4) {
      for (const last = end - 4; q <= last; q += 4, m += 4) {
        dv.setInt32(q, dv.getInt32(m, true), true);
      }
    }
    while (q < end) d[q++] = d[m++];
  }
  // A block ends with literals, and even an empty one has a token.
  return CUT_SHORT;
}

/** The decompressor of this module, for those who choose between several. */
export const blockDecompressor: BlockDecompressor = { decompressBlock };

/**
 * Walks through the block `from`..`to` without decompressing it.
 *
 * @param history How many bytes before the block its matches can reach.
 * @returns The size of its content, or {@linkcode CUT_SHORT},
 * {@linkcode ZERO_OFFSET} or {@linkcode OFFSET_TOO_FAR}.
 */
export function measureBlock(
  src: BufferViews,
  from: number,
  to: number,
  history: number,
): number {
  const { bytes: s } = src;
  let p = from;
  let size = 0;
  while (p < to) {
    const token = s[p++];
    let length = token >>> 4;
    if (length === 15) {
      let more: number;
      do {
        if (p >= to) return CUT_SHORT;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    if (length > to - p) return CUT_SHORT;
    p += length;
    size += length;
    if (p === to) return size;
    if (to - p < 2) return CUT_SHORT;
    const offset = s[p] | s[p + 1] << 8;
    p += 2;
    if (offset === 0) return ZERO_OFFSET;
    if (offset > size + history) return OFFSET_TOO_FAR;
    length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let more: number;
      do {
        if (p >= to) return CUT_SHORT;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    size += length;
  }
  return CUT_SHORT;
}
