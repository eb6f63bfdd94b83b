import { grownSize } from "./format.ts";

/** Groups of at most this size are sorted by insertion. */
const INSERTION_LIMIT = 12;

/**
 * The Burrows-Wheeler transform of blocks, by *induced sorting* (the idea of SA-IS),
 * in time that depends on the length of a block and hardly on its content.
 *
 * A position is S if its rotation is smaller than that of the next position, and L
 * if it is larger. *LMS* positions are S positions after an L: at most every second
 * position, about every third in text. Once they are sorted, a pass over the table
 * from its start sorts all L positions, and a pass from its end all S positions:
 * rotations that begin with the same byte have the order of the rotations one byte
 * later, which are already sorted.
 *
 * The LMS positions are sorted in two steps: the same two passes sort them by the
 * bytes up to the next LMS position, and doubling breaks the remaining ties.
 * {@linkcode BlockSorter.transform} has the sequence.
 *
 * Positions count from 1, so that 0 marks an empty place in a zeroed table.
 */
export class BlockSorter {
  /** The block: bytes 1 to n, written by the caller, and one byte before and after. */
  text: Uint8Array = new Uint8Array(0);
  /** The sorting table. In the end its first n entries are the transformed bytes. */
  rows: Int32Array = new Int32Array(0);

  /** First row of the rotations that begin with each byte. */
  readonly bucketStart: Int32Array = new Int32Array(257);

  readonly #limit: number;
  /** The LMS positions, in ascending order. */
  #lms = new Int32Array(0);
  /** First row of the group of equals of each LMS position, by its index in `#lms`. */
  #rank = new Int32Array(0);
  /** The next free row of each bucket during a pass. */
  readonly #cursor = new Int32Array(256);
  /** The row of the block itself, once it is known. */
  #origin = 0;
  /** State of the pseudo-random choice of pivots. */
  #seed = 1;

  /** Creates a sorter of blocks of up to `limit` bytes. Memory is allocated on demand. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Makes `text` large enough for `n` bytes. Its content is kept. */
  reserveText(n: number): void {
    if (n + 2 <= this.text.length) return;
    const grown = new Uint8Array(
      grownSize(this.text.length, n + 2, this.#limit + 2),
    );
    grown.set(this.text);
    this.text = grown;
  }

  /**
   * Transforms the `n` bytes in `text` (at least one). `rows` then has the last byte
   * of each sorted rotation.
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
      // All bytes are equal, so all rotations are.
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
    // Ranking needs one more place than there are rows.
    if (n + 1 <= this.rows.length) return;
    const size = grownSize(this.rows.length, n + 1, this.#limit + 1);
    this.rows = new Int32Array(size);
    this.#lms = new Int32Array((size >> 1) + 1);
    this.#rank = new Int32Array((size >> 1) + 1);
  }

  /** Lists the LMS positions, and initializes the buckets. Returns the number of positions. */
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
    // From right to left, because equal bytes have the type of their successor.
    // Without branches, because the types in text are unpredictable.
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
   * Sorts the LMS positions by the bytes up to the next LMS position, into the first
   * `count` rows.
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

    // Left to right: each position induces the one before it if that is L. Positions
    // after an S induce none here and are marked by inversion.
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

    // Right to left: each inverted position induces the S position before it. The
    // others are LMS positions, now sorted.
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
   * Replaces the sorted positions in `rows` by their indexes in `#lms`, and ranks
   * them: positions with equal bytes up to the next LMS position have the same rank.
   * Inverts rows of unique rank, whose place is final. Returns the number of ranks.
   */
  #rankLmsSubstrings(n: number, count: number): number {
    const { text, rows } = this;
    const lms = this.#lms;
    const rank = this.#rank;
    // LMS positions are at least 2 apart, so half a position identifies one.
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
   * If the ranks order rotations by their first h LMS substrings, sorting each group
   * of equals by the ranks of the positions h substrings later orders them by 2h.
   */
  #refine(count: number): void {
    const { rows } = this;
    const rank = this.#rank;
    let split = true;
    // If a round splits no group, the tied rotations are equal: the block repeats
    // itself, and the order of equal rotations does not matter.
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

  /** Sorts a group of equals and assigns its new ranks. Returns whether it was split. */
  #splitGroup(from: number, to: number, h: number, count: number): boolean {
    const { rows } = this;
    const rank = this.#rank;
    // The rows from `count` on are unused, so they have the keys.
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

  /** Sorts `rows[from..to)` by the keys `keys` rows later (three-way quicksort). */
  #sortByKey(from: number, to: number, keys: number): void {
    const { rows } = this;
    while (to - from > INSERTION_LIMIT) {
      // A random pivot, so that no document can make this quadratic.
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
      // Recursion into the smaller side only bounds the depth.
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
   * Sorts all L positions. A row that has induced its predecessor becomes the byte of
   * that; the other rows are inverted for the next pass.
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

  /** Sorts all S positions; then every row is a byte. Returns `origPtr`. */
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
          // An LMS position: its predecessor is L and sorted already.
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
