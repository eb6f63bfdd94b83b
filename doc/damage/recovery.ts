import { findCodec } from "../../codec/codecs.ts";
import type { CodecLike } from "../../codec/names.ts";
import { RecordError } from "../errors.ts";
import type { RecordView } from "../format/record.ts";
import { type ByteSource, memorySource } from "../source/byte_source.ts";
import { type Block, BlockReader, type SkippedRegion } from "./block_reader.ts";
import { ContentCheck, type ContentCheckOptions } from "./content_check.ts";
import { findOverlapped } from "./resync.ts";

/** Bytes that are read at a time. */
const BLOCK_SIZE = 256 * 1024;

/** How to recover. */
export interface RecoveryOptions extends ContentCheckOptions {
  /** Codec of the contents. Default `none`. */
  codec?: CodecLike;
  /** Called with each skipped region, in order. */
  onSkip?(region: SkippedRegion): void;
}

/** The recovery of a `RecordScanner`: finds the sound records of a source. */
export class Recovery {
  /** Offset of the next record. */
  position = 0;
  readonly #source: UntilDamage;
  readonly #keySizeLimit: number;
  readonly #checkContent: ContentCheck;
  readonly #onSkip: RecoveryOptions["onSkip"];
  readonly #reader: BlockReader;
  #block: Block | undefined;

  constructor(
    source: ByteSource,
    keySizeLimit: number,
    { codec = "none", known, onSkip, ...options }: RecoveryOptions,
  ) {
    this.#source = new UntilDamage(source);
    this.#keySizeLimit = keySizeLimit;
    this.#checkContent = new ContentCheck(findCodec(codec).name, {
      ...options,
      known: source.size === Infinity ? undefined : known,
    });
    this.#onSkip = onSkip;
    this.#reader = new BlockReader(this.#source, {
      blockSize: BLOCK_SIZE,
      keySizeLimit,
      checkContent: this.#checkContent,
      end: Infinity,
      headersOnly: false,
    });
  }

  /**
   * Finds the first sound record at or after an offset, and moves to it.
   *
   * @returns The block that contains it; undefined at the end.
   */
  find(offset: number): Block | undefined {
    if (offset !== this.position) {
      this.position = offset;
      this.#block = undefined;
    }
    for (;;) {
      const block = this.#block;
      if (block !== undefined) {
        if (this.position < block.position + block.end) return block;
        this.position = block.next;
        if (block.skipped !== undefined) this.#onSkip?.(block.skipped);
      }
      this.#block = this.#reader.read(this.position, Infinity);
      if (this.#block !== undefined) continue;
      const { damage } = this.#source;
      if (damage !== undefined) {
        const { offset, reason } = damage;
        this.#onSkip?.({ offset: offset!, size: 0, reason });
      }
      return undefined;
    }
  }

  /**
   * Skips a record of the block, which ends at {@linkcode Recovery.position},
   * because its content does not decompress, and moves to the records that it
   * overlaps.
   */
  reject(bytes: Uint8Array, record: RecordView, reason: string): void {
    const { start, contentStart, end } = record;
    const isKnown = this.#checkContent.known?.hasRecord(bytes, record);
    const overlapped = isKnown ? undefined : findOverlapped(
      memorySource(bytes.subarray(0, end)),
      contentStart,
      end,
      end,
      { keySizeLimit: this.#keySizeLimit, checkContent: this.#checkContent },
    );
    const next = overlapped ?? end;
    const offset = this.position - (end - start);
    this.position = offset + next - start;
    const key = record.key(bytes);
    this.#onSkip?.({ offset, size: next - start, reason, key });
  }
}

/** A source that ends where reading fails because it is corrupt, as packages can be. */
class UntilDamage implements ByteSource {
  /** What is wrong there. */
  damage: RecordError | undefined;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
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
      if (!(error instanceof RecordError)) throw error;
      this.damage = error;
    }
    return done;
  }

  close(): void {
    this.#source.close();
  }
}
