/** Size of a slab of keys, in bytes. */
const SLAB_SIZE = 4 * 1024 * 1024;

/** Initial number of slots, a power of two. */
const INITIAL_SLOTS = 1024;

/** Maximum share of used slots, so that searches stay short. */
const MAX_LOAD = 0.6;

/**
 * Numbers keys in the order in which they first appear. A `Map` of strings takes
 * several times the memory, and does not tell apart keys that are not UTF-8.
 */
export class KeyTable {
  /** Number of distinct keys. */
  size = 0;
  /** Number of a key plus one; 0 in a free slot. */
  #slots = new Uint32Array(INITIAL_SLOTS);
  /** By number of the key: its hash, its position in the slabs, its size. */
  #hashes = new Uint32Array(INITIAL_SLOTS);
  #positions = new Float64Array(INITIAL_SLOTS);
  #sizes = new Uint32Array(INITIAL_SLOTS);
  readonly #slabs: Uint8Array[] = [];
  /** Position of the next key. */
  #end = 0;
  /** Random, so that keys cannot be chosen to collide. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** Adds a key. @returns Its number: for a new key, the `size` before the call. */
  add(bytes: Uint8Array, start: number, size: number): number {
    const hash = this.#hash(bytes, start, size);
    let slot = hash & (this.#slots.length - 1);
    for (; this.#slots[slot] !== 0; slot = (slot + 1) % this.#slots.length) {
      const number = this.#slots[slot] - 1;
      if (
        this.#hashes[number] === hash && this.#isKey(number, bytes, start, size)
      ) return number;
    }
    const number = this.size++;
    this.#slots[slot] = number + 1;
    if (number === this.#hashes.length) this.#growNumbers();
    this.#hashes[number] = hash;
    this.#sizes[number] = size;
    this.#positions[number] = this.#store(bytes.subarray(start, start + size));
    if (this.size > MAX_LOAD * this.#slots.length) this.#growSlots();
    return number;
  }

  /** FNV-1a, seeded, with a final mix. */
  #hash(bytes: Uint8Array, start: number, size: number): number {
    let hash = this.#seed;
    for (let i = start; i < start + size; i++) {
      hash = Math.imul(hash ^ bytes[i], 0x0100_0193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #isKey(
    number: number,
    bytes: Uint8Array,
    start: number,
    size: number,
  ): boolean {
    if (this.#sizes[number] !== size) return false;
    const slab = this.#slabs[Math.floor(this.#positions[number] / SLAB_SIZE)];
    const at = this.#positions[number] % SLAB_SIZE;
    for (let i = 0; i < size; i++) {
      if (slab[at + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  /** Copies a key to a slab. @returns Its position. */
  #store(key: Uint8Array): number {
    const room = this.#slabs.length * SLAB_SIZE - this.#end;
    if (this.#slabs.length === 0 || key.length > room) {
      // A key larger than a slab gets its own, which nothing follows.
      this.#end = this.#slabs.length * SLAB_SIZE;
      this.#slabs.push(new Uint8Array(Math.max(SLAB_SIZE, key.length)));
    }
    const position = this.#end;
    this.#slabs.at(-1)!.set(key, position % SLAB_SIZE);
    this.#end = Math.min(position + key.length, this.#slabs.length * SLAB_SIZE);
    return position;
  }

  #growNumbers(): void {
    const larger = <T extends Uint32Array | Float64Array>(
      old: T,
      all: T,
    ): T => {
      all.set(old);
      return all;
    };
    const length = 2 * this.#hashes.length;
    this.#hashes = larger(this.#hashes, new Uint32Array(length));
    this.#sizes = larger(this.#sizes, new Uint32Array(length));
    this.#positions = larger(this.#positions, new Float64Array(length));
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let number = 0; number < this.size; number++) {
      let slot = this.#hashes[number] & (this.#slots.length - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
      this.#slots[slot] = number + 1;
    }
  }
}
