import { modelSize, PROB_INIT } from "./lzma_model.ts";

/** Capacity of the queue, in decisions. */
const QUEUE_SIZE = 4096;
/** Most decisions of one symbol, rounded up. */
const SYMBOL_MAX = 64;
/** Number of queued decisions from which on they should be encoded. */
export const QUEUE_FULL: number = 2048;

/**
 * Most bytes of output for a full queue and the last bytes of a chunk: a decision
 * has at most seven bits.
 */
export const MAX_GROWTH: number = (QUEUE_FULL + SYMBOL_MAX) * 7 / 8 + 16;

const NOTHING = new Uint8Array(0);

/**
 * The probability model and the range coder of an encoder.
 *
 * Decisions are queued first: encoding many of them in one loop keeps the state of
 * the range coder in registers.
 */
export class RangeEncoder {
  /** The probabilities; `lzma_model.ts` has their layout. */
  readonly probs = new Uint16Array(modelSize(4));
  /**
   * Decisions: the index of the probability times two plus the bit; for bits without
   * a model, -2 plus the bit.
   */
  readonly queue = new Int32Array(QUEUE_SIZE);
  /** Number of queued decisions. */
  queued = 0;
  /** Position of the next byte of output, which may be beyond its end. */
  pos = 0;

  #dst: Uint8Array = NOTHING;
  #low = 0;
  #range = -1;
  #carry = 0;
  // The last byte that was not 0xff, and the number of bytes that wait for a carry:
  // that one and all 0xff after it.
  #cache = 0;
  #waiting = 1;

  /** Resets the first `size` probabilities. */
  resetProbs(size: number): void {
    this.probs.fill(PROB_INIT, 0, size);
  }

  /** Starts a chunk at `pos` of `dst`. */
  start(dst: Uint8Array, pos: number): void {
    this.#dst = dst;
    this.pos = pos;
    this.queued = 0;
    this.#low = 0;
    this.#range = -1;
    this.#carry = 0;
    this.#cache = 0;
    this.#waiting = 1;
  }

  /** The end of the chunk if no more decisions follow. */
  get end(): number {
    return this.pos + this.#waiting + 4;
  }

  /** Encodes the queued decisions. */
  flush(): void {
    const { probs, queue, queued } = this;
    // As in the decoder, unsigned values are stored as signed integers.
    let low = this.#low;
    let range = this.#range;
    for (let i = 0; i < queued; i++) {
      const decision = queue[i];
      if (decision >= 0) {
        const prob = probs[decision >>> 1];
        const bound = Math.imul(range >>> 11, prob);
        if ((decision & 1) === 0) {
          range = bound;
          probs[decision >>> 1] = prob + (2048 - prob >>> 5);
        } else {
          low = low + bound | 0;
          if (low >>> 0 < bound >>> 0) this.#carry = 1;
          range = range - bound | 0;
          probs[decision >>> 1] = prob - (prob >>> 5);
        }
      } else {
        range >>>= 1;
        if ((decision & 1) !== 0) {
          low = low + range | 0;
          if (low >>> 0 < range >>> 0) this.#carry = 1;
        }
      }
      if (range >>> 24 === 0) {
        range <<= 8;
        this.#shift(low);
        low <<= 8;
      }
    }
    this.#low = low;
    this.#range = range;
    this.queued = 0;
  }

  /** Ends the chunk. Returns its end, which may be beyond the output. */
  finish(): number {
    this.flush();
    for (let i = 0; i < 5; i++) {
      this.#shift(this.#low);
      this.#low <<= 8;
    }
    this.#dst = NOTHING;
    return this.pos;
  }

  /** Moves the highest byte of `low` towards the output. */
  #shift(low: number): void {
    if (this.#carry === 0 && low >>> 24 === 0xff) {
      this.#waiting++;
      return;
    }
    const dst = this.#dst;
    let pos = this.pos;
    let byte = this.#cache + this.#carry;
    const rest = 0xff + this.#carry;
    for (let i = this.#waiting; i > 0; i--) {
      if (pos < dst.length) dst[pos] = byte;
      pos++;
      byte = rest;
    }
    this.pos = pos;
    this.#waiting = 1;
    this.#carry = 0;
    this.#cache = low >>> 24;
  }
}
