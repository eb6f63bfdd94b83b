import type { CodecName } from "../../codec/names.ts";
import { type Block, BlockReader, type SkippedRange } from "./block_reader.ts";
import { type ByteSource, memorySource } from "../source/byte_source.ts";
import { DEFAULT_KEY_SIZE_LIMIT, RecordView } from "../format/record.ts";
import type { Records } from "../format/record_scanner.ts";
import { ContentCheck, type ContentCheckOptions } from "./content_check.ts";
import { SourceUntilDamage } from "./source_until_damage.ts";
import { findSwallowed } from "./resync.ts";

/** Bytes that are read at a time. */
const BLOCK_SIZE = 256 * 1024;

/**
 * How to walk over records that may be damaged. Documents that are known need a
 * source whose size is known; with others, such as packages, they do not count.
 */
export interface TolerantScannerOptions extends ContentCheckOptions {
  /** Codec of the contents; see `openInput`. */
  codec: CodecName;
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Called with each range that is left out, in order. */
  onSkip(range: SkippedRange): void;
}

/**
 * Walks over the records of a damaged source and leaves out what is none: like
 * `RecordScanner`, but where that throws, it goes on with the next good record
 * and reports the range between. A record counts only if what follows it looks
 * like a record, too, so a size that lies does not pass.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memorySource, TolerantScanner } from "@binfiles/binfiles/doc";
 *
 * const bytes = Deno.readFileSync("tests/fixtures/gzip.bin");
 * bytes.fill(0xff, 100, 110);
 * let skipped = 0;
 * const scanner = new TolerantScanner(memorySource(bytes), {
 *   codec: "gzip",
 *   onSkip: ({ size }) => skipped += size,
 * });
 * let count = 0;
 * while (scanner.next()) count++;
 * scanner[Symbol.dispose]();
 * assertEquals(count < 32 && skipped > 10, true);
 * ```
 */
export class TolerantScanner implements Records {
  /** Offset of the record that was found last, in bytes. */
  offset = 0;
  readonly #source: SourceUntilDamage;
  readonly #reader: BlockReader;
  readonly #record: RecordView;
  readonly #keySizeLimit: number;
  readonly #checkContent: ContentCheck;
  readonly #onSkip: (range: SkippedRange) => void;
  #block: Block | undefined;
  /** Where in the block the next record starts. */
  #at = 0;
  /** Offset of the next block. */
  #next = 0;

  /** Creates a scanner at the start of `source`, which stays the caller's to close. */
  constructor(source: ByteSource, options: TolerantScannerOptions) {
    const { codec, keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, onSkip } = options;
    this.#source = new SourceUntilDamage(source);
    this.#keySizeLimit = keySizeLimit;
    this.#checkContent = new ContentCheck(codec, {
      ...options,
      known: source.size === Infinity ? undefined : options.known,
    });
    this.#onSkip = onSkip;
    this.#record = new RecordView(keySizeLimit);
    this.#reader = new BlockReader(this.#source, {
      blockSize: BLOCK_SIZE,
      keySizeLimit,
      checkContent: this.#checkContent,
      end: Infinity,
      headersOnly: false,
    });
  }

  /** Path of the file, for errors; undefined when there is none. */
  get file(): string | undefined {
    return this.#source.file;
  }

  /** Offset of the next record, in bytes. Set it to go on elsewhere. */
  get position(): number {
    return this.#block === undefined
      ? this.#next
      : this.#block.position + this.#at;
  }
  set position(offset: number) {
    this.#block = undefined;
    this.#next = offset;
  }

  /**
   * Finds the next record that is good and moves behind it.
   *
   * @returns False at the end.
   */
  next(): boolean {
    for (;;) {
      const block = this.#block;
      if (block !== undefined && this.#at < block.end) {
        this.#record.parse(block.bytes, this.#at, block.end);
        this.offset = block.position + this.#at;
        this.#at = this.#record.end;
        return true;
      }
      if (block !== undefined) {
        this.#next = block.next;
        if (block.skipped !== undefined) this.#onSkip(block.skipped);
      }
      this.#block = this.#reader.read(this.#next, Infinity);
      this.#at = 0;
      if (this.#block !== undefined) continue;
      const { damage } = this.#source;
      if (damage !== undefined) {
        this.#onSkip({
          offset: damage.offset!,
          size: 0,
          reason: damage.reason,
        });
      }
      return false;
    }
  }

  /**
   * Leaves out the record that was found last as well, because its content does
   * not decompress. Records that it has swallowed come next.
   */
  reject(reason: string): void {
    const { contentStart, start, end } = this.#record;
    const { bytes } = this.#block!;
    const checkContent = this.#checkContent;
    const isKnown = checkContent.known?.hasRecord(bytes, this.#record);
    const swallowed = isKnown ? undefined : findSwallowed(
      memorySource(bytes.subarray(0, end)),
      contentStart,
      end,
      end,
      { keySizeLimit: this.#keySizeLimit, checkContent },
    );
    const next = swallowed ?? end;
    this.#at = next;
    const key = this.name();
    this.#onSkip({ offset: this.offset, size: next - start, reason, key });
  }

  /** Size of the record's key, in bytes. */
  get keySize(): number {
    return this.#record.keySize;
  }

  /** Size of the record's content as it is in the file, in bytes. */
  get contentSize(): number {
    return this.#record.contentSize;
  }

  /** Memory that holds the key, from {@linkcode TolerantScanner.keyStart} on, until the next call. */
  get bytes(): Uint8Array {
    return this.#block!.bytes;
  }

  /** Where the key starts in {@linkcode TolerantScanner.bytes}. */
  get keyStart(): number {
    return this.#record.keyStart;
  }

  /** The key of the record; a view that is valid until the next call. */
  key(): Uint8Array {
    const { keyStart, keySize } = this.#record;
    return this.bytes.subarray(keyStart, keyStart + keySize);
  }

  /** The key as text. */
  name(): string {
    return this.#record.key(this.bytes);
  }

  /** The content of the record as it is in the file; a view that is valid until the next call. */
  content(): Uint8Array {
    return this.bytes.subarray(this.#record.contentStart, this.#record.end);
  }

  /** Ends the walk. The source stays open. */
  [Symbol.dispose](): void {
    this.#block = undefined;
  }
}
