import { withInput } from "./job/source_file.ts";
import type { CodecName } from "../codec/names.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import { inspectSource, makePlan } from "./job/plan.ts";
import { runPlan } from "./job/run.ts";
import {
  compareSums,
  type SumComparison,
  SUMS_SUFFIX,
  writeSumsHeader,
} from "./format/sums.ts";
import { RecordScanner } from "./record_scanner.ts";
import type { Tally } from "./job/tally.ts";
import { createTemporary, removeTemporaries } from "./target/temporary.ts";
import { withScratch } from "./target/target_lock.ts";
import { nodeFs } from "./source/byte_source.ts";
import type { JobOptions } from "./job/options.ts";

/** How to look through a bin file. */
export interface ScanOptions extends JobOptions {
  /** Path of the bin file, or `-` for the standard input. Compression of the file as a whole is detected. */
  source: string;
  /**
   * Whether records are only counted: contents are neither decompressed nor, if
   * they are large, even read. Default false.
   */
  keysOnly?: boolean;
  /**
   * Whether to compare the documents with the checksums in the file beside the
   * source that is named after it with `.sums`, if there is one. Not with
   * `keysOnly`, `start` or `end`. Default false.
   */
  sums?: boolean;
  /** Offset of the first record. Default 0. */
  start?: number;
  /** Offset before which records have to start. Default: the end of the file. */
  end?: number;
}

/** What a scan has found. */
export interface ScanResult {
  /** Path of the bin file. */
  source: string;
  /** Size of the file, in bytes. */
  sourceSize: number;
  /** Codec of the contents. */
  codec: CodecName;
  /** Codec of the file as a whole. */
  packageCodec: CodecName;
  /** Number of documents that are whole. */
  documents: number;
  /** Bytes of (unpackaged) records that were looked at. */
  bytesRead: number;
  /** What the documents add up to; of nothing, with `keysOnly`. */
  tally: Tally;
  /** Ranges of the (unpackaged) source that are damaged, in order. */
  skipped: SkippedRegion[];
  /** How the documents compare with their checksums, if there are any and they were to be compared. */
  sums?: SumComparison;
  /** How long it took, in seconds. */
  seconds: number;
}

/**
 * Looks at every document of a bin file, on all cores: whether its record is
 * whole and its content decompresses, and how large it is.
 *
 * @throws {RecordError} A record is damaged, and `skipErrors` is not set.
 * @throws {CorruptDataError} The source is damaged as a package.
 * @throws {FileError} The file cannot be read.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or option is not to be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scan } from "@binfiles/binfiles/doc";
 *
 * const { codec, documents, tally, skipped } = await scan({
 *   source: "tests/fixtures/gzip.bin",
 *   skipErrors: true,
 * });
 * assertEquals([codec, documents, skipped], ["gzip", 32, []]);
 * assertEquals(tally.contentBytes > tally.storedBytes, true);
 * ```
 */
export async function scan(options: ScanOptions): Promise<ScanResult> {
  const started = performance.now();
  const { source, keysOnly, signal, onProgress } = options;
  return await withScratch((near) =>
    withInput(source, { near, signal }, async (path, name) => {
      const facts = await inspectSource(path, name, options);
      const plan = await makePlan(facts, {
        ...options,
        discards: true,
        headersOnly: keysOnly,
      });
      const sums = path + SUMS_SUFFIX;
      const isWhole = !keysOnly && !options.start && options.end === undefined;
      if (options.sums && isWhole && nodeFs().existsSync(sums)) {
        plan.job.sums = createTemporary(near());
      }
      const computed = plan.job.sums;
      try {
        const { progress, skipped, tally } = await runPlan(plan, {
          ...options,
          near,
        });
        onProgress?.(progress, progress.bytesRead);
        return {
          source,
          sourceSize: plan.sourceSize,
          codec: facts.codec,
          packageCodec: facts.packageCodec,
          documents: progress.documents,
          bytesRead: progress.bytesRead,
          tally,
          skipped,
          sums: computed === undefined
            ? undefined
            : await checkSums(path, sums, computed, skipped, options),
          seconds: (performance.now() - started) / 1000,
        };
      } finally {
        if (computed !== undefined) removeTemporaries([computed]);
      }
    })
  );
}

/** Compares the sums that were just computed with those that were written once. */
async function checkSums(
  path: string,
  written: string,
  computed: string,
  skipped: readonly SkippedRegion[],
  options: ScanOptions,
): Promise<SumComparison> {
  writeSumsHeader(computed);
  const comparison = compareSums(written, computed);
  const present = comparison.differences
    .filter(({ kind }) => kind !== "missing");
  if (present.length === 0) return comparison;
  // Sums have no offsets, so the documents are looked for once more.
  const { openInput } = await import("./open_input.ts");
  const { source } = openInput(path, options);
  const records = new RecordScanner(source, {
    keySizeLimit: options.keySizeLimit,
    skipped,
  });
  try {
    let next = 0;
    for (const difference of present) {
      while (next <= difference.index && records.next()) next++;
      difference.offset = records.offset;
      difference.key = records.name();
    }
    return comparison;
  } finally {
    records[Symbol.dispose]();
    source.close();
  }
}
