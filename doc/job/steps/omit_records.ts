import type { CurrentRecord, RecordStep } from "./record_step.ts";

/** Omits the records at given offsets. */
export class OmitRecords implements RecordStep {
  readonly #offsets: Float64Array;
  #next = 0;

  /** Creates the step for ascending offsets. */
  constructor(offsets: Float64Array) {
    this.#offsets = offsets;
  }

  /** Finds the first offset in the block by binary search; threads get blocks in any order. */
  beginBlock(position: number): void {
    const offsets = this.#offsets;
    let low = 0;
    for (let high = offsets.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (offsets[middle] < position) low = middle + 1;
      else high = middle;
    }
    this.#next = low;
  }

  apply({ offset }: CurrentRecord): boolean {
    const offsets = this.#offsets;
    // An omitted record may have been lost to corruption.
    while (offsets[this.#next] < offset) this.#next++;
    if (offsets[this.#next] !== offset) return true;
    this.#next++;
    return false;
  }
}
