import type { SkippedRange } from "./block_reader.ts";
import type { ByteSource } from "../source/byte_source.ts";
import {
  RecordScanner,
  type RecordScannerOptions,
} from "../format/record_scanner.ts";

/** Walks over the records of a source whose damaged ranges are known, and passes over these. */
export class SoundRecords implements Disposable {
  /** The scanner, at the record that was found last. */
  readonly scanner: RecordScanner;
  /** The damaged ranges that are still to come, the last one first. */
  readonly #damaged: SkippedRange[];

  /**
   * Creates a walk from the start of `source`, which stays the caller's to close.
   *
   * @param damaged The damaged ranges, in order.
   */
  constructor(
    source: ByteSource,
    damaged: readonly SkippedRange[],
    options: RecordScannerOptions,
  ) {
    this.scanner = new RecordScanner(source, options);
    this.#damaged = damaged.toReversed();
  }

  /**
   * Finds the next sound record.
   *
   * @returns False at the end.
   * @throws {RecordError} There is damage that was not known.
   */
  next(): boolean {
    const { scanner } = this;
    while (this.#damaged.at(-1)?.offset === scanner.position) {
      const { size } = this.#damaged.pop()!;
      // Nothing can be read behind the damage of a package.
      if (size === 0) return false;
      scanner.position += size;
    }
    return scanner.next();
  }

  /** Returns what came from the pool. The source stays open. */
  [Symbol.dispose](): void {
    this.scanner[Symbol.dispose]();
  }
}
