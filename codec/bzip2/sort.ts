import { grownSize } from "./format.ts";

/** Groups of at most this many are sorted by insertion. */
const INSERTION_LIMIT = 12;

/**
 * The Burrows-Wheeler transform of one block after the other.
 *
 * It sorts rotations by *induced sorting*, in time that depends on the block's
 * length and hardly on what is in it. The idea: call a position S if its
 * rotation is smaller than the next position's, and L if it is larger. Once the
 * *LMS* positions (an S right after an L; at most every second position, about
 * every third in text) are in order, one pass over the table from its start puts
 * all L positions in place, and one from its end all S positions, because
 * rotations that begin with the same byte stand in the order of the rotations
 * one byte further on, and those have been placed by then.
 *
 * The LMS positions themselves are put in order in two steps: the same two
 * passes sort them by the bytes up to the next LMS position, and what is still
 * tied then is told apart by doubling ({@linkcode BlockSorter.transform} has
 * the sequence).
 *
 * Positions count from 1, so that 0 can mean an empty place in a zeroed table.
 */
export class BlockSorter {
  /** The block: bytes 1 to n, which the caller writes, and a byte before and after. */
  text: Uint8Array = new Uint8Array(0);
  /** The sorting table, whose first n entries are the transformed bytes in the end. */
  rows: Int32Array = new Int32Array(0);

  /** Where the rows begin that start with each byte; they end where the next byte's begin. */
  readonly bucketStart: Int32Array = new Int32Array(257);

  readonly #limit: number;
  /** The LMS positions in the order of the block. */
  #lms = new Int32Array(0);
  /** For each LMS position, by its index in `#lms`, the first row of its group of equals. */
  #rank = new Int32Array(0);
  /** The next free row of each bucket during a pass. */
  readonly #cursor = new Int32Array(256);
  /** The row of the block itself, as far as it is known. */
  #origin = 0;
  /** State of the pseudo-random choice of pivots. */
  #seed = 1;

  /** Creates a sorter of blocks of up to `limit` bytes. It holds no memory yet. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Makes `text` large enough for `n` bytes, keeping what is in it. */
  reserveText(n: number): void {
    if (n + 2 <= this.text.length) return;
    const grown = new Uint8Array(
      grownSize(this.text.length, n + 2, this.#limit + 2),
    );
    grown.set(this.text);
    this.text = grown;
  }

  /**
   * Transforms the `n` bytes in `text`, of which there must be at least one:
   * leaves the last byte of each sorted rotation in `rows`.
   *
   * @returns The row of the rotation that is the block itself (`origPtr`).
   */
  transform(n: number): number {
    this.#reserveTables(n);
    const { text, rows } = this;
    text[0] = text[n];
    text[n + 1] = text[1];
    const count = this.#findLms(n);
    if (count === 0) {
      // All bytes are the same, so all rotations are.
      rows.fill(text[1], 0, n);
      return 0;
    }
    rows.fill(0, 0, n);
    this.#sortLmsSubstrings(n, count);
    const groups = this.#rankLmsSubstrings(n, count);
    if (groups < count) this.#refine(count);
    this.#placeSortedLms(n, count);
    this.#induceL(n);
    return this.#induceS(n);
  }

  #reserveTables(n: number): void {
    // Ranking needs one place more than there are rows.
    if (n + 1 <= this.rows.length) return;
    const size = grownSize(this.rows.length, n + 1, this.#limit + 1);
    this.rows = new Int32Array(size);
    this.#lms = new Int32Array((size >> 1) + 1);
    this.#rank = new Int32Array((size >> 1) + 1);
  }

  /** Lists the LMS positions, and sets up the buckets. Returns how many there are. */
  #findLms(n: number): number {
    const { text } = this;
    const lms = this.#lms;
    const histogram = this.#cursor;

    let firstOther = 2;
    while (firstOther <= n && text[firstOther] === text[1]) firstOther++;
    if (firstOther > n) {
      this.bucketStart.fill(0, 0, text[1] + 1).fill(n, text[1] + 1);
      return 0;
    }
    const firstIsS = text[1] < text[firstOther] ? 1 : 0;

    histogram.fill(0);
    let head = lms.length;
    // From right to left, because equal bytes take the type of their successor.
    // Without branches, because the types of text are as good as random.
    let next = text[n];
    let nextIsS = next - text[1] - firstIsS >>> 31;
    const lastIsS = nextIsS;
    histogram[next]++;
    for (let i = n - 1; i > 0; i--) {
      const byte = text[i];
      const isS = byte - next - nextIsS >>> 31;
      histogram[byte]++;
      lms[head - 1] = i + 1;
      head -= nextIsS & (isS ^ 1);
      next = byte;
      nextIsS = isS;
    }
    if (firstIsS & (lastIsS ^ 1)) lms[--head] = 1;
    lms.copyWithin(0, head);

    const bucketStart = this.bucketStart;
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      bucketStart[byte] = sum;
      sum += histogram[byte];
    }
    bucketStart[256] = sum;
    return lms.length - head;
  }

  #cursorToStarts(): void {
    const cursor = this.#cursor;
    const bucketStart = this.bucketStart;
    for (let byte = 0; byte < 256; byte++) cursor[byte] = bucketStart[byte];
  }

  #cursorToEnds(): void {
    const cursor = this.#cursor;
    const bucketStart = this.bucketStart;
    for (let byte = 0; byte < 256; byte++) cursor[byte] = bucketStart[byte + 1];
  }

  /**
   * Sorts the LMS positions by the bytes up to the next LMS position, and
   * leaves them in the first `count` rows.
   */
  #sortLmsSubstrings(n: number, count: number): void {
    const { text, rows } = this;
    const lms = this.#lms;
    const cursor = this.#cursor;

    this.#cursorToEnds();
    for (let k = 0; k < count; k++) {
      const position = lms[k];
      rows[--cursor[text[position]]] = position;
    }

    // Left to right: each L position follows from the one after it. Those that
    // an S precedes have no more L to give and are marked by inversion.
    this.#cursorToStarts();
    for (let i = 0; i < n; i++) {
      const row = rows[i];
      if (row > 0) {
        rows[i] = 0;
        const position = row === 1 ? n : row - 1;
        const byte = text[position];
        rows[cursor[byte]++] = position ^ (text[position - 1] - byte >> 31);
      }
    }

    // Right to left: each S position follows from the one after it. Inverted
    // ones have more S to give; the others are LMS, now in order.
    this.#cursorToEnds();
    for (let i = n - 1; i >= 0; i--) {
      const row = rows[i];
      if (row < 0) {
        rows[i] = 0;
        const position = row === ~1 ? n : ~row - 1;
        const byte = text[position];
        rows[--cursor[byte]] = position ^ (text[position - 1] - byte - 1 >> 31);
      }
    }

    let kept = 0;
    for (let i = 0; i < n; i++) {
      const row = rows[i];
      rows[kept] = row;
      kept += -row >>> 31;
    }
  }

  /**
   * Replaces the sorted positions in `rows` by their indexes in `#lms`, and
   * ranks them: equal bytes up to the next LMS position, equal rank. Inverts
   * rows whose rank is unique: their place is final. Returns the number of
   * different ranks.
   */
  #rankLmsSubstrings(n: number, count: number): number {
    const { text, rows } = this;
    const lms = this.#lms;
    const rank = this.#rank;
    // LMS positions are at least 2 apart: half a position identifies one.
    for (let k = 0; k < count; k++) rows[count + (lms[k] >> 1)] = k;

    let groups = 0;
    let group = 0;
    let previous = 0;
    let previousLength = 0;
    for (let i = 0; i < count; i++) {
      const position = rows[i];
      const k = rows[count + (position >> 1)];
      const length = k + 1 < count
        ? lms[k + 1] - position
        : lms[0] + n - position;
      let differs = length !== previousLength;
      if (!differs) {
        let a = previous;
        let b = position;
        let left = length;
        while (left >= 0 && text[a] === text[b]) {
          left--;
          if (++a > n) a = 1;
          if (++b > n) b = 1;
        }
        differs = left >= 0;
      }
      rows[i] = k;
      if (differs) {
        if (i - group === 1) rows[group] = ~rows[group];
        group = i;
        groups++;
      }
      rank[k] = group;
      previous = position;
      previousLength = length;
    }
    if (count - group === 1) rows[group] = ~rows[group];
    return groups;
  }

  /**
   * Breaks the ties among the LMS positions in the first `count` rows.
   *
   * If ranks tell rotations apart by their first h LMS substrings, then sorting
   * each group of equals by the rank of what lies h substrings further on tells
   * them apart by 2h.
   */
  #refine(count: number): void {
    const { rows } = this;
    const rank = this.#rank;
    let split = true;
    // A round that splits nothing means that what is tied is equal for good:
    // the block repeats itself, and the order of equal rotations is free.
    for (let h = 1; split && h < count; h *= 2) {
      split = false;
      for (let from = 0; from < count;) {
        if (rows[from] < 0) {
          from++;
          continue;
        }
        let to = from + 2;
        while (to < count && rows[to] >= 0 && rank[rows[to]] === from) to++;
        if (this.#splitGroup(from, to, h, count)) split = true;
        from = to;
      }
    }
  }

  /** Sorts one group of equals and gives it its new ranks. Returns whether it came apart. */
  #splitGroup(from: number, to: number, h: number, count: number): boolean {
    const { rows } = this;
    const rank = this.#rank;
    // The rows from `count` on are free: they hold the keys of the first ones.
    for (let i = from; i < to; i++) {
      const further = rows[i] + h;
      rows[count + i] = rank[further < count ? further : further - count];
    }
    this.#sortByKey(from, to, count);
    if (rows[count + from] === rows[count + to - 1]) return false;
    let group = from;
    for (let i = from + 1; i < to; i++) {
      if (rows[count + i] !== rows[count + i - 1]) {
        if (i - group === 1) rows[group] = ~rows[group];
        group = i;
      }
      rank[rows[i]] = group;
    }
    if (to - group === 1) rows[group] = ~rows[group];
    return true;
  }

  /** Sorts `rows[from..to)` by the keys that lie `keys` further on (three-way quicksort). */
  #sortByKey(from: number, to: number, keys: number): void {
    const { rows } = this;
    while (to - from > INSERTION_LIMIT) {
      // At random, so that no document can be arranged to make this quadratic.
      this.#seed = Math.imul(this.#seed, 1664525) + 1013904223 | 0;
      const pivot = rows[keys + from + (this.#seed >>> 8) % (to - from)];
      let less = from;
      let greater = to;
      for (let i = from; i < greater;) {
        const key = rows[keys + i];
        if (key < pivot) {
          this.#swap(i++, less++, keys);
        } else if (key > pivot) {
          this.#swap(i, --greater, keys);
        } else {
          i++;
        }
      }
      // Recursing into the smaller side only bounds the depth.
      if (less - from < to - greater) {
        this.#sortByKey(from, less, keys);
        from = greater;
      } else {
        this.#sortByKey(greater, to, keys);
        to = less;
      }
    }
    for (let i = from + 1; i < to; i++) {
      const row = rows[i];
      const key = rows[keys + i];
      let j = i;
      for (; j > from && rows[keys + j - 1] > key; j--) {
        rows[j] = rows[j - 1];
        rows[keys + j] = rows[keys + j - 1];
      }
      rows[j] = row;
      rows[keys + j] = key;
    }
  }

  #swap(a: number, b: number, keys: number): void {
    const { rows } = this;
    const row = rows[a];
    rows[a] = rows[b];
    rows[b] = row;
    const key = rows[keys + a];
    rows[keys + a] = rows[keys + b];
    rows[keys + b] = key;
  }

  /** Moves the sorted LMS positions from the first rows to the ends of their buckets. */
  #placeSortedLms(n: number, count: number): void {
    const { text, rows } = this;
    const lms = this.#lms;
    const cursor = this.#cursor;
    rows.fill(0, count, n);
    this.#cursorToEnds();
    for (let i = count - 1; i >= 0; i--) {
      const row = rows[i];
      const position = lms[row < 0 ? ~row : row];
      rows[i] = 0;
      rows[--cursor[text[position]]] = position;
    }
  }

  /**
   * Puts all L positions in place. A row that has given its predecessor needs
   * only the byte of it from then on; the others are inverted for the next pass.
   */
  #induceL(n: number): void {
    const { text, rows } = this;
    const cursor = this.#cursor;
    this.#cursorToStarts();
    for (let i = 0; i < n; i++) {
      const row = rows[i];
      if (row > 0) {
        let position = row - 1;
        if (position === 0) {
          position = n;
          this.#origin = i;
        }
        const byte = text[position];
        rows[i] = byte;
        rows[cursor[byte]++] = position ^ (text[position - 1] - byte >> 31);
      }
    }
  }

  /** Puts all S positions in place, after which every row is a byte. Returns `origPtr`. */
  #induceS(n: number): number {
    const { text, rows } = this;
    const cursor = this.#cursor;
    let origin = this.#origin;
    this.#cursorToEnds();
    for (let i = n - 1; i >= 0; i--) {
      const row = rows[i];
      if (row < 0) {
        let position = ~row - 1;
        if (position === 0) {
          position = n;
          origin = i;
        }
        const byte = text[position];
        rows[i] = byte;
        const before = text[position - 1];
        const place = --cursor[byte];
        if (before > byte) {
          // An LMS position: what precedes it is L and in place already.
          rows[place] = before;
          if (position === 1) origin = place;
        } else {
          rows[place] = ~position;
        }
      }
    }
    return origin;
  }
}
