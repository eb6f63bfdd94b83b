import { nodeFs } from "../source/byte_source.ts";

/** Time between two attempts to write to a full pipe, in milliseconds. */
const RETRY_INTERVAL = 5;

/**
 * Writes all of `bytes` to an open file. A single system call may write fewer.
 *
 * @param position Offset in the file. Default: the current position, the only
 * one that a pipe has.
 * @throws {NodeJS.ErrnoException} They cannot be written.
 */
export function writeFully(
  descriptor: number,
  bytes: Uint8Array,
  position?: number,
): void {
  const fs = nodeFs();
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    try {
      done += fs.writeSync(descriptor, bytes, done, bytes.length - done, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      // A non-blocking pipe is full.
      const clock = new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(clock, 0, 0, RETRY_INTERVAL);
    }
  }
}
