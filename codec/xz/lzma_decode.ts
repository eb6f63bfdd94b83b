import {
  AFTER_LITERAL,
  AFTER_MATCH,
  AFTER_REP,
  AFTER_SHORT_REP,
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
  MATCH_MIN,
  modelSize,
  PROB_INIT,
  REP_LEN,
} from "./lzma_model.ts";
import { CorruptDataError } from "../errors.ts";

/** Largest lc + lp in LZMA2. */
const MAX_LITERAL_BITS = 4;

/**
 * Decodes LZMA chunks of an LZMA2 stream. The output array is the dictionary:
 * matches are copied from the bytes before the current position.
 */
export class LzmaDecoder {
  readonly #probs = new Uint16Array(modelSize(MAX_LITERAL_BITS));
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  #lc = 0;
  #lpMask = 0;
  #pbMask = 0;

  /** The state reset of LZMA2: resets all probabilities. */
  resetState(): void {
    this.#probs.fill(
      PROB_INIT,
      0,
      LITERAL + 0x300 * (this.#lpMask + 1 << this.#lc),
    );
    this.#state = 0;
    this.#rep0 =
      this.#rep1 =
      this.#rep2 =
      this.#rep3 =
        0;
  }

  /** Sets lc, lp and pb from their byte, and resets the state. */
  setProps(byte: number): void {
    const lc = byte % 9;
    const lp = (byte - lc) / 9 % 5;
    const pb = (byte - lc - 9 * lp) / 45;
    if (pb > 4 || lc + lp > MAX_LITERAL_BITS) {
      throw new CorruptDataError(
        "xz",
        `invalid properties of a chunk (lc ${lc}, lp ${lp}, pb ${pb})`,
      );
    }
    this.#lc = lc;
    this.#lpMask = (1 << lp) - 1;
    this.#pbMask = (1 << pb) - 1;
    this.resetState();
  }

  /**
   * Decodes the chunk in `src` from `at` to `srcEnd` into `out` at `pos`. Its decoded
   * size is `size` bytes.
   *
   * @param dictStart Position in `out` of the dictionary.
   * @param dictSize The declared size of the dictionary.
   * @param phase Bytes since the last dictionary reset, minus `pos`, modulo 16.
   * @returns The end of the output, or -1 if it does not fit into `out`.
   */
  decode(
    src: Uint8Array,
    at: number,
    srcEnd: number,
    out: Uint8Array,
    pos: number,
    size: number,
    dictStart: number,
    dictSize: number,
    phase: number,
  ): number {
    const probs = this.#probs;
    const lc = this.#lc;
    const lcShift = 8 - lc;
    const lpMask = this.#lpMask;
    const pbMask = this.#pbMask;
    let state = this.#state;
    let rep0 = this.#rep0;
    let rep1 = this.#rep1;
    let rep2 = this.#rep2;
    let rep3 = this.#rep3;

    const chunkEnd = pos + size;
    const stop = Math.min(chunkEnd, out.length);

    // The range coder. `range` and `code` are unsigned, but stored as signed
    // integers, which stay in registers without conversions; only the comparison
    // of `code` with `bound` is unsigned. Every bit is decoded inline: calls would
    // move the coder to memory.
    if (srcEnd - at < 5 || src[at] !== 0) {
      throw new CorruptDataError("xz", "invalid beginning of a chunk");
    }
    let range = -1;
    let code = src[at + 1] << 24 | src[at + 2] << 16 | src[at + 3] << 8 |
      src[at + 4];
    at += 5;
    let bound = 0;
    let prob = 0;

    let previous = pos > dictStart ? out[pos - 1] : 0;

    while (pos < stop) {
      // A symbol has at most about 30 bytes, fewer than follow a chunk in a file, so
      // one check per symbol keeps reads inside.
      if (at > srcEnd) break;
      const posState = pos + phase & pbMask;

      let index = IS_MATCH + (state << 4) + posState;
      if (range >>> 24 === 0) {
        range <<= 8;
        code = code << 8 | src[at++];
      }
      prob = probs[index];
      bound = Math.imul(range >>> 11, prob);
      if (code >>> 0 < bound >>> 0) {
        range = bound;
        probs[index] = prob + (2048 - prob >>> 5);

        // A literal: eight bits along a tree selected by position and last byte.
        const tree = LITERAL +
          0x300 * (((pos + phase & lpMask) << lc) + (previous >>> lcShift));
        let symbol = 1;
        if (state >= 7) {
          // After a match, the byte that would have continued it selects the
          // subtree until the first bit that differs.
          let expected = out[pos - rep0 - 1] << 1;
          let steer = 0x100;
          do {
            const bit = expected & steer;
            index = tree + steer + bit + symbol;
            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | src[at++];
            }
            prob = probs[index];
            bound = Math.imul(range >>> 11, prob);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[index] = prob + (2048 - prob >>> 5);
              symbol <<= 1;
              steer ^= bit;
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              probs[index] = prob - (prob >>> 5);
              symbol = symbol << 1 | 1;
              steer = bit;
            }
            expected <<= 1;
          } while (symbol < 0x100);
        } else {
          do {
            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | src[at++];
            }
            prob = probs[tree + symbol];
            bound = Math.imul(range >>> 11, prob);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[tree + symbol] = prob + (2048 - prob >>> 5);
              symbol <<= 1;
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              probs[tree + symbol] = prob - (prob >>> 5);
              symbol = symbol << 1 | 1;
            }
          } while (symbol < 0x100);
        }
        previous = symbol & 0xff;
        out[pos++] = previous;
        state = AFTER_LITERAL[state];
        continue;
      }
      range = range - bound | 0;
      code = code - bound | 0;
      probs[index] = prob - (prob >>> 5);

      let lenCoder = MATCH_LEN;
      index = IS_REP + state;
      if (range >>> 24 === 0) {
        range <<= 8;
        code = code << 8 | src[at++];
      }
      prob = probs[index];
      bound = Math.imul(range >>> 11, prob);
      if (code >>> 0 < bound >>> 0) {
        // A match with a new distance, which is decoded after the length.
        range = bound;
        probs[index] = prob + (2048 - prob >>> 5);
        rep3 = rep2;
        rep2 = rep1;
        rep1 = rep0;
        state = AFTER_MATCH[state];
      } else {
        // A match with one of the last four distances.
        range = range - bound | 0;
        code = code - bound | 0;
        probs[index] = prob - (prob >>> 5);
        lenCoder = REP_LEN;
        index = IS_REP0 + state;
        if (range >>> 24 === 0) {
          range <<= 8;
          code = code << 8 | src[at++];
        }
        prob = probs[index];
        bound = Math.imul(range >>> 11, prob);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[index] = prob + (2048 - prob >>> 5);
          index = IS_REP0_LONG + (state << 4) + posState;
          if (range >>> 24 === 0) {
            range <<= 8;
            code = code << 8 | src[at++];
          }
          prob = probs[index];
          bound = Math.imul(range >>> 11, prob);
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            probs[index] = prob + (2048 - prob >>> 5);
            if (rep0 >= pos - dictStart) break;
            previous = out[pos - rep0 - 1];
            out[pos++] = previous;
            state = AFTER_SHORT_REP[state];
            continue;
          }
          range = range - bound | 0;
          code = code - bound | 0;
          probs[index] = prob - (prob >>> 5);
        } else {
          range = range - bound | 0;
          code = code - bound | 0;
          probs[index] = prob - (prob >>> 5);
          index = IS_REP1 + state;
          if (range >>> 24 === 0) {
            range <<= 8;
            code = code << 8 | src[at++];
          }
          prob = probs[index];
          bound = Math.imul(range >>> 11, prob);
          let distance = rep1;
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            probs[index] = prob + (2048 - prob >>> 5);
          } else {
            range = range - bound | 0;
            code = code - bound | 0;
            probs[index] = prob - (prob >>> 5);
            index = IS_REP2 + state;
            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | src[at++];
            }
            prob = probs[index];
            bound = Math.imul(range >>> 11, prob);
            distance = rep2;
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[index] = prob + (2048 - prob >>> 5);
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              probs[index] = prob - (prob >>> 5);
              distance = rep3;
              rep3 = rep2;
            }
            rep2 = rep1;
          }
          rep1 = rep0;
          rep0 = distance;
        }
        state = AFTER_REP[state];
      }

      // The length: a choice of three trees.
      let tree = lenCoder + LEN_LOW + (posState << 3);
      let leaves = 8;
      let length = MATCH_MIN - 8;
      index = lenCoder + LEN_CHOICE;
      if (range >>> 24 === 0) {
        range <<= 8;
        code = code << 8 | src[at++];
      }
      prob = probs[index];
      bound = Math.imul(range >>> 11, prob);
      if (code >>> 0 < bound >>> 0) {
        range = bound;
        probs[index] = prob + (2048 - prob >>> 5);
      } else {
        range = range - bound | 0;
        code = code - bound | 0;
        probs[index] = prob - (prob >>> 5);
        index = lenCoder + LEN_CHOICE2;
        if (range >>> 24 === 0) {
          range <<= 8;
          code = code << 8 | src[at++];
        }
        prob = probs[index];
        bound = Math.imul(range >>> 11, prob);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[index] = prob + (2048 - prob >>> 5);
          tree = lenCoder + LEN_MID + (posState << 3);
          length = MATCH_MIN + 8 - 8;
        } else {
          range = range - bound | 0;
          code = code - bound | 0;
          probs[index] = prob - (prob >>> 5);
          tree = lenCoder + LEN_HIGH;
          leaves = 256;
          length = MATCH_MIN + 16 - 256;
        }
      }
      let symbol = 1;
      do {
        if (range >>> 24 === 0) {
          range <<= 8;
          code = code << 8 | src[at++];
        }
        prob = probs[tree + symbol];
        bound = Math.imul(range >>> 11, prob);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[tree + symbol] = prob + (2048 - prob >>> 5);
          symbol <<= 1;
        } else {
          range = range - bound | 0;
          code = code - bound | 0;
          probs[tree + symbol] = prob - (prob >>> 5);
          symbol = symbol << 1 | 1;
        }
      } while (symbol < leaves);
      length += symbol;

      if (lenCoder === MATCH_LEN) {
        // The distance slot: the two highest bits and the number of bits.
        tree = DIST_SLOT + (Math.min(length - MATCH_MIN, 3) << 6);
        symbol = 1;
        do {
          if (range >>> 24 === 0) {
            range <<= 8;
            code = code << 8 | src[at++];
          }
          prob = probs[tree + symbol];
          bound = Math.imul(range >>> 11, prob);
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            probs[tree + symbol] = prob + (2048 - prob >>> 5);
            symbol <<= 1;
          } else {
            range = range - bound | 0;
            code = code - bound | 0;
            probs[tree + symbol] = prob - (prob >>> 5);
            symbol = symbol << 1 | 1;
          }
        } while (symbol < 64);
        const slot = symbol - 64;
        rep0 = slot;
        if (slot >= 4) {
          let bits = (slot >>> 1) - 1;
          rep0 = (2 | slot & 1) << bits;
          tree = DIST_SPECIAL + rep0 - slot - 1;
          if (slot >= 14) {
            // The middle bits have no model: each halves the range.
            for (; bits > 4; bits--) {
              if (range >>> 24 === 0) {
                range <<= 8;
                code = code << 8 | src[at++];
              }
              range >>>= 1;
              if (code >>> 0 >= range >>> 0) {
                code = code - range | 0;
                rep0 += 1 << bits - 1;
              }
            }
            tree = DIST_ALIGN;
          }
          symbol = 1;
          for (let i = 0; i < bits; i++) {
            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | src[at++];
            }
            prob = probs[tree + symbol];
            bound = Math.imul(range >>> 11, prob);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[tree + symbol] = prob + (2048 - prob >>> 5);
              symbol <<= 1;
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              probs[tree + symbol] = prob - (prob >>> 5);
              symbol = symbol << 1 | 1;
              rep0 += 1 << i;
            }
          }
        }
      }

      // Distances from 2 GiB on are negative here, and beyond any dictionary.
      if (rep0 < 0 || rep0 >= pos - dictStart || rep0 >= dictSize) break;
      if (length > chunkEnd - pos) break;
      let from = pos - rep0 - 1;
      if (length > stop - pos) length = stop - pos;
      const copyEnd = pos + length;
      if (length > 64 && rep0 >= length) {
        out.copyWithin(pos, from, from + length);
        pos = copyEnd;
      } else {
        // Byte by byte, because a match may overlap its output.
        do out[pos++] = out[from++]; while (pos < copyEnd);
      }
      previous = out[pos - 1];
    }

    if (pos < stop || at > srcEnd) {
      throw new CorruptDataError(
        "xz",
        at > srcEnd
          ? "a chunk ends before all of its data"
          : "a match begins before the dictionary",
      );
    }
    if (stop < chunkEnd) return -1;
    if (range >>> 24 === 0) code = code << 8 | src[at++];
    if (at !== srcEnd || code !== 0) {
      throw new CorruptDataError("xz", "invalid end of a chunk");
    }
    this.#state = state;
    this.#rep0 = rep0;
    this.#rep1 = rep1;
    this.#rep2 = rep2;
    this.#rep3 = rep3;
    return pos;
  }
}
