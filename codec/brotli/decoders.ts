/** Decoders of whole buffers and of streams, on top of the decoder in `decode.ts`. */
import { range } from "../bytes.ts";
import {
  type Decompressor,
  type Emit,
  PIECE_SIZE,
  type StreamCoder,
} from "../engine.ts";
import { trailingData, unexpectedEnd } from "../errors.ts";
import { BrotliDecoder, FINISHED, NEED_INPUT, OUTPUT_FULL } from "./decode.ts";

/** First size of a stream's ring buffer, which grows up to the size of the window. */
const FIRST_RING_SIZE = 1 << 16;
/** Up to this size, an incomplete meta-block header is parsed again with every chunk. */
const SHORT_HEADER = 1 << 10;

/** Decompresses whole buffers, each a brotli stream. */
export class BrotliDecompressor implements Decompressor {
  readonly #decoder = new BrotliDecoder();

  /** Decompresses `src`; see {@linkcode Decompressor.decompress}. */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number | undefined {
    const decoder = this.#decoder;
    const input = range(src, start, end);
    decoder.start(dst, offset);
    try {
      for (let fed = 0;;) {
        if (fed === input.length) throw unexpectedEnd("brotli");
        fed = decoder.feed(input, fed);
        const status = decoder.run();
        if (status === OUTPUT_FULL) return undefined;
        if (status === NEED_INPUT) continue;
        const left = decoder.unread + input.length - fed;
        if (left > 0) throw trailingData("brotli", left);
        return decoder.outPos - offset;
      }
    } finally {
      decoder.release();
    }
  }
}

/** Decompresses one brotli stream that arrives in chunks. */
export class BrotliStreamDecoder implements StreamCoder {
  readonly #decoder = new BrotliDecoder();
  /** The window: new output overwrites the oldest. */
  #ring = new Uint8Array(FIRST_RING_SIZE);
  /** End of the emitted part of the ring. */
  #emitted = 0;
  #finished = false;
  /** While a header is incomplete: how many bytes of input to wait for. */
  #wanted = 0;

  constructor() {
    this.#decoder.start(this.#ring, 0);
  }

  /** Takes a chunk of the stream; see {@linkcode StreamCoder.push}. */
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
          // A header is parsed from its start each time. Waiting for a quarter
          // more keeps the total work proportional to its size.
          this.#wanted = decoder.unread + (decoder.unread >> 2);
        }
      }
      if (isAll) throw unexpectedEnd("brotli");
      if (fed === chunk.length) return;
    }
    const left = decoder.unread + chunk.length - fed;
    if (left > 0) throw trailingData("brotli", left);
  }

  #emitNew(emit: Emit): void {
    const end = this.#decoder.outPos;
    while (this.#emitted < end) {
      const start = this.#emitted;
      this.#emitted = Math.min(end, start + PIECE_SIZE);
      emit(this.#ring.subarray(start, this.#emitted));
    }
  }

  /** Grows the ring while it is smaller than the window, then wraps around. */
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
