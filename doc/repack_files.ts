/** Many small files are not cut into blocks: each thread takes whole ones. */
import { BinfilesError } from "../pool/errors.ts";
import { type PackedError, packError } from "./job/thread_errors.ts";
import { CancelledError } from "./errors.ts";
import { repack, type RepackOptions, type RepackResult } from "./repack.ts";

/** A file and what it shall become. */
export interface FilePair {
  /** Path of the source. */
  source: string;
  /** Path of the target. */
  target: string;
}

/** What became of a file. */
export interface FileOutcome extends FilePair {
  /** What was done to it, if anything. */
  result?: RepackResult;
  /** Why nothing was done. */
  error?: PackedError;
  /** What is not as it should be. */
  warnings: string[];
}

/** Files to repack, and the memory that tells the threads who takes which. */
export interface FilesJob {
  /** How to repack each; without what cannot be sent to other threads. */
  options: Omit<
    RepackOptions,
    keyof FilePair | "signal" | "onProgress" | "onWarning"
  >;
  /** The files. */
  files: FilePair[];
  /** One 32-bit word: the index of the next file. */
  memory: SharedArrayBuffer;
}

/** Makes every thread of a job stop after the file that it is at. */
export function stopFiles({ memory, files }: FilesJob): void {
  Atomics.store(new Int32Array(memory), 0, files.length);
}

/**
 * Repacks files until none is left, in this thread alone; others may do the same.
 *
 * @throws {CancelledError} `signal` was aborted.
 */
export async function repackFiles(
  { options, files, memory }: FilesJob,
  signal?: AbortSignal,
): Promise<FileOutcome[]> {
  const next = new Int32Array(memory);
  const outcomes: FileOutcome[] = [];
  for (;;) {
    const index = Atomics.add(next, 0, 1);
    if (index >= files.length) return outcomes;
    const file = files[index];
    outcomes.push(
      await repackFile({ ...options, ...file, workers: 1, signal }),
    );
  }
}

/**
 * Repacks a file; that it cannot be is an outcome like others, as it does not
 * keep other files from it.
 *
 * @throws {CancelledError} `signal` was aborted.
 */
export async function repackFile(options: RepackOptions): Promise<FileOutcome> {
  const { source, target } = options;
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  try {
    const result = await repack({ ...options, onWarning });
    return { source, target, result, warnings };
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof BinfilesError)) {
      throw error;
    }
    return { source, target, error: packError(error), warnings };
  }
}
