/**
 * XXH32, the 32-bit checksum of the LZ4 frame format, with seed 0.
 *
 * Four accumulators each process every fourth 32-bit word, so that four
 * multiplications are in flight at a time. The rest of the input, fewer than 16
 * bytes, is processed one word, and then one byte, at a time.
 */

const PRIME1 = 0x9e3779b1 | 0;
const PRIME2 = 0x85ebca77 | 0;
const PRIME3 = 0xc2b2ae3d | 0;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;

/** Initial values of the four accumulators. */
const START1 = (PRIME1 + PRIME2) | 0;
const START2 = PRIME2;
const START3 = 0;
const START4 = -PRIME1 | 0;

/** Bytes that the four accumulators process in one round. */
const STRIPE = 16;

/**
 * Computes the XXH32 of the bytes from `start` to `end`.
 *
 * @returns The checksum as a signed integer, comparable with `getInt32`.
 */
export function xxh32(view: DataView, start: number, end: number): number {
  const length = end - start;
  let hash = PRIME5;
  let p = start;
  if (length >= STRIPE) {
    let a = START1, b = START2, c = START3, d = START4;
    for (const last = end - STRIPE; p <= last; p += STRIPE) {
      // V8 compiles each pair of shifts to one rotate instruction.
      a = (a + Math.imul(view.getInt32(p, true), PRIME2)) | 0;
      a = Math.imul(a << 13 | a >>> 19, PRIME1);
      b = (b + Math.imul(view.getInt32(p + 4, true), PRIME2)) | 0;
      b = Math.imul(b << 13 | b >>> 19, PRIME1);
      c = (c + Math.imul(view.getInt32(p + 8, true), PRIME2)) | 0;
      c = Math.imul(c << 13 | c >>> 19, PRIME1);
      d = (d + Math.imul(view.getInt32(p + 12, true), PRIME2)) | 0;
      d = Math.imul(d << 13 | d >>> 19, PRIME1);
    }
    hash = merge(a, b, c, d);
  }
  return finish((hash + length) | 0, view, p, end);
}

/** XXH32 of bytes that arrive in pieces of any size. */
export class Xxh32 {
  #a = START1;
  #b = START2;
  #c = START3;
  #d = START4;
  /** Length so far, modulo 2^32, and whether it has reached a stripe. */
  #length = 0;
  #striped = false;
  /** The bytes since the last whole stripe. */
  readonly #rest = new DataView(new ArrayBuffer(STRIPE));
  #held = 0;

  /** Starts over. */
  reset(): void {
    this.#a = START1;
    this.#b = START2;
    this.#c = START3;
    this.#d = START4;
    this.#length = 0;
    this.#striped = false;
    this.#held = 0;
  }

  /** Adds the bytes from `start` to `end`. */
  update(view: DataView, start: number, end: number): void {
    let p = start;
    this.#length = (this.#length + (end - start)) | 0;
    if (this.#held > 0) {
      while (this.#held < STRIPE && p < end) {
        this.#rest.setUint8(this.#held++, view.getUint8(p++));
      }
      if (this.#held < STRIPE) return;
      this.#stripes(this.#rest, 0, STRIPE);
      this.#held = 0;
    }
    p = this.#stripes(view, p, end);
    while (p < end) this.#rest.setUint8(this.#held++, view.getUint8(p++));
  }

  /** The checksum of all bytes so far, as a signed integer. */
  digest(): number {
    const hash = this.#striped
      ? merge(this.#a, this.#b, this.#c, this.#d)
      : PRIME5;
    return finish((hash + this.#length) | 0, this.#rest, 0, this.#held);
  }

  #stripes(view: DataView, start: number, end: number): number {
    let p = start;
    let a = this.#a, b = this.#b, c = this.#c, d = this.#d;
    for (const last = end - STRIPE; p <= last; p += STRIPE) {
      a = (a + Math.imul(view.getInt32(p, true), PRIME2)) | 0;
      a = Math.imul(a << 13 | a >>> 19, PRIME1);
      b = (b + Math.imul(view.getInt32(p + 4, true), PRIME2)) | 0;
      b = Math.imul(b << 13 | b >>> 19, PRIME1);
      c = (c + Math.imul(view.getInt32(p + 8, true), PRIME2)) | 0;
      c = Math.imul(c << 13 | c >>> 19, PRIME1);
      d = (d + Math.imul(view.getInt32(p + 12, true), PRIME2)) | 0;
      d = Math.imul(d << 13 | d >>> 19, PRIME1);
    }
    if (p > start) this.#striped = true;
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    return p;
  }
}

function merge(a: number, b: number, c: number, d: number): number {
  return ((a << 1 | a >>> 31) + (b << 7 | b >>> 25) +
    (c << 12 | c >>> 20) + (d << 18 | d >>> 14)) | 0;
}

/** Processes the rest after the stripes, then mixes all bits. */
function finish(
  hash: number,
  view: DataView,
  start: number,
  end: number,
): number {
  let p = start;
  for (; p + 4 <= end; p += 4) {
    hash = (hash + Math.imul(view.getInt32(p, true), PRIME3)) | 0;
    hash = Math.imul(hash << 17 | hash >>> 15, PRIME4);
  }
  for (; p < end; p++) {
    hash = (hash + Math.imul(view.getUint8(p), PRIME5)) | 0;
    hash = Math.imul(hash << 11 | hash >>> 21, PRIME1);
  }
  hash = Math.imul(hash ^ hash >>> 15, PRIME2);
  hash = Math.imul(hash ^ hash >>> 13, PRIME3);
  return hash ^ hash >>> 16;
}
