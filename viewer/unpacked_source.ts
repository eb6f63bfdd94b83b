import type { CodecName, StreamCoder } from "../codec/mod.ts";
import { createDecoder, decoderSliceSize } from "../codec/stream_coders.ts";
import type { ByteSource } from "../doc/source/byte_source.ts";

/** Bytes of output that are kept in one piece. */
const CHUNK_SIZE = 1024 * 1024;

/**
 * A file that is compressed as a whole, as a source of what is in it. It is
 * unpacked as far as it is read, and kept in memory, up to a limit.
 */
export class UnpackedSource implements ByteSource {
  /** Bytes of the package that were taken so far. */
  consumed = 0;
  /** Why it ends before the package does. */
  note: string | undefined;
  readonly #packed: ByteSource;
  readonly #decoder: StreamCoder;
  readonly #limit: number;
  readonly #slice: Uint8Array;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #ended = false;

  /** Unpacks `packed`, up to `limit` bytes of output. */
  constructor(packed: ByteSource, codec: CodecName, limit: number) {
    this.#packed = packed;
    this.#decoder = createDecoder(codec);
    this.#limit = limit;
    this.#slice = new Uint8Array(decoderSliceSize(codec));
  }

  /** Not known until all has been unpacked. */
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
      this.note ??= `The package is damaged: ${(error as Error).message}. ` +
        "What comes before the damage is listed.";
    }
    this.#ended = last || this.note !== undefined;
  }

  #keep(piece: Uint8Array): void {
    const room = this.#limit - this.#length;
    if (piece.length > room) {
      this.note =
        `Only the first ${this.#limit >> 20} MiB of what is in this ` +
        "package are listed, because they are kept in memory. To see all, " +
        "repack it without package compression: binfiles repack SOURCE TARGET";
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
