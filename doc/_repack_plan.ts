import type NodeOs from "node:os";
import type { CodecName } from "../codec/codec.ts";
import { checkLevel, findCodec } from "../codec/codecs.ts";
import { MAX_DOCUMENT_SIZE } from "../codec/compress.ts";
import { engineFor } from "../codec/engines.ts";
import { globalMemoryPool } from "../pool/memory_pool.ts";
import { nodeModule } from "../pool/runtime.ts";
import type { RepackJob } from "./_repack_job.ts";
import { openFile } from "./byte_source.ts";
import { detectSource } from "./detect_source.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "./record.ts";
import type { RepackOptions } from "./repack.ts";
import { OptionError } from "../pool/errors.ts";

/** Bytes that a worker reads at a time. */
const BLOCK_SIZE = 1024 * 1024;

/** The same for package compression, where larger blocks compress better. */
const PACKAGE_BLOCK_SIZE = 4 * 1024 * 1024;

/** What is decided before a repack begins. */
export interface Plan {
  /** What the threads need to know. */
  job: RepackJob;
  /** How many of them there are. */
  workers: number;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the source file, in bytes. */
  sourceSize: number;
}

/**
 * Looks at the source and decides how it is repacked.
 *
 * @throws {FileError | UnknownCodecError | NoEngineError | OptionError} It cannot be.
 */
export function makePlan(options: RepackOptions): Plan {
  const {
    source,
    limit = 0,
    split = 0,
    keySizeLimit = DEFAULT_KEY_SIZE_LIMIT,
    maxSize = MAX_DOCUMENT_SIZE,
  } = options;
  for (const [name, value] of Object.entries({ limit, split })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new OptionError(
        `Cannot repack with a ${name} of ${value}: expected 0 or a positive integer`,
      );
    }
  }
  const to = findCodec(options.targetCodec ?? "none");
  const packaging = findCodec(options.packageCodec ?? "none");
  checkLevel(to, options.level);
  const input = openFile(source);
  const { size } = input;
  const known = options.sourceCodec === undefined
    ? undefined
    : findCodec(options.sourceCodec).name;
  const { packageCodec, codec } = detectSource(input, keySizeLimit, known);
  input.close();
  const from = known ?? codec ?? "none";
  // Fails now rather than in the middle, if there is no engine.
  engineFor(from, "decompress");
  engineFor(to.name, "compress");
  engineFor(packaging.name, "compress", "streams");
  const blockSize = packaging.name === "none" ? BLOCK_SIZE : PACKAGE_BLOCK_SIZE;
  const copies = formatOf(from) === formatOf(to.name) &&
    options.level === undefined && !options.contentOnly;
  // Copying is bound by memory, not by cores; more threads would only start late.
  const isPlainCopy = copies && !options.skipErrors &&
    packaging.name === "none" && packageCodec === "none";
  const wanted = options.workers || coreCount();
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new OptionError(
      `Cannot repack with ${wanted} workers: expected a positive integer`,
    );
  }
  return {
    workers: isPlainCopy
      ? 1
      : Math.max(1, Math.min(wanted, Math.ceil(size / blockSize))),
    packageCodec: packaging.name,
    sourceSize: size,
    job: {
      source,
      sourcePackage: packageCodec,
      output: "",
      from,
      to: to.name,
      copies,
      level: options.level,
      package: packaging.concatenable ? packaging.name : "none",
      limit: limit || Infinity,
      split: split || Infinity,
      contentOnly: options.contentOnly ?? false,
      skipErrors: options.skipErrors ?? false,
      pooled: options.optimized ?? globalMemoryPool.enabled,
      keySizeLimit,
      maxSize,
      blockSize,
    },
  };
}

/** Number of cores that the process may use. */
export function coreCount(): number {
  return nodeModule<typeof NodeOs>("node:os")?.availableParallelism() ?? 1;
}

/** What a codec writes: zip is gzip by another name. */
function formatOf(codec: CodecName): CodecName {
  return codec === "zip" ? "gzip" : codec;
}
