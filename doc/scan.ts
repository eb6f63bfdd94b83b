import { checkPath } from "../pool/check.ts";
import { loadEngines } from "../codec/load_engines.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import {
  compareSums,
  type SumComparison,
  SUMS_SUFFIX,
  writeSumsHeader,
} from "./format/sums.ts";
import { inspectFile } from "./job/inspect_source.ts";
import { checkNumbers, type JobOptions } from "./job/options.ts";
import { makePlan } from "./job/plan.ts";
import { runPlan } from "./job/run_plan.ts";
import { planCounting } from "./job/steps/step_plan.ts";
import type { Tally } from "./job/steps/tally.ts";
import { RecordScanner } from "./record_scanner.ts";
import { resolveCodec } from "./job/target_format.ts";
import { withSourceFile } from "./job/with_source_file.ts";
import { nodeFs } from "./source/byte_source.ts";
import { withScratch } from "./target/target_lock.ts";
import { createTemporary, removeTemporaries } from "./target/temporary.ts";

/** How to scan a bin file. */
export interface ScanOptions extends JobOptions {
  /** Path of the bin file, or `-` for the standard input. Packages are detected. */
  source: string;
  /** Codec of the contents: a name, alias or number. Default: detected. */
  codec?: CodecLike;
  /**
   * Whether to count records only: contents are not decompressed and, if they are
   * large, not even read. Default false.
   */
  keysOnly?: boolean;
  /**
   * Whether to compare the documents with the checksum file beside the source
   * (`.sums`), if there is one. Ignored with `keysOnly`, `start` or `end`.
   * Default false.
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
  /** Number of documents that can be read. */
  documents: number;
  /** Bytes of (unpackaged) records that were read. */
  bytesRead: number;
  /** Number and sizes of the documents; empty with `keysOnly`. */
  tally: Tally;
  /** Corrupted regions of the (unpackaged) source, in order. */
  skipped: SkippedRegion[];
  /** How the documents differ from their checksums; undefined if they were not compared. */
  sums?: SumComparison;
  /** Duration in seconds. */
  seconds: number;
}

/**
 * Checks every document of a bin file, on all cores: that its record is whole and
 * its content decompresses, and how large it is.
 *
 * @throws {RecordError} A record is corrupt, and `skipErrors` is not set.
 * @throws {CorruptDataError} The source is a package, which is corrupt.
 * @throws {FileError} The file cannot be read.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or option is unavailable.
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
  checkPath("source", options.source);
  checkNumbers(options);
  const { source, keysOnly, signal, keySizeLimit } = options;
  const codec = resolveCodec(options.codec);
  return await withScratch((near) =>
    withSourceFile(source, { near, signal }, async (path, name) => {
      const facts = await inspectFile(path, { codec, keySizeLimit }, name);
      const sumsPath = path + SUMS_SUFFIX;
      const isWhole = !keysOnly && !options.start && options.end === undefined;
      const comparesSums = options.sums === true && isWhole &&
        nodeFs().existsSync(sumsPath);
      const plan = await makePlan(facts, {
        ...options,
        steps: keysOnly ? [] : planCounting(facts.codec, comparesSums),
      });
      const computed = comparesSums ? createTemporary(near()) : undefined;
      try {
        const { totals, skipped, tally } = await runPlan(plan, {
          ...options,
          sums: computed,
          near,
        });
        options.onProgress?.({ ...totals, totalBytes: totals.bytesRead });
        return {
          source,
          sourceSize: facts.size!,
          codec: facts.codec,
          packageCodec: facts.packageCodec,
          documents: totals.documents,
          bytesRead: totals.bytesRead,
          tally,
          skipped,
          sums: computed === undefined
            ? undefined
            : await checkSums(path, sumsPath, computed, skipped, {
              ...options,
              codec: facts.codec,
            }),
          seconds: (performance.now() - started) / 1000,
        };
      } finally {
        if (computed !== undefined) removeTemporaries([computed]);
      }
    })
  );
}

/** Compares checksums that were computed with those beside the source. */
async function checkSums(
  path: string,
  written: string,
  computed: string,
  skipped: readonly SkippedRegion[],
  options: ScanOptions & { codec: CodecName },
): Promise<SumComparison> {
  writeSumsHeader(computed);
  const comparison = compareSums(written, computed);
  const present = comparison.differences
    .filter(({ kind }) => kind !== "missing");
  if (present.length === 0) return comparison;
  // Checksums have no offsets, so a second walk finds those of the documents.
  const { openInput } = await import("./open_input.ts");
  await loadEngines();
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
