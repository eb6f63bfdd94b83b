import { openFile } from "./byte_source.ts";

/** Bytes of a file that are read at a time. */
const CHUNK_SIZE = 64 * 1024;

/**
 * A file's bytes from its start to its end, chunk by chunk. A chunk is valid
 * until the next is asked for.
 *
 * @throws {FileError} It cannot be read, or is no regular file.
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
