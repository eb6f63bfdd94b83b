/** Rotates `x` right by `n` bits. */
function rotate(x: number, n: number): number {
  return x >>> n | x << (32 - n);
}

/**
 * The first 32 fractional bits of the `root`-th root of the first `count` primes,
 * which are the constants of SHA-256 (FIPS 180-4, sections 4.2.2 and 5.3.3).
 */
function fractions(count: number, root: number): Int32Array {
  const result = new Int32Array(count);
  let found = 0;
  for (let n = 2; found < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    // A double has 52 bits, of which the integral part needs at most five.
    if (prime) result[found++] = (n ** (1 / root) % 1) * 0x1_0000_0000;
  }
  return result;
}

const INITIAL = fractions(8, 2);
const ROUND = fractions(64, 3);

/** SHA-256 (FIPS 180-4) of bytes that arrive in pieces. Reusable without allocation. */
export class Sha256 {
  readonly #hash = new Int32Array(8);
  readonly #schedule = new Int32Array(64);
  readonly #block = new Uint8Array(64);
  #length = 0;

  /** Creates the hash of an empty message. */
  constructor() {
    this.reset();
  }

  /** Starts over. */
  reset(): void {
    this.#hash.set(INITIAL);
    this.#length = 0;
  }

  /** Adds `bytes` from `start` up to `end`. */
  update(bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    let filled = this.#length % 64;
    this.#length += end - start;
    while (start < end) {
      if (filled === 0 && end - start >= 64) {
        this.#compress(bytes, start);
        start += 64;
        continue;
      }
      block[filled++] = bytes[start++];
      if (filled === 64) {
        this.#compress(block, 0);
        filled = 0;
      }
    }
  }

  /** Ends the message. Returns whether its hash is the 32 bytes at `at`. */
  matches(bytes: Uint8Array, at: number): boolean {
    const block = this.#block;
    const length = this.#length;
    let filled = length % 64;
    block[filled++] = 0x80;
    if (filled > 56) {
      block.fill(0, filled);
      this.#compress(block, 0);
      filled = 0;
    }
    block.fill(0, filled);
    // The length in bits, as a 64-bit big-endian integer.
    for (let i = 63, bits = length * 8; bits > 0; i--) {
      block[i] = bits % 256;
      bits = Math.floor(bits / 256);
    }
    this.#compress(block, 0);
    for (let i = 0; i < 32; i++) {
      const byte = this.#hash[i >> 2] >>> (24 - (i & 3) * 8) & 0xff;
      if (bytes[at + i] !== byte) return false;
    }
    return true;
  }

  #compress(bytes: Uint8Array, at: number): void {
    const w = this.#schedule;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
        bytes[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ x >>> 3;
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ y >>> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    const hash = this.#hash;
    let a = hash[0], b = hash[1], c = hash[2], d = hash[3];
    let e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choose = e & f ^ ~e & g;
      const t1 = h + s1 + choose + ROUND[i] + w[i] | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const majority = a & b ^ a & c ^ b & c;
      h = g;
      g = f;
      f = e;
      e = d + t1 | 0;
      d = c;
      c = b;
      b = a;
      a = t1 + s0 + majority | 0;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
    hash[5] += f;
    hash[6] += g;
    hash[7] += h;
  }
}
