import { createDecoder } from "../../codec/stream_coders.ts";
import { CodecError } from "../../codec/errors.ts";
import type { SkippedRegion } from "../damage/block_reader.ts";
import type { JobControl } from "./shared_state.ts";
import { type Job, reportOf, type WorkerReport } from "./worker.ts";
import { SpoolFile } from "./spool_file.ts";
import { openSame } from "../source/byte_source.ts";

/** Bytes of the package that are read at a time. */
const CHUNK_SIZE = 64 * 1024;

/**
 * Unpacks a source that is compressed as a whole into the spool file, in a thread
 * of its own, while the workers already read from it. It does not get far ahead
 * of them, and what they have read is removed.
 *
 * @returns What was lost of a damaged package, when that is to be skipped.
 * @throws {CorruptDataError} The package is damaged.
 * @throws {FileError} A file cannot be read or written.
 */
export function fillSpool(
  job: Job,
  control: JobControl,
): WorkerReport {
  const source = openSame(job.source, job.name, job.identity);
  const spool = new SpoolFile(job.spool!, "write");
  const decoder = createDecoder(job.sourcePackage);
  let size = 0;
  const append = (bytes: Uint8Array) => {
    if (control.cancelled) return;
    spool.write(bytes, size);
    size += bytes.length;
    control.growSpool(size, false);
    // Here, because a few bytes of a package may unpack to very many.
    control.waitForReaders();
    spool.removeBefore(control.inputPosition);
  };
  const lost: SkippedRegion[] = [];
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0; !control.cancelled && !control.inputDone;) {
      const length = source.read(chunk, 0, CHUNK_SIZE, position);
      position += length;
      const last = length < CHUNK_SIZE || position >= source.size;
      decoder.push(chunk.subarray(0, length), last, append);
      if (last) break;
    }
    control.growSpool(size, true);
  } catch (error) {
    if (!job.skipErrors || !(error instanceof CodecError)) throw error;
    lost.push({
      offset: size,
      size: 0,
      reason:
        `the package is damaged, and nothing behind this offset of what ` +
        `it holds can be read: ${error.message}`,
    });
    control.growSpool(size, true);
  } finally {
    decoder.close?.();
    source.close();
    spool[Symbol.dispose]();
  }
  return reportOf(lost);
}
