import {
  DIST_ALIGN,
  DIST_SLOT,
  DIST_SPECIAL,
  LEN_CHOICE,
  LEN_CHOICE2,
  LEN_HIGH,
  LEN_LOW,
  LEN_MID,
  MATCH_MAX,
  MATCH_MIN,
} from "./lzma_model.ts";

/** The price of one bit, which is the unit of all prices. */
export const BIT_PRICE = 64;
/** Larger than any price. */
export const INFINITE_PRICE = 0x3fff_ffff;

/** Offset in {@linkcode PRICES} of the prices of a one bit. */
export const ONE = 128;

/**
 * Prices of bits by their probability: `PRICES[prob >>> 4]` of a zero,
 * `PRICES[ONE + (prob >>> 4)]` of a one.
 */
export const PRICES: Uint16Array = new Uint16Array(256);

for (let i = 0; i < 128; i++) {
  PRICES[i] = Math.round(-Math.log2((i + 0.5) / 128) * BIT_PRICE);
  PRICES[255 - i] = PRICES[i];
}

/** Smaller distances have individual prices. */
export const FULL_DISTANCES = 128;
/** Number of length prices per position state. */
export const LENGTH_STRIDE: number = MATCH_MAX + 1;

/** Returns the slot of a distance: its two highest bits and its number of bits. */
export function slotOf(distance: number): number {
  if (distance < 4) return distance;
  const top = 31 - Math.clz32(distance);
  return top << 1 | distance >>> top - 1 & 1;
}

/** Prices of the nodes of the last tree. */
const nodes = new Int32Array(512);

/** Fills `nodes` with the prices of a tree, whose leaves begin at `leaves`. */
function priceTree(probs: Uint16Array, tree: number, leaves: number): void {
  nodes[1] = 0;
  for (let i = 1; i < leaves; i++) {
    const prob = probs[tree + i] >>> 4;
    nodes[2 * i] = nodes[i] + PRICES[prob];
    nodes[2 * i + 1] = nodes[i] + PRICES[prob + ONE];
  }
}

/** Prices of lengths, by position state, in one of the two length coders. */
export class LengthPrices {
  /** The price of `length` is at `posState * LENGTH_STRIDE + length`. */
  readonly prices: Int32Array = new Int32Array(16 * LENGTH_STRIDE);

  /** Updates the prices of lengths up to `longest`. */
  update(
    probs: Uint16Array,
    coder: number,
    posStates: number,
    longest: number,
  ): void {
    const { prices } = this;
    const choice = probs[coder + LEN_CHOICE] >>> 4;
    const choice2 = probs[coder + LEN_CHOICE2] >>> 4;
    const low = PRICES[choice];
    const mid = PRICES[choice + ONE] + PRICES[choice2];
    const high = PRICES[choice + ONE] + PRICES[choice2 + ONE];
    for (let posState = 0; posState < posStates; posState++) {
      const at = posState * LENGTH_STRIDE + MATCH_MIN;
      priceTree(probs, coder + LEN_LOW + 8 * posState, 8);
      for (let i = 0; i < 8; i++) prices[at + i] = low + nodes[8 + i];
      priceTree(probs, coder + LEN_MID + 8 * posState, 8);
      for (let i = 0; i < 8; i++) prices[at + 8 + i] = mid + nodes[8 + i];
    }
    if (longest < MATCH_MIN + 16) return;
    priceTree(probs, coder + LEN_HIGH, 256);
    const count = longest - MATCH_MIN - 15;
    for (let posState = 0; posState < posStates; posState++) {
      const at = posState * LENGTH_STRIDE + MATCH_MIN + 16;
      for (let i = 0; i < count; i++) prices[at + i] = high + nodes[256 + i];
    }
  }
}

/** Prices of distances, by the length of the match (2, 3, 4, longer). */
export class DistancePrices {
  /** Prices of distances below `FULL_DISTANCES`, at `lengthState * FULL_DISTANCES`. */
  readonly near: Int32Array = new Int32Array(4 * FULL_DISTANCES);
  /** Prices of the slots of other distances, without their lowest four bits. */
  readonly slots: Int32Array = new Int32Array(4 * 64);
  /** Prices of the lowest four bits. */
  readonly align: Int32Array = new Int32Array(16);

  /** Returns the price of `distance` in a match of `length`. */
  of(distance: number, length: number): number {
    const state = length < 5 ? length - MATCH_MIN : 3;
    return distance < FULL_DISTANCES
      ? this.near[state * FULL_DISTANCES + distance]
      : this.slots[state * 64 + slotOf(distance)] + this.align[distance & 15];
  }

  /** Updates `near` and `slots`. */
  update(probs: Uint16Array): void {
    const { near, slots } = this;
    for (let state = 0; state < 4; state++) {
      priceTree(probs, DIST_SLOT + 64 * state, 64);
      const at = 64 * state;
      for (let slot = 0; slot < 14; slot++) slots[at + slot] = nodes[64 + slot];
      for (let slot = 14; slot < 64; slot++) {
        const direct = (slot >>> 1) - 5;
        slots[at + slot] = nodes[64 + slot] + direct * BIT_PRICE;
      }
      for (let i = 0; i < 4; i++) {
        near[FULL_DISTANCES * state + i] = slots[at + i];
      }
    }
    for (let distance = 4; distance < FULL_DISTANCES; distance++) {
      const slot = slotOf(distance);
      const bits = (slot >>> 1) - 1;
      const base = (2 | slot & 1) << bits;
      const price = priceReverse(
        probs,
        DIST_SPECIAL + base - slot - 1,
        bits,
        distance - base,
      );
      near[distance] = slots[slot] + price;
      near[FULL_DISTANCES + distance] = slots[64 + slot] + price;
      near[2 * FULL_DISTANCES + distance] = slots[128 + slot] + price;
      near[3 * FULL_DISTANCES + distance] = slots[192 + slot] + price;
    }
  }

  /** Updates `align`. */
  updateAlign(probs: Uint16Array): void {
    for (let i = 0; i < 16; i++) {
      this.align[i] = priceReverse(probs, DIST_ALIGN, 4, i);
    }
  }
}

/** Returns the price of the `bits` lowest bits of `value`, lowest first. */
function priceReverse(
  probs: Uint16Array,
  tree: number,
  bits: number,
  value: number,
): number {
  let price = 0;
  let node = 1;
  for (let i = 0; i < bits; i++) {
    const bit = value & 1;
    price += PRICES[(probs[tree + node] >>> 4) + (bit << 7)];
    node = node << 1 | bit;
    value >>>= 1;
  }
  return price;
}
