/** Decompressors of whole buffers and of streams, on top of {@linkcode XzReader}. */
import type { Decompressor, Emit, StreamCoder } from "../engine.ts";
import { CHUNK_MAX_PACKED } from "./lzma_model.ts";
import { XzReader } from "./reader.ts";

const NOTHING = new Uint8Array(0);

/** Decompresses whole xz files, directly into the caller's memory. */
export class XzDecompressor implements Decompressor {
  readonly #reader = new XzReader();

  /** Decompresses `src`; see {@linkcode Decompressor.decompress}. */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number | undefined {
    const reader = this.#reader;
    reader.reset(dst, offset);
    try {
      let at = start;
      for (let need = reader.need; need <= end - at;) {
        if (!reader.step(src, at)) return undefined;
        at += need;
        need = reader.need;
      }
      reader.end(end - at);
      return reader.pos - offset;
    } finally {
      reader.out = NOTHING;
    }
  }
}

/** Decompresses an xz file that arrives in chunks. */
export class XzDecoder implements StreamCoder {
  readonly #reader = new XzReader();
  /** The beginning of an element that has not arrived completely. */
  #held = new Uint8Array(256);
  #heldSize = 0;

  /** Takes `chunk`; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    const reader = this.#reader;
    reader.emit = emit;
    let at = 0;
    for (;;) {
      const need = reader.need;
      if (this.#heldSize === 0 && need <= chunk.length - at) {
        reader.step(chunk, at);
        at += need;
        continue;
      }
      at += this.#hold(chunk, at, need);
      if (this.#heldSize < need) break;
      this.#heldSize = 0;
      reader.step(this.#held, 0);
    }
    if (last) reader.end(this.#heldSize);
  }

  /** Keeps bytes of `chunk` until there are `need` of them. Returns how many it took. */
  #hold(chunk: Uint8Array, at: number, need: number): number {
    if (this.#held.length < need) {
      const larger = new Uint8Array(Math.max(need, CHUNK_MAX_PACKED));
      larger.set(this.#held.subarray(0, this.#heldSize));
      this.#held = larger;
    }
    const size = Math.min(need - this.#heldSize, chunk.length - at);
    for (let i = 0; i < size; i++) {
      this.#held[this.#heldSize + i] = chunk[at + i];
    }
    this.#heldSize += size;
    return size;
  }

  /** Releases the window. */
  close(): void {
    this.#reader.out = NOTHING;
  }
}
