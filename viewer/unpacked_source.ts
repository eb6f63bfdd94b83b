import type { CodecName, StreamCoder } from "../codec/mod.ts";
import { createDecoder, decoderSliceSize } from "../codec/stream_coders.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";

/** Size of the chunks that hold the output, in bytes. */
const CHUNK_SIZE = 1024 * 1024;

/**
 * The contents of a package as a source. The package is decompressed as far as
 * the contents are read, which are kept in memory, up to a limit.
 */
export class UnpackedSource implements ByteSource {
  /** Bytes of the package that were decompressed so far. */
  consumed = 0;
  /** Why the contents end before the package does. */
  note: string | undefined;
  readonly #packed: ByteSource;
  readonly #decoder: StreamCoder;
  readonly #limit: number;
  readonly #slice: Uint8Array;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #ended = false;

  /** Decompresses `packed`, up to `limit` bytes of contents. */
  constructor(packed: ByteSource, codec: CodecName, limit: number) {
    this.#packed = packed;
    this.#decoder = createDecoder(codec);
    this.#limit = limit;
    this.#slice = new Uint8Array(decoderSliceSize(codec));
  }

  /** Infinity until the end of the package was reached. */
  get size(): number {
    return this.#ended ? this.#length : Infinity;
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    while (!this.#ended && this.#length < position + length) this.#unpack();
    const count = Math.max(0, Math.min(length, this.#length - position));
    for (let done = 0; done < count;) {
      const at = (position + done) % CHUNK_SIZE;
      const chunk = this.#chunks[Math.floor((position + done) / CHUNK_SIZE)];
      const part = chunk.subarray(at, at + count - done);
      dst.set(part, offset + done);
      done += part.length;
    }
    return count;
  }

  close(): void {
    this.#packed.close();
    this.#decoder.close?.();
  }

  #unpack(): void {
    const count = this.#packed
      .read(this.#slice, 0, this.#slice.length, this.consumed);
    this.consumed += count;
    const last = this.consumed >= this.#packed.size;
    try {
      this.#decoder.push(
        this.#slice.subarray(0, count),
        last,
        (piece) => this.#keep(piece),
      );
    } catch (error) {
      this.note ??= `The package is corrupt: ${(error as Error).message}. ` +
        "The documents before the damage are listed.";
    }
    this.#ended = last || this.note !== undefined;
  }

  #keep(piece: Uint8Array): void {
    const room = this.#limit - this.#length;
    if (piece.length > room) {
      this.note =
        `Only the first ${this.#limit >> 20} MiB of this package are listed, ` +
        "because they are kept in memory. To see all of it, repack it " +
        "without package compression: binfiles repack SOURCE TARGET";
      piece = piece.subarray(0, room);
    }
    for (let done = 0; done < piece.length;) {
      const at = this.#length % CHUNK_SIZE;
      if (at === 0) this.#chunks.push(new Uint8Array(CHUNK_SIZE));
      const part = piece.subarray(done, done + CHUNK_SIZE - at);
      this.#chunks.at(-1)!.set(part, at);
      this.#length += part.length;
      done += part.length;
    }
  }
}
