/** Reproducible pseudo-random numbers (mulberry32). */
export class Random {
  #state: number;

  /** Starts the sequence of a seed. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed);
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32 * limit);
  }
}

/** Numbers at which programs tend to fail. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Makes an input from valid ones: mostly one of them with a few changes. */
export function makeInput(
  seeds: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  let bytes = Array.from(seeds[random.below(seeds.length)]);
  if (random.below(20) === 0) {
    bytes = Array.from({ length: random.below(300) }, () => random.below(256));
  }
  const place = () => {
    // Favors both ends: headers are at the start, trailers at the end.
    const near = random.below(Math.min(bytes.length, 40) + 1);
    const kind = random.below(4);
    return kind === 0
      ? near
      : kind === 1
      ? bytes.length - near
      : random.below(bytes.length + 1);
  };
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = place();
    const length = random.below(random.below(8) === 0 ? 2000 : 12);
    switch (random.below(8)) {
      case 0:
      case 1:
        if (at < bytes.length) bytes[at] ^= 1 << random.below(8);
        break;
      case 2:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 3: {
        const edge = EDGES[random.below(EDGES.length)];
        const size = 1 << random.below(3);
        for (let i = 0; i < size && at + i < bytes.length; i++) {
          bytes[at + i] = edge >>> 8 * i & 255;
        }
        break;
      }
      case 4:
        bytes.splice(at, length);
        break;
      case 5:
        bytes.splice(at, 0, ...bytes.slice(at, at + length));
        break;
      case 6: {
        const other = seeds[random.below(seeds.length)];
        const from = random.below(other.length + 1);
        bytes.splice(at, length, ...other.slice(from, from + length));
        break;
      }
      case 7:
        if (random.below(4) === 0) bytes.length = at;
        break;
    }
  }
  return Uint8Array.from(bytes);
}
