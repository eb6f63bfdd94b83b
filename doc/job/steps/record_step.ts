import type { RecordView } from "../../format/record.ts";
import type { OutputSlab } from "./output_slab.ts";
import type { Tally } from "./tally.ts";

/** What steps report at the end. */
export interface StepResults {
  /** Number and sizes of the documents, if a step adds them up. */
  tally?: Tally;
}

/**
 * One of the things that a job does to every record. A job is a list of them,
 * chosen when it is planned; see `step_plan.ts`.
 */
export interface RecordStep extends Partial<Disposable> {
  /** Prepares for a block that starts at `position` of the source. */
  beginBlock?(position: number): void;
  /**
   * Processes a record. Called for every document, so it should allocate nothing.
   *
   * @returns False to omit the record; the remaining steps are not called.
   * @throws {CodecError} The record is corrupt: it is an error, or is skipped.
   */
  apply(record: CurrentRecord): boolean;
  /**
   * Called when the output of the last records is written.
   *
   * @param part The part of the target that they are in.
   * @param first Index of the first of the documents in that part.
   */
  flush?(part: number, first: number): void | Promise<void>;
  /** Reports results, at the end. */
  report?(results: StepResults): void;
}

/** The record that is being processed. One object is reused for all of them. */
export class CurrentRecord {
  /** Memory that holds the record as it is in the source. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where its key and content are in {@linkcode CurrentRecord.bytes}. */
  readonly view: RecordView;
  /** Offset of the record in the (unpackaged) source. */
  offset = 0;
  /**
   * Memory that holds the decompressed content, from `plainStart` to `plainEnd`.
   * Until a step decompresses it, this is the content as it is in the source.
   */
  plain: Uint8Array = this.bytes;
  plainStart = 0;
  plainEnd = 0;
  /** The output, to which steps append. */
  readonly output: OutputSlab;

  constructor(view: RecordView, output: OutputSlab) {
    this.view = view;
    this.output = output;
  }

  /** Moves to the record that starts at `start` of `bytes`. */
  moveTo(
    bytes: Uint8Array,
    start: number,
    limit: number,
    offset: number,
  ): void {
    const { view } = this;
    view.parse(bytes, start, limit);
    this.offset = offset;
    this.bytes = this.plain = bytes;
    this.plainStart = view.contentStart;
    this.plainEnd = view.end;
  }

  /** Sets where the decompressed content is. */
  setPlain(bytes: Uint8Array, start: number, end: number): void {
    this.plain = bytes;
    this.plainStart = start;
    this.plainEnd = end;
  }
}
