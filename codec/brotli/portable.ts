import { range } from "../bytes.ts";
import {
  BrotliDecoder,
  corrupt,
  FINISHED,
  NEED_INPUT,
  OUTPUT_FULL,
} from "./decode.ts";
import type { Decompressor, Emit, Engine, StreamCoder } from "../engine.ts";

/** Size that a stream's ring buffer starts with. It grows up to the window's size. */
const FIRST_RING_SIZE = 1 << 16;
/** Longest piece handed to `emit`. */
const PIECE_SIZE = 1 << 16;
/** A meta-block header is tried anew with every byte while it is no longer than this. */
const SHORT_HEADER = 1 << 10;

const TRUNCATED = "it is cut short.";
const TRAILING = "it is followed by bytes that do not belong to it.";

/** Decompresses documents, each a brotli stream of its own. */
class BrotliDecompressor implements Decompressor {
  readonly #decoder = new BrotliDecoder();

  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number {
    const decoder = this.#decoder;
    const input = range(src, start, end);
    decoder.start(dst, offset);
    try {
      for (let fed = 0;;) {
        if (fed === input.length) throw corrupt(TRUNCATED);
        fed = decoder.feed(input, fed);
        const status = decoder.run();
        if (status === OUTPUT_FULL) return -1;
        if (status === NEED_INPUT) continue;
        if (decoder.unread > 0 || fed < input.length) throw corrupt(TRAILING);
        return decoder.outPos - offset;
      }
    } finally {
      decoder.release();
    }
  }
}

/** Decompresses one brotli stream that comes in chunks. */
class BrotliStreamDecoder implements StreamCoder {
  readonly #decoder = new BrotliDecoder();
  /** The window: what does not fit any more overwrites what is oldest. */
  #ring = new Uint8Array(FIRST_RING_SIZE);
  /** What of the ring has been emitted. */
  #emitted = 0;
  #finished = false;
  /** While a header is incomplete: how much input to wait for. */
  #wanted = 0;

  constructor() {
    this.#decoder.start(this.#ring, 0);
  }

  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    const decoder = this.#decoder;
    let fed = 0;
    while (!this.#finished) {
      fed = decoder.feed(chunk, fed);
      const isAll = last && fed === chunk.length;
      if (decoder.unread >= this.#wanted || isAll) {
        const status = decoder.run();
        this.#wanted = 0;
        this.#emitNew(emit);
        if (status === OUTPUT_FULL) {
          this.#makeRoom();
          continue;
        }
        if (status === FINISHED) {
          this.#finished = true;
          break;
        }
        if (decoder.inHeader && decoder.unread > SHORT_HEADER) {
          // It is parsed from its start each time. To wait for ever more keeps
          // the total work proportional to its size.
          this.#wanted = decoder.unread + (decoder.unread >> 2);
        }
      }
      if (isAll) throw corrupt(TRUNCATED);
      if (fed === chunk.length) return;
    }
    if (fed < chunk.length || decoder.unread > 0) throw corrupt(TRAILING);
  }

  #emitNew(emit: Emit): void {
    const end = this.#decoder.outPos;
    while (this.#emitted < end) {
      const start = this.#emitted;
      this.#emitted = Math.min(end, start + PIECE_SIZE);
      emit(this.#ring.subarray(start, this.#emitted));
    }
  }

  /** Grows the ring while it is smaller than the window, then goes round. */
  #makeRoom(): void {
    const decoder = this.#decoder;
    const ring = this.#ring;
    if (ring.length >= decoder.windowSize) {
      decoder.outPos = this.#emitted = 0;
      decoder.origin = -ring.length;
      return;
    }
    this.#ring = new Uint8Array(2 * ring.length);
    this.#ring.set(ring);
    decoder.out = this.#ring;
  }
}

/** Brotli decompression in plain TypeScript, for every runtime. It does not compress. */
export const brotliEngine: Engine = {
  name: "binfiles",
  kind: "built-in",
  createDecompressor: () => new BrotliDecompressor(),
  createDecoder: () => new BrotliStreamDecoder(),
};
