import type { Decompressor } from "../../../codec/engine.ts";
import type { CodecName } from "../../../codec/names.ts";
import { tryDecompress } from "../../../codec/output_size.ts";
import { MAX_IDLE_SIZE } from "./output_slab.ts";
import type { CurrentRecord, RecordStep } from "./record_step.ts";

/** Initial size of the buffer, in bytes. */
const BUFFER_SIZE = 64 * 1024;

/** Decompresses contents into a buffer, for the steps after it. */
export class DecompressContent implements RecordStep {
  readonly #codec: CodecName;
  readonly #decompressor: Decompressor & Disposable;
  readonly #maxSize: number;
  #buffer = new Uint8Array(BUFFER_SIZE);

  constructor(
    codec: CodecName,
    decompressor: Decompressor & Disposable,
    maxSize: number,
  ) {
    this.#codec = codec;
    this.#decompressor = decompressor;
    this.#maxSize = maxSize;
  }

  apply(record: CurrentRecord): boolean {
    const { bytes, view: { contentStart, end } } = record;
    let size: number;
    while (
      (size = tryDecompress(
        this.#decompressor,
        this.#codec,
        this.#maxSize,
        bytes,
        contentStart,
        end,
        this.#buffer,
        0,
      )) < 0
    ) this.#buffer = new Uint8Array(-size);
    record.setPlain(this.#buffer, 0, size);
    return true;
  }

  flush(): void {
    if (this.#buffer.length > MAX_IDLE_SIZE) {
      this.#buffer = new Uint8Array(BUFFER_SIZE);
    }
  }

  [Symbol.dispose](): void {
    this.#decompressor[Symbol.dispose]();
  }
}
