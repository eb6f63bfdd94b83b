import type NodeOs from "node:os";
import { findCodec } from "../../codec/codecs.ts";
import { engineFor } from "../../codec/engines.ts";
import { loadEngines } from "../../codec/load_engines.ts";
import type { CodecName } from "../../codec/names.ts";
import { MAX_DOCUMENT_SIZE } from "../../codec/output_size.ts";
import { globalMemoryPool } from "../../pool/memory_pool.ts";
import { nodeModule } from "../../pool/runtime.ts";
import type { KnownDocuments } from "../damage/known_documents.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../format/record.ts";
import type { ByteSource } from "../source/byte_source.ts";
import type { Job, SourceFacts } from "./job.ts";
import type { JobOptions } from "./options.ts";
import type { RecordSpool } from "./record_spool.ts";
import { checkEngines, isCopying, type StepPlan } from "./steps/step_plan.ts";
import type { TargetFormat } from "./target_format.ts";

/** Bytes per block. */
const BLOCK_SIZE = 1024 * 1024;

/** The same if blocks are compressed, which works better for large ones. */
const PACKAGE_BLOCK_SIZE = 4 * 1024 * 1024;

/** Where the records of a job come from: a file, open bytes, or a function. */
export interface JobSource extends SourceFacts {
  /** The source, if it is open already. Only the calling thread reads it. */
  readonly bytes?: ByteSource;
  /** Writes the records, in the calling thread, until `stop` is aborted. */
  fill?(spool: RecordSpool, stop: AbortSignal): Promise<void>;
  /** Documents known by their checksums. Default: read from the `.sums` file beside the source. */
  readonly known?: KnownDocuments;
}

/** A job that is ready to run. It does not change any more. */
export interface Plan {
  /** Where the records come from. */
  readonly source: JobSource;
  /** How the target is compressed; undefined if nothing is written. */
  readonly target: TargetFormat | undefined;
  /** What the threads do. */
  readonly job: Job;
  /** Number of threads that process blocks; 0 if the calling thread does everything. */
  readonly workers: number;
  /** The module of the other threads. Default: that of this package. */
  readonly workerUrl?: string | URL;
}

/** What to plan. */
export interface PlanOptions extends
  Pick<
    JobOptions,
    | "workers"
    | "workerUrl"
    | "skipErrors"
    | "pool"
    | "keySizeLimit"
    | "maxSize"
  > {
  /** What to do with each record. */
  steps: readonly StepPlan[];
  /** How to compress the target. Default: nothing is written. */
  target?: TargetFormat;
  /** Maximum number of records; 0 for all. Default 0. */
  limit?: number;
  /** Documents per part of the target; 0 for a single file. Default 0. */
  split?: number;
  /** Whether the sizes of all records are known to be correct. Default false. */
  intact?: boolean;
  /** Offset of the first record. Default 0. */
  start?: number;
  /** Offset before which records have to start. Default: all do. */
  end?: number;
}

/**
 * Plans a job.
 *
 * @throws {NoEngineError} This runtime has no engine for a codec.
 */
export async function makePlan(
  source: JobSource,
  options: PlanOptions,
): Promise<Plan> {
  const { steps, target } = options;
  const { limit = 0, split = 0, workers = 0, start = 0 } = options;
  const { skipErrors = false, pool = globalMemoryPool } = options;
  const { bytes: _, fill: __, known: ___, ...facts } = source;
  const packageCodec = target?.packageCodec ?? "none";
  const codecs: CodecName[] = [
    source.codec,
    source.packageCodec,
    target?.codec ?? "none",
    packageCodec,
  ];
  await loadEngines(codecs);
  // A missing engine is an error now, not in the middle of the job.
  checkEngines(steps);
  engineFor(packageCodec, "compress", { use: "streams" });
  const blockSize = packageCodec === "none" ? BLOCK_SIZE : PACKAGE_BLOCK_SIZE;
  const blocks = source.size === undefined
    ? Infinity
    : Math.max(1, Math.ceil(source.size / blockSize));
  // Copying is bound by memory, not by cores. More threads would only start late.
  const isBoundByMemory = isCopying(steps) && (target === undefined ||
    !skipErrors && packageCodec === "none" && source.packageCodec === "none");
  return {
    source,
    target,
    workerUrl: options.workerUrl,
    workers: isBoundByMemory ? 1 : Math.min(workers || coreCount(), blocks),
    job: {
      source: facts,
      steps,
      codecs,
      blockCodec: findCodec(packageCodec).concatenable ? packageCodec : "none",
      start,
      end: options.end ?? Infinity,
      limit: limit || Infinity,
      split: split || Infinity,
      skipErrors,
      intact: options.intact ?? false,
      pooled: pool.enabled,
      keySizeLimit: options.keySizeLimit ?? DEFAULT_KEY_SIZE_LIMIT,
      maxSize: options.maxSize ?? MAX_DOCUMENT_SIZE,
      blockSize,
    },
  };
}

/** Number of cores that the process may use. */
export function coreCount(): number {
  return nodeModule<typeof NodeOs>("node:os")?.availableParallelism() ?? 1;
}
