import { RecordError } from "../errors.ts";
import type { ByteSource } from "../source/byte_source.ts";

/**
 * A source that ends where it turns out to be corrupt, as packages can. Without
 * `skips`, reading past that offset throws instead, even if there are some bytes
 * before it.
 */
export class SourceUntilDamage implements ByteSource {
  /** Why it ends before its end; undefined if it does not. */
  damage: RecordError | undefined;
  readonly #source: ByteSource;
  readonly #skips: boolean;

  constructor(source: ByteSource, skips = true) {
    this.#source = source;
    this.#skips = skips;
  }

  get file(): string | undefined {
    return this.#source.file;
  }

  get size(): number {
    return this.damage?.offset ?? this.#source.size;
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    const wanted = Math.min(length, Math.max(this.size - position, 0));
    let done = 0;
    try {
      for (let read = 1; read > 0 && done < wanted; done += read) {
        read = this.#source.read(
          dst,
          offset + done,
          wanted - done,
          position + done,
        );
      }
    } catch (error) {
      if (!this.#skips || !(error instanceof RecordError)) throw error;
      this.damage = error;
    }
    return done;
  }

  close(): void {
    this.#source.close();
  }
}
