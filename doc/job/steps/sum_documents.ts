import { SUM_SIZE, SumCollector, SUMS_HEADER_SIZE } from "../../format/sums.ts";
import type { PartSink } from "../../target/part_sink.ts";
import type { CurrentRecord, RecordStep } from "./record_step.ts";

/** Computes the checksums of documents and writes them to a file. */
export class SumDocuments implements RecordStep {
  readonly #collector = new SumCollector();
  readonly #output: PartSink;

  constructor(output: PartSink) {
    this.#output = output;
  }

  apply(record: CurrentRecord): boolean {
    const { bytes, plain, plainStart, plainEnd } = record;
    const { keyStart, keySize } = record.view;
    const keyEnd = keyStart + keySize;
    this.#collector
      .add(bytes, keyStart, keyEnd, plain, plainStart, plainEnd);
    return true;
  }

  async flush(part: number, first: number): Promise<void> {
    const position = SUMS_HEADER_SIZE + SUM_SIZE * first;
    await this.#output.write(part, this.#collector.entries, position);
    this.#collector.clear();
  }
}
