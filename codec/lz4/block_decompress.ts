/** The decompressor of LZ4 blocks; `block.ts` describes the format. */
import { readUint16 } from "../bytes.ts";
import {
  type BlockDecompressor,
  type BufferViews,
  DOES_NOT_FIT,
  MIN_MATCH,
  OFFSET_TOO_FAR,
  TRUNCATED,
  ZERO_OFFSET,
} from "./block.ts";

/** From this length on, `copyWithin()` is faster than a loop. */
const LONG_COPY = 512;

/**
 * Decompresses the block `from`..`to` of `src` into `dst` at position `at`,
 * writing nothing at or after `limit`. Matches may begin at `low` or later.
 *
 * @returns The position after the last byte, or {@linkcode DOES_NOT_FIT},
 * {@linkcode TRUNCATED}, {@linkcode ZERO_OFFSET} or {@linkcode OFFSET_TOO_FAR}.
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
    // Short sequences, far from both ends. Copies may write too much: at least 48
    // more bytes of input produce at least 40 more bytes of output, which
    // overwrite the surplus. Everything else is left to the code below.
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
      // Copying words is correct even if the match overlaps its output, because
      // each word is written before it is read.
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

    // Any sequence, with all checks.
    const token = s[p++];
    let length = token >>> 4;
    if (length === 15) {
      let more: number;
      do {
        if (p >= to) return TRUNCATED;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    if (length > to - p) return TRUNCATED;
    if (length > limit - q) return DOES_NOT_FIT;
    let end = q + length;
    for (const last = end - 8; q <= last; q += 8, p += 8) {
      dv.setInt32(q, sv.getInt32(p, true), true);
      dv.setInt32(q + 4, sv.getInt32(p + 4, true), true);
    }
    while (q < end) d[q++] = s[p++];
    if (p === to) return q;

    if (to - p < 2) return TRUNCATED;
    const offset = sv.getUint16(p, true);
    p += 2;
    let m = q - offset;
    if (offset === 0) return ZERO_OFFSET;
    if (m < low) return OFFSET_TOO_FAR;
    length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let more: number;
      do {
        if (p >= to) return TRUNCATED;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    if (length > limit - q) return DOES_NOT_FIT;
    end = q + length;
    if (length >= LONG_COPY) {
      // Each copy includes the bytes copied before, so its size doubles.
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
  // A block ends with literals; even an empty one has a token.
  return TRUNCATED;
}

/** {@linkcode decompressBlock} as an object, to be exchanged for another one. */
export const blockDecompressor: BlockDecompressor = { decompressBlock };

/**
 * Measures the content of the block `from`..`to` without decompressing it.
 *
 * @param history Bytes before the block that its matches can reach.
 * @returns The size of its content, or {@linkcode TRUNCATED},
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
        if (p >= to) return TRUNCATED;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    if (length > to - p) return TRUNCATED;
    p += length;
    size += length;
    if (p === to) return size;
    if (to - p < 2) return TRUNCATED;
    const offset = readUint16(s, p);
    p += 2;
    if (offset === 0) return ZERO_OFFSET;
    if (offset > size + history) return OFFSET_TOO_FAR;
    length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let more: number;
      do {
        if (p >= to) return TRUNCATED;
        more = s[p++];
        length += more;
      } while (more === 255);
    }
    size += length;
  }
  return TRUNCATED;
}
