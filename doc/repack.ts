import type { CodecName } from "../codec/codec.ts";
import { compress } from "../codec/compress.ts";
import { createEncoder } from "../codec/stream_coders.ts";
import type { SkippedRange } from "./_block_reader.ts";
import { RepackControl, type RepackProgress } from "./_repack_control.ts";
import { partPath, type RepackJob } from "./_repack_job.ts";
import { makePlan, type Plan } from "./_repack_plan.ts";
import {
  nextEvent,
  pauseBetweenEvents,
  runThreads,
} from "./_repack_threads.ts";
import {
  checkTarget,
  commitTemporary,
  createTemporary,
  removeTemporaries,
} from "./_target.ts";
import { fileError, nodeFs, openFile } from "./byte_source.ts";
import { CancelledError, FileError } from "./errors.ts";

/** How to repack a bin file. */
export interface RepackOptions {
  /** Path of the bin file. Compression of the file as a whole is detected. */
  source: string;
  /** Path of the file to make. */
  target: string;
  /** Codec of the source's contents: a name, alias or number. Default: detected. */
  sourceCodec?: string | number;
  /** Codec of the target's contents. Default `none`, as in the original. */
  targetCodec?: string | number;
  /** Codec of the target as a whole. Default `none`. */
  packageCodec?: string | number;
  /**
   * Level of the target's contents; the codec's default when not given. When
   * given, contents are compressed anew even if the codec stays the same.
   */
  level?: number;
  /** Number of threads. Default: as many as there are cores. */
  workers?: number;
  /** Most documents to take; 0 for all. Default 0. */
  limit?: number;
  /**
   * Documents per file; 0 for a single file. Default 0. When set, the files are
   * named after the target with `.1`, `.2` and so on.
   */
  split?: number;
  /** Whether to write contents only, uncompressed, each followed by a newline. Default false. */
  contentOnly?: boolean;
  /** Whether to leave out what is damaged and report it, instead of failing. Default false. */
  skipErrors?: boolean;
  /** Whether to replace an existing target. Default false. */
  force?: boolean;
  /** Whether to work with pooled memory. Default: unless `BINFILES_POOL=off` is set. */
  optimized?: boolean;
  /** Longest key that is accepted, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
  /** Most bytes a document may decompress to. Default: 1 GiB. */
  maxSize?: number;
  /** Cancels the work. */
  signal?: AbortSignal;
  /**
   * Called now and then with what has been done, and at the end. `total` is the
   * number of bytes to be read, or 0 if that is not known, as with packages.
   */
  onProgress?(progress: RepackProgress, total: number): void;
}

/** What a repack has done. */
export interface RepackResult extends RepackProgress {
  /** Path of the source. */
  source: string;
  /** Paths of the files that were made. */
  targets: string[];
  /** Codec of the source's contents. */
  sourceCodec: CodecName;
  /** Codec of the source as a whole. */
  sourcePackageCodec: CodecName;
  /** Codec of the target's contents. */
  targetCodec: CodecName;
  /** Codec of the target as a whole. */
  packageCodec: CodecName;
  /** Size of the source file, in bytes. */
  sourceSize: number;
  /** Size of the files that were made, in bytes. */
  targetSize: number;
  /** Ranges of the (unpackaged) source that were left out, in order. */
  skipped: SkippedRange[];
  /** How long it took, in seconds. */
  seconds: number;
}

/**
 * Rewrites a bin file with another compression, on all cores.
 *
 * Documents keep their order, and the result is the same for any number of
 * workers. The target appears whole or not at all: it is written beside its
 * place, flushed, and renamed. The calling thread is one of the workers; it
 * pauses between blocks, so that other events are handled.
 *
 * @throws {RecordError} A record is damaged, and `skipErrors` is not set.
 * @throws {CorruptDataError} The source is damaged as a package.
 * @throws {TargetExistsError} The target exists, and `force` is not set.
 * @throws {FileError} A file cannot be read or written.
 * @throws {CancelledError} `signal` was aborted.
 * @throws {UnknownCodecError | NoEngineError | OptionError} A codec or level is not to be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { repack } from "@binfiles/binfiles/doc";
 *
 * const target = `${Deno.makeTempDirSync()}/docs.bin`;
 * const result = await repack({
 *   source: "tests/fixtures/gzip.bin",
 *   target,
 *   targetCodec: "zstd",
 * });
 * assertEquals(result.documents, 32);
 * ```
 */
export async function repack(options: RepackOptions): Promise<RepackResult> {
  const started = performance.now();
  const { source, target, force = false, onProgress } = options;
  const plan = makePlan(options);
  const { job } = plan;
  checkTarget(partName(job, target, 0), [source], force);
  const temporaries = new Set<string>();
  const temporary = () => {
    const path = createTemporary(target);
    temporaries.add(path);
    return path;
  };
  try {
    job.output = temporary();
    if (job.sourcePackage !== "none") job.spool = temporary();
    const control = new RepackControl(plan.workers, pauseBetweenEvents);
    const reports = await runThreads(plan, control, options).finally(() => {
      for (let part = 0; part < control.parts; part++) {
        temporaries.add(partPath(job, part));
      }
    });
    const progress = control.progress();
    const skipped = reports.flatMap((report) => report.skipped);
    const left = reports.reduce(
      (sum, { dropped, recovered }) => sum + dropped - recovered,
      0,
    );
    const written = Array.from(
      { length: control.parts },
      (_, part) => nodeFs().statSync(partPath(job, part)).size,
    ).reduce((sum, size) => sum + size);
    if (
      !control.isComplete(progress.documents + left) ||
      written !== progress.bytesWritten
    ) {
      throw new FileError(
        target,
        `Cannot write ${target}: not every document of ${source} arrived. ` +
          "This is a fault of binfiles; please report it.",
      );
    }
    const parts: { path: string; output: string }[] = [];
    for (let part = 0; part < control.parts; part++) {
      const path = partName(job, target, part);
      checkTarget(path, [source], force);
      const output = await finishPart(
        partPath(job, part),
        plan,
        temporary,
        options.signal,
      );
      parts.push({ path, output });
    }
    const targetSize = parts.reduce(
      (sum, { output }) => sum + nodeFs().statSync(output).size,
      0,
    );
    for (const { output, path } of parts) commitTemporary(output, path, force);
    onProgress?.(progress, progress.bytesRead);
    return {
      ...progress,
      source,
      targets: parts.map(({ path }) => path),
      sourceCodec: job.from,
      sourcePackageCodec: job.sourcePackage,
      targetCodec: job.to,
      packageCodec: plan.packageCodec,
      sourceSize: plan.sourceSize,
      targetSize,
      skipped: skipped.sort((a, b) => a.offset - b.offset),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    removeTemporaries(temporaries);
  }
}

/** Name of a part of the target. */
function partName(job: RepackJob, target: string, part: number): string {
  return job.split === Infinity ? target : `${target}.${part + 1}`;
}

/**
 * Completes a part of the output: an empty package must still be a valid stream,
 * and codecs whose streams cannot be put one after the other have their turn now.
 *
 * @returns The path of the complete file.
 */
async function finishPart(
  output: string,
  { job, packageCodec }: Plan,
  temporary: () => string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const fs = nodeFs();
  if (packageCodec === "none") return output;
  if (job.package === packageCodec) {
    if (fs.statSync(output).size === 0) {
      fs.writeFileSync(output, compress(new Uint8Array(0), packageCodec));
    }
    return output;
  }
  const packed = temporary();
  await packWhole(output, packed, packageCodec, signal);
  return packed;
}

/** Bytes of a file that are compressed at a time. */
const CHUNK_SIZE = 1024 * 1024;

/** Compresses a file as one stream. */
async function packWhole(
  from: string,
  to: string,
  codec: CodecName,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fs = nodeFs();
  const input = openFile(from);
  const output = fs.openSync(to, "w");
  const encoder = createEncoder(codec);
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) {
      done += fs.writeSync(output, bytes, done, bytes.length - done);
    }
  };
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0, last = false; !last; await nextEvent()) {
      if (signal?.aborted) throw new CancelledError();
      const length = input.read(chunk, 0, chunk.length, position);
      position += length;
      last = position >= input.size;
      encoder.push(chunk.subarray(0, length), last, write);
    }
  } catch (error) {
    throw error instanceof CancelledError
      ? error
      : fileError("write", to, error);
  } finally {
    encoder.close?.();
    fs.closeSync(output);
    input.close();
  }
}
