import { SourceUntilDamage } from "./source_until_damage.ts";
import { findCodec } from "../../codec/codecs.ts";
import type { CodecLike } from "../../codec/names.ts";
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
  readonly #source: SourceUntilDamage;
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
    this.#source = new SourceUntilDamage(source);
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
