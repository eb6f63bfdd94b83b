/** The standard input as a file: who reads from many places at once cannot read from a pipe. */
import type NodeProcess from "node:process";
import { BinfilesError } from "../pool/errors.ts";
import { nodeModule } from "../pool/runtime.ts";
import {
  createTemporary,
  removeTemporaries,
  STANDARD_STREAM,
} from "./_target.ts";
import { fileError, nodeFs } from "./byte_source.ts";
import { CancelledError } from "./errors.ts";

/** What errors call the standard input. */
export const STANDARD_INPUT_NAME = "standard input";

/**
 * Calls `use` with the path of the source. If the source is the standard input,
 * it is first copied to a temporary file, which is gone afterwards.
 *
 * @param near Returns a path beside which the file may be made.
 * @throws {FileError} It cannot be copied.
 * @throws {CancelledError} `signal` was aborted meanwhile.
 */
export async function withInput<T>(
  source: string,
  { near, signal }: { near(): string; signal?: AbortSignal },
  use: (path: string, name: string) => Promise<T>,
): Promise<T> {
  if (source !== STANDARD_STREAM) return await use(source, source);
  const path = createTemporary(near());
  try {
    await copyStandardInput(path, signal);
    return await use(path, STANDARD_INPUT_NAME);
  } finally {
    removeTemporaries([path]);
  }
}

/**
 * The chunks of the standard input.
 *
 * @throws {FileError} It cannot be read.
 * @throws {CancelledError} `signal` was aborted.
 */
export async function* standardInputChunks(
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { stdin } = nodeModule<typeof NodeProcess>("node:process")!;
  const stop = () => stdin.destroy(new CancelledError());
  signal?.addEventListener("abort", stop);
  try {
    if (signal?.aborted) throw new CancelledError();
    yield* stdin;
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    throw fileError("read", STANDARD_INPUT_NAME, error);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function copyStandardInput(
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fs = nodeFs();
  const descriptor = fs.openSync(path, "w");
  try {
    for await (const chunk of standardInputChunks(signal)) {
      for (let done = 0; done < chunk.length;) {
        done += fs.writeSync(descriptor, chunk, done, chunk.length - done);
      }
    }
  } catch (error) {
    if (error instanceof BinfilesError) throw error;
    throw fileError("copy", STANDARD_INPUT_NAME, error);
  } finally {
    fs.closeSync(descriptor);
  }
}
