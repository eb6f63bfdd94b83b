import { openFile } from "./byte_source.ts";

/** Bytes per chunk. */
const CHUNK_SIZE = 64 * 1024;

/**
 * Yields the bytes of a file in chunks. A chunk is valid until the next one is
 * requested.
 *
 * @throws {FileError} The file cannot be read, or is not a regular file.
 */
export function* fileChunks(path: string): Generator<Uint8Array> {
  const source = openFile(path);
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0;;) {
      const length = source.read(chunk, 0, CHUNK_SIZE, position);
      if (length === 0) return;
      position += length;
      yield chunk.subarray(0, length);
    }
  } finally {
    source.close();
  }
}
