/** Compressors of whole buffers and of streams, on top of {@linkcode BlockEncoder}. */
import { range } from "../bytes.ts";
import {
  type Compressor,
  type Emit,
  PIECE_SIZE,
  type StreamCoder,
} from "../engine.ts";
import { CodecError } from "../errors.ts";
import {
  BlockEncoder,
  STREAM_HEADER_BITS,
  STREAM_TRAILER_BITS,
} from "./block_encoder.ts";
import { CODEC, grownSize } from "./format.ts";

const NO_BYTES = new Uint8Array(0);

/** Compresses whole buffers, each to one stream. */
export class Bzip2Compressor implements Compressor {
  readonly #encoder: BlockEncoder;

  /** Creates a compressor with blocks of `level` times 100,000 bytes. */
  constructor(level: number) {
    this.#encoder = new BlockEncoder(level);
  }

  /** Compresses `src`; see {@linkcode Compressor.compress}. */
  compress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start = 0,
    end = src.length,
  ): number | undefined {
    const encoder = this.#encoder;
    encoder.reset();
    encoder.setOutput(dst, offset);
    const at = this.#compress(range(src, start, end), dst);
    encoder.setOutput(NO_BYTES, 0);
    return at < 0 ? undefined : at - offset;
  }

  /** Returns the end of the output, or -1 if it does not fit. */
  #compress(src: Uint8Array, dst: Uint8Array): number {
    const encoder = this.#encoder;
    if (!fits(encoder, STREAM_HEADER_BITS + STREAM_TRAILER_BITS, dst)) {
      return -1;
    }
    encoder.writeHeader();
    for (let next = 0; next < src.length;) {
      next = encoder.fill(src, next);
      if (!fits(encoder, encoder.prepare() + STREAM_TRAILER_BITS, dst)) {
        return -1;
      }
      encoder.writeBlock();
    }
    encoder.writeTrailer();
    return encoder.position;
  }
}

function fits(encoder: BlockEncoder, bits: number, dst: Uint8Array): boolean {
  return encoder.position + encoder.bytesFor(bits) <= dst.length;
}

/** Compresses a stream of any length, with one block in memory at a time. */
export class Bzip2Encoder implements StreamCoder {
  readonly #encoder: BlockEncoder;
  #out = new Uint8Array(0);
  #started = false;
  #ended = false;

  /** Creates an encoder with blocks of `level` times 100,000 bytes. */
  constructor(level: number) {
    this.#encoder = new BlockEncoder(level);
    this.#encoder.reset();
  }

  /** Takes a chunk of the stream; see {@linkcode StreamCoder.push}. */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void {
    if (this.#ended) {
      throw new CodecError(
        CODEC,
        "Cannot compress bzip2 data: the stream has ended",
      );
    }
    // An error ends the stream as well.
    this.#ended = true;
    const encoder = this.#encoder;
    if (!this.#started) {
      this.#started = true;
      this.#makeRoom(STREAM_HEADER_BITS);
      encoder.writeHeader();
      this.#emitOutput(emit);
    }
    for (let next = 0; next < chunk.length;) {
      next = encoder.fill(chunk, next);
      if (encoder.isFull) this.#emitBlock(emit);
    }
    this.#ended = last;
    if (!last) return;
    if (encoder.isStarted) this.#emitBlock(emit);
    this.#makeRoom(STREAM_TRAILER_BITS);
    encoder.writeTrailer();
    this.#emitOutput(emit);
  }

  #emitBlock(emit: Emit): void {
    this.#makeRoom(this.#encoder.prepare());
    this.#encoder.writeBlock();
    this.#emitOutput(emit);
  }

  #makeRoom(bits: number): void {
    const bytes = this.#encoder.bytesFor(bits);
    if (bytes > this.#out.length) {
      this.#out = new Uint8Array(grownSize(this.#out.length, bytes, bytes));
    }
    this.#encoder.setOutput(this.#out, 0);
  }

  #emitOutput(emit: Emit): void {
    const end = this.#encoder.position;
    for (let from = 0; from < end; from += PIECE_SIZE) {
      emit(this.#out.subarray(from, Math.min(from + PIECE_SIZE, end)));
    }
  }
}
