import { BinfilesError } from "../../pool/errors.ts";
import { fileError, nodeFs } from "../source/byte_source.ts";
import {
  STANDARD_INPUT_NAME,
  STANDARD_STREAM,
  standardInputChunks,
} from "../source/standard_input.ts";
import { createTemporary, removeTemporaries } from "../target/temporary.ts";
import { writeFully } from "../target/write_fully.ts";

/**
 * Calls `use` with the path of a source and its name in messages. The standard
 * input is copied to a temporary file first, because threads read from many
 * positions.
 *
 * @param near Returns a path beside which the temporary file may be created.
 * @throws {FileError} The standard input cannot be copied.
 * @throws {CancelledError} `signal` was aborted meanwhile.
 */
export async function withSourceFile<T>(
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

async function copyStandardInput(
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fs = nodeFs();
  const descriptor = fs.openSync(path, "w");
  try {
    for await (const chunk of standardInputChunks(signal)) {
      writeFully(descriptor, chunk);
    }
  } catch (error) {
    if (error instanceof BinfilesError) throw error;
    throw fileError("copy", STANDARD_INPUT_NAME, error);
  } finally {
    fs.closeSync(descriptor);
  }
}
