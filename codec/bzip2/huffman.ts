import { MAX_ALPHABET } from "./format.ts";

/**
 * Length of the longest code that is written, in bits. The format allows 20; bzip2
 * itself writes up to 17, which every decoder reads.
 */
export const MAX_WRITTEN_LENGTH = 17;

/** Computes code lengths from the frequencies of symbols. */
export class HuffmanBuilder {
  /** Symbols by ascending frequency, and a spare array to sort them. */
  #sorted = new Int32Array(MAX_ALPHABET);
  #spare = new Int32Array(MAX_ALPHABET);
  readonly #digits = new Int32Array(256);
  /** Weights, parents and depths of the nodes: first the leaves, then the inner nodes. */
  readonly #weight = new Int32Array(2 * MAX_ALPHABET);
  readonly #parent = new Int32Array(2 * MAX_ALPHABET);
  readonly #depth = new Int32Array(2 * MAX_ALPHABET);
  /** Number of symbols with a code of each length. */
  readonly #lengthCount = new Int32Array(64);

  /**
   * Writes the code lengths of `size` symbols (at least two) to `lengths[at..]`, from
   * their frequencies in `frequencies[at..]`. Symbols that do not occur get a code
   * as well.
   */
  build(
    frequencies: Int32Array,
    lengths: Uint8Array,
    at: number,
    size: number,
  ): void {
    this.#sortByFrequency(frequencies, at, size);
    this.#growTree(frequencies, at, size);
    this.#countLengths(size);
    const sorted = this.#sorted;
    const lengthCount = this.#lengthCount;
    let i = 0;
    for (let length = MAX_WRITTEN_LENGTH; length > 0; length--) {
      for (let left = lengthCount[length]; left > 0; left--) {
        lengths[at + sorted[i++]] = length;
      }
    }
  }

  /**
   * Writes to `lengths[at..]` the complete code of `size` symbols whose description is
   * shortest: it has one or two different lengths.
   */
  buildFlat(lengths: Uint8Array, at: number, size: number): void {
    const longer = 32 - Math.clz32(size - 1);
    const shorterCount = (1 << longer) - size;
    lengths.fill(longer - 1, at, at + shorterCount);
    lengths.fill(longer, at + shorterCount, at + size);
  }

  /** Radix sort: small blocks need one pass only. */
  #sortByFrequency(frequencies: Int32Array, at: number, size: number): void {
    const digits = this.#digits;
    let from = this.#spare;
    let to = this.#sorted;
    let most = 0;
    for (let symbol = 0; symbol < size; symbol++) {
      from[symbol] = symbol;
      if (frequencies[at + symbol] > most) most = frequencies[at + symbol];
    }
    for (let shift = 0; shift === 0 || most >>> shift > 0; shift += 8) {
      const top = Math.min(most >>> shift, 255);
      digits.fill(0, 0, top + 1);
      for (let i = 0; i < size; i++) {
        digits[frequencies[at + from[i]] >>> shift & 255]++;
      }
      let sum = 0;
      for (let digit = 0; digit <= top; digit++) {
        const count = digits[digit];
        digits[digit] = sum;
        sum += count;
      }
      for (let i = 0; i < size; i++) {
        const symbol = from[i];
        to[digits[frequencies[at + symbol] >>> shift & 255]++] = symbol;
      }
      const swap = from;
      from = to;
      to = swap;
    }
    this.#sorted = from;
    this.#spare = to;
  }

  /**
   * Joins the two lightest nodes until one is left. The leaves are sorted and inner
   * nodes are created in the order of their weights, so the lightest node is always
   * at the front of one of two queues.
   */
  #growTree(frequencies: Int32Array, at: number, size: number): void {
    const sorted = this.#sorted;
    const weight = this.#weight;
    const parent = this.#parent;
    for (let i = 0; i < size; i++) {
      // Symbols that do not occur get the weight of those that occur once: longer
      // codes would cost more in the table than they save.
      weight[i] = Math.max(frequencies[at + sorted[i]], 1);
    }
    let leaf = 0;
    let inner = size;
    for (let node = size; node < 2 * size - 1; node++) {
      let sum = 0;
      for (let child = 0; child < 2; child++) {
        const takeLeaf = leaf < size &&
          (inner === node || weight[leaf] <= weight[inner]);
        const lightest = takeLeaf ? leaf++ : inner++;
        sum += weight[lightest];
        parent[lightest] = node;
      }
      weight[node] = sum;
    }
  }

  /** Counts leaves by depth, and limits the length of codes. */
  #countLengths(size: number): void {
    const parent = this.#parent;
    const depth = this.#depth;
    const lengthCount = this.#lengthCount;
    lengthCount.fill(0);
    depth[2 * size - 2] = 0;
    for (let node = 2 * size - 3; node >= size; node--) {
      depth[node] = depth[parent[node]] + 1;
    }
    for (let leaf = 0; leaf < size; leaf++) {
      lengthCount[Math.min(depth[parent[leaf]] + 1, MAX_WRITTEN_LENGTH)]++;
    }
    // Limited codes oversubscribe the code space. Extending a shorter code by one bit
    // makes room for one of the longest codes beside it.
    let excess = -(1 << MAX_WRITTEN_LENGTH);
    for (let length = 1; length <= MAX_WRITTEN_LENGTH; length++) {
      excess += lengthCount[length] << MAX_WRITTEN_LENGTH - length;
    }
    for (; excess > 0; excess--) {
      let length = MAX_WRITTEN_LENGTH - 1;
      while (lengthCount[length] === 0) length--;
      lengthCount[length]--;
      lengthCount[length + 1] += 2;
      lengthCount[MAX_WRITTEN_LENGTH]--;
    }
  }
}
