import type { CurrentRecord, RecordStep, StepResults } from "./record_step.ts";
import { addToTally, emptyTally, rememberLargest } from "./tally.ts";

/** Adds up the sizes of documents. */
export class TallyDocuments implements RecordStep {
  readonly #tally = emptyTally();

  apply(record: CurrentRecord): boolean {
    const { bytes, offset, view, plainStart, plainEnd } = record;
    const { keySize, contentSize } = view;
    const size = plainEnd - plainStart;
    if (addToTally(this.#tally, keySize, contentSize, size)) {
      const key = view.key(bytes);
      const storedSize = contentSize;
      rememberLargest(this.#tally, { offset, key, size, storedSize });
    }
    return true;
  }

  report(results: StepResults): void {
    results.tally = this.#tally;
  }
}
