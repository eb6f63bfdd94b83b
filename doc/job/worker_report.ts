import type { SkippedRegion } from "../damage/block_reader.ts";
import type { Tally } from "./tally.ts";

/** What a thread reports at the end of its share of a job. */
export interface WorkerReport {
  /** Skipped regions of the source. */
  skipped: SkippedRegion[];
  /** Number of skipped records whose contents are corrupt. */
  dropped: number;
  /** Number of records that were found again within dropped ones. */
  recovered: number;
  /** Number of records that the job was to omit. */
  omitted: number;
  /** Sizes of documents, if the job adds them up. */
  tally?: Tally;
}

/** Creates a report of nothing but skipped regions. */
export function createReport(skipped: SkippedRegion[] = []): WorkerReport {
  return { skipped, dropped: 0, recovered: 0, omitted: 0 };
}
