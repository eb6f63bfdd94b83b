import { STANDARD_STREAM } from "./source/standard_input.ts";
import type { LockOptions } from "./target/target_lock.ts";
import type { CodecName } from "../codec/names.ts";
import { OptionError } from "../pool/errors.ts";
import type { SkippedRegion } from "./damage/block_reader.ts";
import {
  inspectSource,
  makePlan,
  type Plan,
  type SourceFacts,
} from "./job/plan.ts";
import type { JobProgress } from "./job/shared_state.ts";
import { type RunOptions, runPlan } from "./job/run.ts";
import { nextEvent } from "./job/yield.ts";
import { KeyTable } from "./key_table.ts";
import { RecordScanner } from "./record_scanner.ts";
import { withTargetLock } from "./target/target_lock.ts";
import { writeTarget } from "./job/write_target.ts";
import { openSame } from "./source/byte_source.ts";
import { openInput } from "./open_input.ts";
import { CancelledError } from "./errors.ts";
import type { JobOptions } from "./job/options.ts";

/** What to do with documents of the same key. */
export type Duplicates = "all" | "first" | "last";

/** How to merge bin files. */
export interface MergeOptions extends JobOptions, LockOptions {
  /** Paths of the bin files, in the order in which their documents shall come. */
  sources: readonly string[];
  /** Path of the file to make, or `-` for the standard output. */
  target: string;
  /** Codec of the target's contents. Default: that of the first source. */
  targetCodec?: string | number;
  /** Codec of the target as a whole. Default `none`. */
  packageCodec?: string | number;
  /** Level of the target's contents; the codec's default when not given. */
  level?: number;
  /**
   * Which documents of the same key to keep: all of them, which is the default,
   * or the first or the last one, in its place. To tell, all keys are held in
   * memory, with about 50 bytes more for each.
   */
  duplicates?: Duplicates;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /** Whether to write checksums of the documents into a file beside the target. Default false. */
  sums?: boolean;
}

/** What became of a source. */
export interface MergedSource {
  /** Its path. */
  source: string;
  /** Codec of its contents. */
  codec: CodecName;
  /** Codec of the file as a whole. */
  packageCodec: CodecName;
  /** Documents taken from it. */
  documents: number;
  /** Documents left out because of others with the same key. */
  duplicates: number;
  /** Ranges that are damaged, in order. */
  skipped: SkippedRegion[];
}

/** What a merge has done. */
export interface MergeResult extends JobProgress {
  /** Path of the target. */
  target: string;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the target, in bytes. */
  targetSize: number;
  /** What became of each source. */
  sources: MergedSource[];
  /** How long it took, in seconds. */
  seconds: number;
}

/**
 * Makes one bin file of several, whatever their codecs, on all cores. The target
 * appears whole or not at all.
 *
 * @throws {RecordError | CorruptDataError} A source is damaged, and `skipErrors` is not set.
 * @throws {TargetExistsError} The target exists, and `force` is not set.
 * @throws {LockedError} Another process is writing the target.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or option is not to be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { merge } from "@binfiles/binfiles/doc";
 *
 * const result = await merge({
 *   sources: ["tests/fixtures/gzip.bin", "tests/fixtures/xz.bin"],
 *   target: `${Deno.makeTempDirSync()}/docs.bin`,
 *   duplicates: "first",
 * });
 * assertEquals(result.documents, 32);
 * assertEquals(result.targetCodec, "gzip");
 * ```
 */
export async function merge(options: MergeOptions): Promise<MergeResult> {
  const started = performance.now();
  const { sources, target, duplicates = "all" } = options;
  if (sources.length === 0 || sources.includes(STANDARD_STREAM)) {
    throw new OptionError(
      "Cannot merge: expected the paths of one or more bin files",
    );
  }
  const facts: SourceFacts[] = [];
  for (const path of sources) {
    facts.push(await inspectSource(path, path, options));
  }
  const targetCodec = options.targetCodec ?? facts[0].codec;
  const plans: Plan[] = [];
  for (const source of facts) {
    plans.push(await makePlan(source, { ...options, targetCodec }));
  }
  const { outcomes, progress, targetSize } = await withTargetLock(
    target,
    options,
    async (lock) => {
      if (duplicates !== "all") {
        const near = () => lock.path;
        const search = { ...options, near };
        const omitted = await findDuplicates(facts, duplicates, search);
        plans.forEach(({ job }, i) => job.omitted = omitted[i]);
      }
      return await writeTarget(plans, { ...options, lock });
    },
  );
  return {
    ...progress,
    target,
    targetCodec: plans[0].job.to,
    packageCodec: plans[0].packageCodec,
    targetSize,
    sources: outcomes.map(({ progress, skipped }, i) => ({
      source: sources[i],
      codec: facts[i].codec,
      packageCodec: facts[i].packageCodec,
      documents: progress.documents,
      duplicates: plans[i].job.omitted?.length ?? 0,
      skipped,
    })),
    seconds: (performance.now() - started) / 1000,
  };
}

/** How to look for duplicates, and where to unpack packages meanwhile. */
type SearchOptions = MergeOptions & Pick<RunOptions, "near">;

/** Records between two looks at whether to stop. */
const RECORDS_PER_TURN = 20_000;

/** Finds the records to leave out, by source, in order of their offsets. */
async function findDuplicates(
  sources: SourceFacts[],
  duplicates: "first" | "last",
  options: SearchOptions,
): Promise<Float64Array[]> {
  const keys = new KeyTable();
  /** Where each key's record is that is kept so far: number of the source, and offset. */
  const keptSources: number[] = [];
  const keptOffsets: number[] = [];
  const omitted: number[][] = sources.map(() => []);
  for (const [index, source] of sources.entries()) {
    const damaged = await findDamage(source, options);
    const { source: bytes } = openInput(
      openSame(source.path, source.name, source.identity),
      options,
    );
    const records = new RecordScanner(bytes, {
      keySizeLimit: options.keySizeLimit,
      skipped: damaged,
    });
    try {
      // What is damaged will not get into the target, so it is no duplicate either.
      for (let count = 0; records.next(); count++) {
        if (count % RECORDS_PER_TURN === 0) await nextEvent();
        if (options.signal?.aborted) throw new CancelledError();
        const { bytes, keyStart, keySize, offset } = records;
        const isNew = keys.size;
        const key = keys.add(bytes, keyStart, keySize);
        if (key === isNew || duplicates === "last") {
          if (key !== isNew) omitted[keptSources[key]].push(keptOffsets[key]);
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
    const shared = new Float64Array(new SharedArrayBuffer(8 * offsets.length));
    shared.set(offsets);
    return shared.sort();
  });
}

/** The damaged ranges of a source, in order. */
async function findDamage(
  source: SourceFacts,
  options: SearchOptions,
): Promise<SkippedRegion[]> {
  if (!options.skipErrors) return [];
  const { near, signal } = options;
  const plan = await makePlan(source, { ...options, discards: true });
  const { skipped } = await runPlan(plan, { near, signal });
  return skipped;
}
