import { BinfilesError } from "../pool/errors.ts";
import { MemoryPool } from "../pool/memory_pool.ts";
import { CancelledError } from "./errors.ts";
import { type PackedError, packError } from "./job/packed_error.ts";
import type { TaskKind } from "./job/tasks.ts";
import { repack, type RepackOptions, type RepackResult } from "./repack.ts";

/** A file to repack. */
export interface FilePair {
  /** Path of the source. */
  source: string;
  /** Path of the target. */
  target: string;
}

/** The outcome for a file: a result or an error. */
export interface FileOutcome extends FilePair {
  /** The result, if it was repacked. */
  result?: RepackResult;
  /** The error, if it was not. */
  error?: PackedError;
  /** Warnings, in order. */
  warnings: string[];
}

/** Files to repack by several threads, each of which takes whole files. */
export interface FilesInput {
  /** How to repack each, without what cannot be sent to other threads. */
  options: Omit<
    RepackOptions,
    keyof FilePair | "signal" | "onProgress" | "onWarning" | "pool"
  >;
  /** Whether threads use their global pools. */
  pooled: boolean;
  /** The files. */
  files: FilePair[];
  /** A 32-bit word: the index of the next file. */
  memory: SharedArrayBuffer;
}

/** Repacks files until none is left. */
export const filesTask: TaskKind<FilesInput, FileOutcome[]> = "files";

/** Stops all threads after their current file. */
export function stopFiles({ memory, files }: FilesInput): void {
  Atomics.store(new Int32Array(memory), 0, files.length);
}

/**
 * Repacks files in this thread until none is left. Other threads may take files of
 * the same input meanwhile.
 *
 * @throws {CancelledError} `signal` was aborted.
 */
export async function repackFiles(
  { options, pooled, files, memory }: FilesInput,
  { signal, pool = pooled ? undefined : new MemoryPool({ enabled: false }) }:
    Pick<RepackOptions, "signal" | "pool"> = {},
): Promise<FileOutcome[]> {
  const next = new Int32Array(memory);
  const outcomes: FileOutcome[] = [];
  for (;;) {
    const index = Atomics.add(next, 0, 1);
    if (index >= files.length) return outcomes;
    const file = files[index];
    outcomes.push(
      await repackFile({ ...options, ...file, workers: 1, signal, pool }),
    );
  }
}

/**
 * Repacks a file. An error is an outcome, because it must not stop other files.
 *
 * @throws {CancelledError} `signal` was aborted.
 */
export async function repackFile(
  options: RepackOptions & FilePair,
): Promise<FileOutcome> {
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
