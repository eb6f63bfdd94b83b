import fs from "node:fs";
import process from "node:process";
import { fileError } from "../doc/source/byte_source.ts";

/** Milliseconds between two attempts to write to a full pipe. */
const RETRY_INTERVAL = 5;

/**
 * Writes to the standard output, synchronously. If its reader is gone, the
 * process ends without an error.
 *
 * @throws {FileError} It cannot be written.
 */
export function writeStandardOutput(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(process.stdout.fd, bytes, done, bytes.length - done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") process.exit();
      if (code !== "EAGAIN") throw fileError("write", "standard output", error);
      // A non-blocking pipe with a slow reader.
      const cell = new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(cell, 0, 0, RETRY_INTERVAL);
    }
  }
}
