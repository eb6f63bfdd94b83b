import type { StreamCoder } from "../../codec/engine.ts";
import type { CodecName } from "../../codec/names.ts";
import { createEncoder } from "../../codec/stream_coders.ts";
import type { ByteSink } from "../target/byte_sink.ts";

/**
 * Compresses bytes as one stream and writes that to a sink: for package codecs
 * whose streams cannot be concatenated.
 */
export class EncodingSink implements Disposable {
  readonly #sink: ByteSink;
  readonly #encoder: StreamCoder;
  #position = 0;

  /** Creates an encoder whose output goes to `sink`, which the caller closes. */
  constructor(sink: ByteSink, codec: CodecName) {
    this.#sink = sink;
    this.#encoder = createEncoder(codec);
  }

  /** Size of the compressed output so far, in bytes. */
  get size(): number {
    return this.#position;
  }

  /** Compresses the next bytes. `last` ends the stream. */
  async write(bytes: Uint8Array, last: boolean): Promise<void> {
    const pieces: Uint8Array[] = [];
    // Pieces are borrowed, and the sink may take them asynchronously.
    this.#encoder.push(bytes, last, (piece) => pieces.push(piece.slice()));
    for (const piece of pieces) {
      await this.#sink.write(piece, this.#position);
      this.#position += piece.length;
    }
  }

  /** Closes the encoder. */
  [Symbol.dispose](): void {
    this.#encoder.close?.();
  }
}
