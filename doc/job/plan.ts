import type NodeOs from "node:os";
import type { CodecName } from "../../codec/names.ts";
import { checkLevel, findCodec } from "../../codec/codecs.ts";
import { MAX_DOCUMENT_SIZE } from "../../codec/output_size.ts";
import { engineFor, loadEngines } from "../../codec/engines.ts";
import { globalMemoryPool } from "../../pool/memory_pool.ts";
import { nodeModule } from "../../pool/runtime.ts";
import type { Job } from "./worker.ts";
import type { RecordSpool } from "./record_spool.ts";
import {
  asFileError,
  type FileIdentity,
  nodeFs,
  openFile,
} from "../source/byte_source.ts";
import { codecsToDetect, detectSource } from "../detect_source.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../format/record.ts";
import type { JobOptions } from "./options.ts";
import { OptionError } from "../../pool/errors.ts";

/** Bytes that a worker reads at a time. */
const BLOCK_SIZE = 1024 * 1024;

/** The same for package compression, where larger blocks compress better. */
const PACKAGE_BLOCK_SIZE = 4 * 1024 * 1024;

/** What is decided before a job begins. */
export interface Plan {
  /** What the threads need to know. */
  job: Job;
  /** How many of them there are. */
  workers: number;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the source file, in bytes; 0 if that is not known. */
  sourceSize: number;
  /**
   * Writes the records that the workers read, in the calling thread, where the
   * source is no bin file; until `stop` is aborted.
   */
  fill?(spool: RecordSpool, stop: AbortSignal): Promise<void>;
}

/** What can be told of a job. */
export interface PlanOptions extends JobOptions {
  /** Codec of the target's contents: a name, alias or number. Default `none`. */
  targetCodec?: string | number;
  /** Codec of the target as a whole. Default `none`. */
  packageCodec?: string | number;
  /** Level of the target's contents; the codec's default when not given. */
  level?: number;
  /** Most documents to take; 0 for all. Default 0. */
  limit?: number;
  /** Documents per file; 0 for a single file. Default 0. */
  split?: number;
  /** Whether to write contents only, uncompressed, each followed by a newline. Default false. */
  contentOnly?: boolean;
  /** Whether documents are only looked at. Default false. */
  discards?: boolean;
  /** Whether records are only counted. Default false. */
  headersOnly?: boolean;
  /** Whether the records are known to be whole, so that only contents can be damaged. Default false. */
  intact?: boolean;
  /** Offset of the first record. Default 0. */
  start?: number;
  /** Offset before which records have to start; Infinity for all, which is the default. */
  end?: number;
}

/** What is known of a source before its records are read. */
export interface SourceFacts {
  /** Path of the file. */
  path: string;
  /** What users know it by. */
  name: string;
  /** Its size in bytes, if that is known. */
  size?: number;
  /** Which file it is, if it is read again. */
  identity?: FileIdentity;
  /** Codec of the contents. */
  codec: CodecName;
  /** Codec of the file as a whole. */
  packageCodec: CodecName;
}

/**
 * Looks at a source.
 *
 * @throws {FileError | UnknownCodecError} It cannot be read.
 */
export async function inspectSource(
  path: string,
  name: string,
  { sourceCodec, keySizeLimit = DEFAULT_KEY_SIZE_LIMIT }: JobOptions,
): Promise<SourceFacts> {
  const known = sourceCodec === undefined
    ? undefined
    : findCodec(sourceCodec).name;
  const input = openFile(path, name);
  try {
    const identity = { inode: nodeFs().statSync(path).ino, size: input.size };
    await loadEngines(codecsToDetect(input, keySizeLimit, known));
    const { packageCodec, codec } = detectSource(input, {
      codec: known,
      keySizeLimit,
    });
    return {
      path,
      name,
      size: input.size,
      identity,
      codec: known ?? codec ?? "none",
      packageCodec,
    };
  } catch (error) {
    throw asFileError("read", name, error);
  } finally {
    input.close();
  }
}

/**
 * Decides how a job is done.
 *
 * @throws {UnknownCodecError | NoEngineError | OptionError} It cannot be.
 */
export async function makePlan(
  source: SourceFacts,
  options: PlanOptions,
): Promise<Plan> {
  const {
    limit = 0,
    split = 0,
    workers = 0,
    start = 0,
    discards = false,
    headersOnly = false,
    contentOnly = false,
    skipErrors = false,
  } = options;
  for (
    const [name, value] of Object.entries({ limit, split, workers, start })
  ) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new OptionError(
        `Cannot work with ${name} ${value}: expected 0 or a positive integer`,
      );
    }
  }
  const to = findCodec(options.targetCodec ?? "none");
  const packaging = findCodec(options.packageCodec ?? "none");
  checkLevel(to, options.level);
  const from = source.codec;
  await loadEngines([from, to.name, packaging.name, source.packageCodec]);
  // Fails now rather than in the middle, if there is no engine.
  if (!headersOnly) engineFor(from, "decompress");
  if (!discards) engineFor(to.name, "compress");
  engineFor(packaging.name, "compress", { use: "streams" });
  const blockSize = packaging.name === "none" ? BLOCK_SIZE : PACKAGE_BLOCK_SIZE;
  const copies = formatOf(from) === formatOf(to.name) &&
    options.level === undefined && !contentOnly && !discards;
  // Copying is bound by memory, not by cores; more threads would only start late.
  const isBoundByMemory = headersOnly || copies && !skipErrors &&
      packaging.name === "none" && source.packageCodec === "none";
  const blocks = source.size === undefined
    ? Infinity
    : Math.max(1, Math.ceil(source.size / blockSize));
  return {
    workers: isBoundByMemory ? 1 : Math.min(workers || coreCount(), blocks),
    packageCodec: packaging.name,
    sourceSize: source.size ?? 0,
    job: {
      source: source.path,
      identity: source.identity,
      name: source.name,
      sourcePackage: source.packageCodec,
      from,
      to: to.name,
      copies,
      level: options.level,
      package: packaging.concatenable ? packaging.name : "none",
      start,
      end: options.end ?? Infinity,
      limit: limit || Infinity,
      split: split || Infinity,
      contentOnly,
      headersOnly,
      skipErrors,
      intact: options.intact ?? false,
      pooled: options.optimized ?? globalMemoryPool.enabled,
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

/** What a codec writes: zip is gzip by another name. */
export function formatOf(codec: CodecName): CodecName {
  return codec === "zip" ? "gzip" : codec;
}
