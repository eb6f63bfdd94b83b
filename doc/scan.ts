import type { CodecName } from "../codec/codec.ts";
import type { SkippedRange } from "./_block_reader.ts";
import { inspectSource, makePlan } from "./_job_plan.ts";
import { runPlan } from "./_job_threads.ts";
import { withInput } from "./_standard_input.ts";
import type { Tally } from "./_tally.ts";
import type { JobOptions } from "./job_options.ts";

/** How to look through a bin file. */
export interface ScanOptions extends JobOptions {
  /** Path of the bin file, or `-` for the standard input. Compression of the file as a whole is detected. */
  source: string;
  /**
   * Whether records are only counted: contents are neither decompressed nor, if
   * they are large, even read. Default false.
   */
  keysOnly?: boolean;
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
  skipped: SkippedRange[];
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
  return await withInput(source, { signal }, async (path, name) => {
    const facts = inspectSource(path, name, options);
    const plan = makePlan(facts, {
      ...options,
      discards: true,
      headersOnly: keysOnly,
    });
    const { progress, skipped, tally } = await runPlan(plan, {
      signal,
      onProgress,
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
      seconds: (performance.now() - started) / 1000,
    };
  });
}
