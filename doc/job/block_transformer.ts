import { CodecError } from "../../codec/errors.ts";
import type { Block, SkippedRegion } from "../damage/block_reader.ts";
import type { ContentCheck } from "../damage/content_check.ts";
import { findOverlapped } from "../damage/resync.ts";
import { contentError } from "../errors.ts";
import { RecordView } from "../format/record.ts";
import { memorySource } from "../source/byte_source.ts";
import type { WorkerReport } from "./worker_report.ts";
import { OutputSlab, SLAB_LIMIT } from "./steps/output_slab.ts";
import { CurrentRecord, type RecordStep } from "./steps/record_step.ts";

/** How a {@linkcode BlockTransformer} treats corrupt records. */
export interface TransformOptions {
  /** Name of the source in error messages. */
  file: string;
  /** Longest accepted key, in bytes. */
  keySizeLimit: number;
  /** Whether to skip records whose contents are corrupt, instead of failing. */
  skipErrors: boolean;
  /**
   * Recognizes contents when records are searched that a corrupt one overlaps.
   * Undefined if none can, because the sizes of all records are correct.
   */
  checkContent?: ContentCheck;
}

/**
 * Applies the steps of a job to the records of blocks, one after the other. The
 * output goes to a slab that is reused, so that nothing is allocated per document.
 */
export class BlockTransformer implements Disposable {
  /** The output of the last {@linkcode BlockTransformer.transform}. */
  readonly output: OutputSlab;
  /** Number of documents in that output. */
  documents = 0;
  readonly #steps: readonly RecordStep[];
  readonly #options: TransformOptions;
  readonly #record: CurrentRecord;
  readonly #skipped: SkippedRegion[] = [];
  #recovered = 0;
  #omitted = 0;

  /**
   * Creates a transformer with `slabSize` bytes for its output, which grows if
   * necessary.
   *
   * @param steps The steps, which are disposed of with this transformer.
   */
  constructor(
    steps: readonly RecordStep[],
    slabSize: number,
    options: TransformOptions,
  ) {
    this.#steps = steps;
    this.#options = options;
    this.output = new OutputSlab(slabSize);
    const view = new RecordView(options.keySizeLimit);
    this.#record = new CurrentRecord(view, this.output);
  }

  /**
   * Processes the records of `block` from offset `at` on, to its end or until
   * there is enough output to be written.
   *
   * @returns The offset at which to continue.
   * @throws {RecordError} A record is corrupt, and errors are not skipped.
   */
  transform(block: Block, at: number): number {
    const { output } = this;
    const steps = this.#steps;
    const record = this.#record;
    const { bytes, end, position } = block;
    output.clear();
    this.documents = 0;
    if (at === 0) { for (const step of steps) step.beginBlock?.(position); }
    while (at < end && output.length < SLAB_LIMIT) {
      record.moveTo(bytes, at, end, position + at);
      const { length } = output;
      try {
        let i = 0;
        while (i < steps.length && steps[i].apply(record)) i++;
        if (i === steps.length) this.documents++;
        else this.#omitted++;
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        output.length = length;
        at = this.#skip(block, at, error);
        continue;
      }
      at = record.view.end;
    }
    return at;
  }

  /**
   * Has the steps write what they collected for the last output.
   *
   * @param part The part of the target that it is in.
   * @param first Index of its first document in that part.
   */
  async flush(part: number, first: number): Promise<void> {
    for (const step of this.#steps) await step.flush?.(part, first);
  }

  /** Adds results to the report of the thread. */
  report(report: WorkerReport): void {
    report.skipped.push(...this.#skipped);
    report.dropped += this.#skipped.length;
    report.recovered += this.#recovered;
    report.omitted += this.#omitted;
    for (const step of this.#steps) step.report?.(report);
  }

  /** Disposes of the steps. */
  [Symbol.dispose](): void {
    for (const step of this.#steps) step[Symbol.dispose]?.();
  }

  /**
   * Skips a corrupt record, but not the records that it overlaps.
   *
   * @returns The offset at which to continue.
   * @throws {RecordError} Errors are not skipped.
   */
  #skip(block: Block, at: number, error: CodecError): number {
    const { file, skipErrors, checkContent, keySizeLimit } = this.#options;
    const { view } = this.#record;
    const { contentStart, end } = view;
    const key = view.key(block.bytes);
    const offset = block.position + at;
    if (!skipErrors) {
      throw contentError(error, { file, offset, key });
    }
    const overlapped = checkContent && findOverlapped(
      memorySource(block.bytes.subarray(0, end)),
      contentStart,
      end,
      end,
      { keySizeLimit, checkContent },
    );
    const next = overlapped ?? end;
    this.#skipped.push({ offset, size: next - at, reason: error.message, key });
    for (let start = next; start < end; start = view.end) {
      view.parse(block.bytes, start, end);
      this.#recovered++;
    }
    return next;
  }
}
