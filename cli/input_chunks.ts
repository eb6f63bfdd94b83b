/**
 * The bytes of a file, or of the standard input for `-`, chunk by chunk. A chunk
 * is valid until the next one is requested.
 *
 * @throws {FileError} It cannot be read.
 * @throws {CancelledError} `signal` was aborted while waiting for the standard input.
 */
export async function inputChunks(
  path: string,
  signal?: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  if (path === "-") {
    const { standardInputChunks } = await import(
      "../doc/source/standard_input.ts"
    );
    return standardInputChunks(signal);
  }
  const { fileChunks } = await import("../doc/source/file_chunks.ts");
  return fileChunks(path);
}
