import type NodeProcess from "node:process";
import { nodeModule } from "../../pool/runtime.ts";
import { fileError } from "./byte_source.ts";
import { CancelledError, checkSignal } from "../errors.ts";

/** The path that means standard input or output. */
export const STANDARD_STREAM = "-";

/** Name of the standard input in error messages. */
export const STANDARD_INPUT_NAME = "standard input";

/**
 * Yields the chunks of the standard input.
 *
 * @throws {FileError} It cannot be read.
 * @throws {CancelledError} `signal` was aborted.
 */
export async function* standardInputChunks(
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { stdin } = nodeModule<typeof NodeProcess>("node:process")!;
  const stop = () => stdin.destroy(new CancelledError(signal!.reason));
  signal?.addEventListener("abort", stop);
  try {
    checkSignal(signal);
    yield* stdin;
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    throw fileError("read", STANDARD_INPUT_NAME, error);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
