/** Completes or undoes what a process that died was doing to a target. */
import { nodeFs, nodePath } from "../source/byte_source.ts";
import { RecordError, TargetExistsError } from "../errors.ts";
import { parseTemporaryName } from "./beside_target.ts";
import { commitFile } from "./commit_files.ts";
import type { UnfinishedAppend, UnfinishedRename } from "./journal.ts";
import { openRegular, type OwnStat } from "./own_file.ts";
import { syncDirectory, truncate } from "./temporary.ts";
import { findTornRecord, type TornRecord } from "./torn_record.ts";

/**
 * Removes an incomplete append from the end of a target.
 *
 * @returns What was removed, or undefined.
 * @throws {FileError | NodeJS.ErrnoException} The target cannot be read or truncated.
 */
export function undoAppend(
  path: string,
  { size, inode, keySizeLimit, end }: UnfinishedAppend,
): TornRecord | undefined {
  const fs = nodeFs();
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.ino !== inode) return;
  const descriptor = openRegular(path, fs.constants.O_RDWR);
  try {
    const stat = fs.fstatSync(descriptor);
    // The target was replaced or truncated since.
    if (stat.ino !== inode || stat.size < size) return;
    let cut: TornRecord | undefined;
    if (end === undefined) {
      cut = findTornRecord(path, { keySizeLimit, from: size });
    } else if (stat.size > size && stat.size <= end) {
      cut = { offset: size, size: stat.size - size };
    }
    if (cut !== undefined) truncate(descriptor, cut.offset);
    return cut;
  } catch (error) {
    // Not just a torn record. Appending will report it.
    if (!(error instanceof RecordError)) throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Renames the complete files that have not yet been renamed. A file that was
 * created in place of one of them since is kept.
 *
 * @throws {FileError | NodeJS.ErrnoException} A file cannot be renamed, or is not
 * one of this user.
 */
export function finishRename(
  path: string,
  { token, replaced }: UnfinishedRename,
  own: OwnStat,
): void {
  const { dirname, basename, join } = nodePath();
  const directory = dirname(path);
  const renames = nodeFs().readdirSync(directory).flatMap((name) => {
    const parsed = parseTemporaryName(basename(path), name);
    if (parsed?.token !== token) return [];
    const { part, sums = "" } = parsed;
    return { from: join(directory, name), to: path + part + sums };
  });
  // A file comes before its checksums.
  renames.sort((a, b) => a.to < b.to ? -1 : 1);
  for (const rename of renames) {
    try {
      commitFile(rename, replaced, own);
    } catch (error) {
      if (!(error instanceof TargetExistsError)) throw error;
    }
  }
  syncDirectory(path);
}
