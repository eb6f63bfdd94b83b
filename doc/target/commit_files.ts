/** Complete files are renamed into place. */
import { nodeFs, nodePath } from "../source/byte_source.ts";
import { SUMS_SUFFIX } from "../format/sums.ts";
import { TargetExistsError } from "../errors.ts";
import { openRegular, type OwnStat } from "./own_file.ts";
import { removeTemporaries } from "./temporary.ts";

/** Complete temporary files that are to be renamed to a target. */
export interface CompleteFiles {
  /** Path of the temporary file; for parts, without `.1`, `.2`, … */
  temporary: string;
  /** Number of parts; 0 if the target is not split. */
  parts: number;
  /** Whether there are checksum files as well. */
  sums: boolean;
  /** Whether to replace existing files. */
  force: boolean;
}

/** A temporary file and the name that it gets. */
interface Rename {
  from: string;
  to: string;
}

/** Numbers at the ends of the names of parts. */
function numbersOf({ parts }: CompleteFiles): string[] {
  return parts === 0
    ? [""]
    : Array.from({ length: parts }, (_, i) => `.${i + 1}`);
}

/** Lists what is to be renamed: each file before its checksums. */
export function renamesOf(files: CompleteFiles, target: string): Rename[] {
  const { temporary, sums } = files;
  return numbersOf(files).flatMap((number) => {
    const to = target + number;
    const file = { from: temporary + number, to };
    const ofSums = temporary + SUMS_SUFFIX + number;
    return sums ? [file, { from: ofSums, to: to + SUMS_SUFFIX }] : [file];
  });
}

/** Names and inode numbers of the existing files that may be replaced. */
export function replacedBy(
  files: CompleteFiles,
  target: string,
): Record<string, number> {
  const { force, sums } = files;
  const paths = numbersOf(files).flatMap((number) => {
    const path = target + number;
    const ofSums = path + SUMS_SUFFIX;
    return force ? [path, ofSums] : sums ? [ofSums] : [];
  });
  return Object.fromEntries(paths.flatMap((path) => {
    const stat = nodeFs().lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [] : [[nodePath().basename(path), stat.ino]];
  }));
}

/**
 * Renames a complete temporary file to its target. Does nothing if that has been
 * done, so the call can be repeated.
 *
 * @param replaced Names and inode numbers of the files that may be replaced. If
 * checksums of the target are among them, they are removed.
 * @param own What files of this user look like.
 * @throws {TargetExistsError} There is another file.
 * @throws {FileError} The temporary file is not this user's own.
 * @throws {NodeJS.ErrnoException} It cannot be renamed.
 */
export function commitFile(
  { from, to }: Rename,
  replaced: Readonly<Record<string, number>>,
  own: OwnStat,
): void {
  const fs = nodeFs();
  const statOf = (path: string) =>
    fs.lstatSync(path, { throwIfNoEntry: false });
  const isReplaced = (path: string) =>
    statOf(path)?.ino === replaced[nodePath().basename(path)];
  const made = statOf(from);
  if (made === undefined) return;
  const old = statOf(to);
  if (old?.ino === made.ino && old.dev === made.dev) {
    // A process died between link and unlink.
    return fs.unlinkSync(from);
  }
  if (old !== undefined && !isReplaced(to)) throw new TargetExistsError(to);
  const descriptor = openRegular(from, fs.constants.O_RDWR, own);
  try {
    const mode = fs.statSync(to, { throwIfNoEntry: false })?.mode;
    if (mode !== undefined) fs.fchmodSync(descriptor, mode);
  } finally {
    fs.closeSync(descriptor);
  }
  // Old checksums must never be found beside a new file.
  const sums = to + SUMS_SUFFIX;
  if (statOf(sums) !== undefined && isReplaced(sums)) removeTemporaries([sums]);
  if (old === undefined) renameToNew(from, to);
  else fs.renameSync(from, to);
}

/** Renames a file, but not over one that was created meanwhile. */
function renameToNew(from: string, to: string): void {
  const fs = nodeFs();
  try {
    // Unlike rename, link fails if the name is taken.
    fs.linkSync(from, to);
    fs.unlinkSync(from);
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === "EEXIST" || fs.existsSync(to)
    ) {
      throw new TargetExistsError(to);
    }
    // The file system has no hard links.
    fs.renameSync(from, to);
  }
}
