/** Decompressors of whole buffers and of streams, on top of {@linkcode BlockDecoder}. */
import {
  type Decompressor,
  type Emit,
  PIECE_SIZE,
  type StreamCoder,
} from "../engine.ts";
import { CodecError } from "../errors.ts";
import { BlockDecoder } from "./block_decoder.ts";
import { CODEC, grownSize } from "./format.ts";

const NO_BYTES = new Uint8Array(0);

/** Decompresses whole buffers. */
export class Bzip2Decompressor implements Decompressor {
  readonly #decoder = new BlockDecoder();

  /** Decompresses `src`; see {@linkcode Decompressor.decompress}. */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number | undefined {
    const decoder = this.#decoder;
    decoder.reset();
    decoder.setInput(src, start, end, true);
    try {
      let at = offset;
      while (decoder.read()) {
        at = decoder.write(dst, at);
        if (decoder.hasOutput) return undefined;
      }
      return at - offset;
    } finally {
      decoder.setInput(NO_BYTES, 0, 0, true);
    }
  }
}

/** Decompresses a stream of any length, with one block in memory at a time. */
export class Bzip2Decoder implements StreamCoder {
  readonly #decoder = new BlockDecoder();
  /** Input that was not read is in `[#from, #to)`. */
  #input = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #out = new Uint8Array(0);
  #ended = false;

  /** Takes a chunk of the stream; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    if (this.#ended) {
      throw new CodecError(
        CODEC,
        "Cannot decompress bzip2 data: the stream has ended",
      );
    }
    // An error ends the stream as well.
    this.#ended = true;
    let taken = 0;
    do {
      const piece = Math.min(chunk.length - taken, PIECE_SIZE);
      this.#append(chunk, taken, piece);
      taken += piece;
      this.#decode(last && taken === chunk.length, emit);
    } while (taken < chunk.length);
    this.#ended = last;
  }

  #append(chunk: Uint8Array, at: number, count: number): void {
    if (this.#to + count > this.#input.length) this.#makeRoom(count);
    const input = this.#input;
    if (at === 0 && count === chunk.length) input.set(chunk, this.#to);
    else input.set(chunk.subarray(at, at + count), this.#to);
    this.#to += count;
  }

  #makeRoom(count: number): void {
    const kept = this.#to - this.#from;
    // Each byte is moved at most once on average.
    const size = 2 * kept + count;
    if (size > this.#input.length) {
      const grown = new Uint8Array(grownSize(this.#input.length, size, size));
      grown.set(this.#input.subarray(this.#from, this.#to));
      this.#input = grown;
    } else {
      this.#input.copyWithin(0, this.#from, this.#to);
    }
    this.#from = 0;
    this.#to = kept;
  }

  #decode(isLast: boolean, emit: Emit): void {
    const decoder = this.#decoder;
    decoder.setInput(this.#input, this.#from, this.#to, isLast);
    while (decoder.read()) {
      if (this.#out.length === 0) this.#out = new Uint8Array(PIECE_SIZE);
      while (decoder.hasOutput) {
        const end = decoder.write(this.#out, 0);
        if (end > 0) emit(this.#out.subarray(0, end));
      }
    }
    this.#from = Math.min(decoder.position, this.#to);
  }
}
