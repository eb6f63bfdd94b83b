import { CodecError } from "../../codec/errors.ts";
import { createDecoder } from "../../codec/stream_coders.ts";
import { openSame } from "../source/byte_source.ts";
import type { Job } from "./job.ts";
import type { SharedState } from "./shared_state.ts";
import { SpoolFile } from "./spool_file.ts";
import { createReport, type WorkerReport } from "./worker_report.ts";

/** Bytes of the package per read. */
const CHUNK_SIZE = 64 * 1024;

/**
 * Unpacks a package to the spool file, in a thread of its own, while the workers
 * read from it. It stays within a limit ahead of them, and what they have read is
 * removed.
 *
 * @returns What was lost of a corrupt package, if errors are skipped.
 * @throws {CorruptDataError} The package is corrupt.
 * @throws {FileError} A file cannot be read or written.
 */
export function unpackToSpool(
  { source: { path, name, identity, packageCodec }, skipErrors }: Job,
  spoolPath: string,
  state: SharedState,
): WorkerReport {
  const source = openSame(path!, name, identity);
  const spool = new SpoolFile(spoolPath, "write");
  const decoder = createDecoder(packageCodec);
  let size = 0;
  const append = (bytes: Uint8Array) => {
    if (state.cancelled) return;
    spool.write(bytes, size);
    size += bytes.length;
    state.growSpool(size, false);
    // Here, because a few bytes of a package may unpack to very many.
    state.waitForReaders();
    spool.removeBefore(state.inputPosition);
  };
  const report = createReport();
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0; !state.cancelled && !state.inputDone;) {
      const length = source.read(chunk, 0, CHUNK_SIZE, position);
      position += length;
      const last = length < CHUNK_SIZE || position >= source.size;
      decoder.push(chunk.subarray(0, length), last, append);
      if (last) break;
    }
  } catch (error) {
    if (!skipErrors || !(error instanceof CodecError)) throw error;
    const reason = `the package is corrupt from here on: ${error.message}`;
    report.skipped.push({ offset: size, size: 0, reason });
  } finally {
    decoder.close?.();
    source.close();
    spool[Symbol.dispose]();
  }
  state.growSpool(size, true);
  return report;
}
