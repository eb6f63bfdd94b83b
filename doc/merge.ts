import "./damage/register.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import { checkPath, checkWord, invalidArgument } from "../pool/check.ts";
import { OptionError } from "../pool/errors.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import { checkSignal } from "./errors.ts";
import { inspectFile } from "./job/inspect_source.ts";
import type { SourceFacts } from "./job/job.ts";
import {
  checkNumbers,
  type JobOptions,
  type JobTotals,
  type TargetOptions,
} from "./job/options.ts";
import { nextEvent } from "./job/pacer.ts";
import { makePlan, type Plan } from "./job/plan.ts";
import { runPlan } from "./job/run_plan.ts";
import { planCounting, planWriting } from "./job/steps/step_plan.ts";
import { resolveCodec, resolveFormat } from "./job/target_format.ts";
import { writeTarget } from "./job/write_target.ts";
import { KeyTable } from "./key_table.ts";
import { RecordScanner } from "./record_scanner.ts";
import { openSame } from "./source/byte_source.ts";
import { packageSource } from "./source/sequential_source.ts";
import { STANDARD_STREAM } from "./source/standard_input.ts";
import { withTargetLock } from "./target/target_lock.ts";

/** How to merge bin files. */
export interface MergeOptions extends JobOptions, TargetOptions {
  /** Paths of the bin files, in the order in which their documents are written. */
  sources: readonly string[];
  /** Path of the target, or `-` for the standard output. */
  target: string;
  /** Codec of all sources' contents: a name, alias or number. Default: detected for each. */
  sourceCodec?: CodecLike;
  /** Codec of the target's contents: a name, alias or number. Default: that of the first source. */
  targetCodec?: CodecLike;
  /**
   * Which documents of the same key to keep: `all` (default), or the `first` or
   * the `last`, in its place. Other than for `all`, all keys are held in memory,
   * with about 50 bytes more for each.
   */
  duplicates?: "all" | "first" | "last";
}

/** What a merge took from a source. */
export interface MergedSource {
  /** Path of the source. */
  source: string;
  /** Codec of its contents. */
  codec: CodecName;
  /** Codec of the file as a whole. */
  packageCodec: CodecName;
  /** Number of documents that were taken. */
  documents: number;
  /** Number of documents that were omitted as duplicates. */
  duplicates: number;
  /** Skipped regions of the (unpackaged) source, in order. */
  skipped: SkippedRegion[];
}

/** What a merge has done. */
export interface MergeResult extends JobTotals {
  /** Path of the target. */
  target: string;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the target, in bytes. */
  targetSize: number;
  /** What was taken from each source. */
  sources: MergedSource[];
  /** Duration in seconds. */
  seconds: number;
}

/**
 * Merges several bin files into one, whatever their codecs, on all cores. The
 * target appears whole or not at all.
 *
 * @throws {RecordError | CorruptDataError} A source is corrupt, and `skipErrors` is not set.
 * @throws {TargetExistsError} The target exists, and `force` is not set.
 * @throws {LockedError} Another process is writing the target.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or option is unavailable.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { assertEquals } from "@std/assert";
 * import { merge } from "@binfiles/binfiles/doc";
 *
 * const result = await merge({
 *   sources: ["tests/fixtures/gzip.bin", "tests/fixtures/xz.bin"],
 *   target: `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`,
 *   duplicates: "first",
 * });
 * assertEquals(result.documents, 32);
 * assertEquals(result.targetCodec, "gzip");
 * ```
 */
export async function merge(options: MergeOptions): Promise<MergeResult> {
  const started = performance.now();
  const { sources: paths, target, duplicates = "all", keySizeLimit } = options;
  if (!Array.isArray(paths)) {
    throw invalidArgument("sources", paths, "an array of paths");
  }
  for (const path of paths) checkPath("sources", path);
  checkPath("target", target);
  if (paths.length === 0 || paths.includes(STANDARD_STREAM)) {
    throw new OptionError(
      "Cannot merge: expected the paths of one or more bin files",
    );
  }
  checkNumbers(options);
  checkWord("duplicates", duplicates, ["all", "first", "last"]);
  const codec = resolveCodec(options.sourceCodec);
  const sources: SourceFacts[] = [];
  for (const path of paths) {
    sources.push(await inspectFile(path, { codec, keySizeLimit }));
  }
  const format = resolveFormat(options, sources[0].codec);
  return await withTargetLock(target, options, async (lock) => {
    const near = () => lock.path;
    const omitted = duplicates === "all"
      ? []
      : await findDuplicates(sources, duplicates, options, near);
    const plans: Plan[] = [];
    for (const [i, source] of sources.entries()) {
      const steps = planWriting({
        ...{ from: source.codec, to: format.codec, level: format.level },
        ...{ check: options.skipErrors, sums: options.sums },
        omitted: omitted[i],
      });
      plans.push(await makePlan(source, { ...options, steps, target: format }));
    }
    const { outcomes, totals, targetSize } = await writeTarget(plans, {
      ...options,
      lock,
    });
    return {
      ...totals,
      target,
      targetCodec: format.codec,
      packageCodec: format.packageCodec,
      targetSize,
      sources: outcomes.map(({ totals, skipped }, i) => ({
        source: paths[i],
        codec: sources[i].codec,
        packageCodec: sources[i].packageCodec,
        documents: totals.documents,
        duplicates: omitted[i]?.length ?? 0,
        skipped,
      })),
      seconds: (performance.now() - started) / 1000,
    };
  });
}

/** Number of records between two checks whether to stop. */
const RECORDS_PER_TURN = 20_000;

/** Finds the offsets of the records to omit, for each source, ascending. */
async function findDuplicates(
  sources: readonly SourceFacts[],
  duplicates: "first" | "last",
  options: MergeOptions,
  near: () => string,
): Promise<Float64Array[]> {
  const keys = new KeyTable();
  /** By number of the key: source and offset of the record that is kept so far. */
  const keptSources: number[] = [];
  const keptOffsets: number[] = [];
  const omitted: number[][] = sources.map(() => []);
  for (const [index, source] of sources.entries()) {
    // Corrupt documents are not written, so they do not make others duplicates.
    const skipped = options.skipErrors
      ? await findSkipped(source, options, near)
      : [];
    const { path, name, identity, packageCodec } = source;
    const file = openSame(path!, name, identity);
    const bytes = packageCodec === "none"
      ? file
      : packageSource(file, packageCodec);
    const records = new RecordScanner(bytes, {
      keySizeLimit: options.keySizeLimit,
      skipped,
    });
    try {
      for (let count = 0; records.next(); count++) {
        if (count % RECORDS_PER_TURN === 0) await nextEvent();
        checkSignal(options.signal);
        const { bytes, keyStart, keySize, offset } = records;
        const newKey = keys.size;
        const key = keys.add(bytes, keyStart, keySize);
        if (key === newKey || duplicates === "last") {
          if (key !== newKey) omitted[keptSources[key]].push(keptOffsets[key]);
          keptSources[key] = index;
          keptOffsets[key] = offset;
        } else omitted[index].push(offset);
      }
    } finally {
      records[Symbol.dispose]();
      bytes.close();
    }
  }
  return omitted.map((offsets) => {
    // Shared, so that all threads use the same memory.
    const shared = new Float64Array(new SharedArrayBuffer(8 * offsets.length));
    shared.set(offsets);
    return shared.sort();
  });
}

/** The regions of a source that a job will skip, in order. */
async function findSkipped(
  source: SourceFacts,
  options: MergeOptions,
  near: () => string,
): Promise<SkippedRegion[]> {
  const steps = planCounting(source.codec, false);
  const plan = await makePlan(source, { ...options, target: undefined, steps });
  const { pool, signal } = options;
  const { skipped } = await runPlan(plan, { pool, signal, near });
  return skipped;
}
