/** Bytes of each allocation. */
const CHUNK_SIZE = 1024 * 1024;

/** Most bytes of keys to keep. */
const MAX_KEPT = 512 * 1024 * 1024;

/** The place of a key that is not kept. */
export const NOT_KEPT = 0xffff_ffff;

/** Keeps keys in memory, back to back, so that they can be filtered at typing speed. */
export class KeyStore {
  readonly #chunks: Uint8Array[] = [];
  #used = CHUNK_SIZE;

  /** Copies a key. @returns Its place, or `NOT_KEPT` if the store is full. */
  add(key: Uint8Array): number {
    if (key.length > CHUNK_SIZE - this.#used) {
      if (this.#chunks.length * CHUNK_SIZE >= MAX_KEPT) return NOT_KEPT;
      if (key.length > CHUNK_SIZE) return NOT_KEPT;
      this.#chunks.push(new Uint8Array(CHUNK_SIZE));
      this.#used = 0;
    }
    const last = this.#chunks.length - 1;
    this.#chunks[last].set(key, this.#used);
    const place = last * CHUNK_SIZE + this.#used;
    this.#used += key.length;
    return place;
  }

  /** Returns a view of the key of `size` bytes at `place`. */
  get(place: number, size: number): Uint8Array {
    const start = place % CHUNK_SIZE;
    return this.#chunks[Math.floor(place / CHUNK_SIZE)]
      ?.subarray(start, start + size) ?? new Uint8Array(0);
  }
}
