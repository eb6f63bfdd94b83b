import { modelSize, PROB_INIT } from "./lzma_model.ts";

/** So many decisions fit into the queue. */
const QUEUE_SIZE = 4096;
/** Decisions that one symbol takes at most, rounded up. */
const SYMBOL_MAX = 64;
/** From so many queued decisions on, they should be coded. */
export const QUEUE_FULL: number = 2048;

/**
 * What coding a full queue adds to the output at most, in bytes, together with
 * the last bytes of a chunk: a decision takes seven bits at the very most.
 */
export const MAX_GROWTH: number = (QUEUE_FULL + SYMBOL_MAX) * 7 / 8 + 16;

const NOTHING = new Uint8Array(0);

/**
 * The probability model and the range coder of an encoder.
 *
 * Decisions are put into a queue first. Coding many of them in one loop keeps
 * the state of the range coder in registers.
 */
export class RangeEncoder {
  /** The probabilities; where which lies is in `_lzma_model.ts`. */
  readonly probs = new Uint16Array(modelSize(4));
  /**
   * Decisions: index of the probability times two plus the bit, or, for bits
   * without a model, -2 plus the bit.
   */
  readonly queue = new Int32Array(QUEUE_SIZE);
  /** How many decisions are queued. */
  queued = 0;
  /** Where in the output the next byte goes, maybe beyond its end. */
  pos = 0;

  #dst: Uint8Array = NOTHING;
  #low = 0;
  #range = -1;
  #carry = 0;
  // The last byte that was not 0xff, and how many bytes wait for a carry: that
  // one and all 0xff after it.
  #cache = 0;
  #waiting = 1;

  /** Forgets everything learned by the first `size` probabilities. */
  resetProbs(size: number): void {
    this.probs.fill(PROB_INIT, 0, size);
  }

  /** Begins a chunk at `pos` of `dst`. */
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

  /** Where the chunk would end if nothing followed what has been coded. */
  get end(): number {
    return this.pos + this.#waiting + 4;
  }

  /** Codes the queued decisions. */
  flush(): void {
    const { probs, queue, queued } = this;
    // As in the decoder, unsigned values are kept as signed integers.
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

  /** Ends the chunk and returns where, which may be beyond the output's end. */
  finish(): number {
    this.flush();
    for (let i = 0; i < 5; i++) {
      this.#shift(this.#low);
      this.#low <<= 8;
    }
    this.#dst = NOTHING;
    return this.pos;
  }

  /** Moves the highest byte of `low` on its way to the output. */
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
