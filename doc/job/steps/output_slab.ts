/** Bytes of output after which it is written, whatever is left of the block. */
export const SLAB_LIMIT: number = 2 * 1024 * 1024;

/** Larger buffers are replaced by smaller ones once their output is written. */
export const MAX_IDLE_SIZE: number = 4 * SLAB_LIMIT;

/** Memory for the output of a thread, which is reused. */
export class OutputSlab {
  /** The memory. The output is at its start. */
  bytes: Uint8Array;
  /** Bytes of output. */
  length = 0;

  /** Allocates `size` bytes; more are allocated when needed. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** Ensures that `size` more bytes fit. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** Discards the output, and memory that a large document needed. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > MAX_IDLE_SIZE) {
      this.bytes = new Uint8Array(SLAB_LIMIT);
    }
  }
}
