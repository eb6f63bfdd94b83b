import {
  checkTarget,
  createTemporary,
  removeTemporaries,
  syncFile,
} from "./temporary.ts";
import { TargetLock } from "./target_lock.ts";
import { writeFully } from "./write_fully.ts";
import { fileError, nodeFs } from "../source/byte_source.ts";

/**
 * Writes a file atomically: to a temporary file, which is flushed and renamed.
 * If that or `work` fails, the target is unchanged and nothing is left behind.
 *
 * @param sources Files that the target must not be.
 * @param work Passes the bytes to `write`, piece by piece.
 * @throws {TargetExistsError} The target exists, and `force` is not set.
 * @throws {FileError} It cannot be written.
 */
export async function writeFileWhole(
  target: string,
  { sources, force }: { sources: readonly string[]; force: boolean },
  work: (write: (bytes: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  const lock = TargetLock.takeSync(target, {});
  const fs = nodeFs();
  let temporary: string | undefined;
  try {
    checkTarget(target, sources, force);
    temporary = createTemporary(lock.path);
    const descriptor = fs.openSync(temporary, "r+");
    try {
      await work((bytes) => {
        try {
          writeFully(descriptor, bytes);
        } catch (error) {
          throw fileError("write", target, error);
        }
      });
    } finally {
      fs.closeSync(descriptor);
    }
    syncFile(temporary);
    lock.commit({ temporary, parts: 0, sums: false, force });
  } finally {
    if (temporary !== undefined) removeTemporaries([temporary]);
    lock.release();
  }
}
