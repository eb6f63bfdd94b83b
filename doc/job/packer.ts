import type { Compressor } from "../../codec/engine.ts";
import { leaseCompressor } from "../../codec/lease.ts";
import type { CodecName } from "../../codec/names.ts";
import { fitting, maxCompressedSize } from "../../codec/output_size.ts";
import type { MemoryPool } from "../../pool/memory_pool.ts";

/**
 * Compresses blocks of a package, each as a stream of its own. Their
 * concatenation is the package.
 */
export class Packer implements Disposable {
  readonly #codec: CodecName;
  readonly #compressor: Compressor & Disposable;
  #packed = new Uint8Array(0);

  /** Leases a compressor from `pool`. */
  constructor(codec: CodecName, pool: MemoryPool) {
    this.#codec = codec;
    this.#compressor = leaseCompressor(codec, { pool });
  }

  /** @returns The stream, valid until the next call. */
  pack(bytes: Uint8Array): Uint8Array {
    const room = maxCompressedSize(bytes.length);
    if (room > this.#packed.length) this.#packed = new Uint8Array(room);
    // The stream must not depend on the blocks that this thread had before.
    this.#compressor.restart?.();
    const size = this.#compressor.compress(bytes, this.#packed, 0);
    return this.#packed.subarray(0, fitting(size, this.#codec, bytes.length));
  }

  /** Returns the compressor to the pool. */
  [Symbol.dispose](): void {
    this.#compressor[Symbol.dispose]();
  }
}
