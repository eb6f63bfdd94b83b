/** Checks that files in a directory that others can write to are this user's own. */
import type { Stats } from "node:fs";
import { nodeFs } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";

/**
 * Owner and mode of a file that this process has just created with mode 0600 or
 * 0700. They show what the user's own files look like without asking for the user
 * id, which needs a permission on Deno and is another one on some network file
 * systems. Where files have no modes (Windows, FAT), every file looks like this.
 */
export type OwnStat = Pick<Stats, "uid" | "mode">;

/**
 * Returns why a file or directory cannot be used, or undefined if it is what it
 * should be, belongs to this user, and no other user can write to it.
 *
 * @param own What files of this user look like. Default: any user's file is accepted.
 */
export function problemOf(
  stat: Stats,
  kind: "file" | "directory",
  own?: OwnStat,
): string | undefined {
  const isFile = kind === "file";
  const isForeign = own !== undefined && stat.uid !== own.uid;
  if (!(isFile ? stat.isFile() : stat.isDirectory())) {
    return `it is ${kindOf(stat)}` + (isForeign ? ` of user ${stat.uid}` : "");
  }
  if (own === undefined) return undefined;
  if (isForeign) return `it belongs to user ${stat.uid}`;
  // Group and others. Bits that new files have as well mean nothing.
  if ((stat.mode & ~own.mode & 0o022) !== 0) {
    return "other users can write to it";
  }
  return isFile && stat.nlink > 1
    ? `it has ${stat.nlink} names (hard links)`
    : undefined;
}

function kindOf(stat: Stats): string {
  return stat.isDirectory()
    ? "a directory"
    : stat.isSymbolicLink()
    ? "a symbolic link"
    : stat.isFIFO()
    ? "a named pipe"
    : stat.isFile()
    ? "a regular file"
    : "a device or socket";
}

/**
 * Opens an existing regular file without following a symbolic link and without
 * waiting for a pipe.
 *
 * @param own What files of this user look like. Default: any user's file is accepted.
 * @throws {FileError} It is something else, or not this user's own. The message says what.
 * @throws {NodeJS.ErrnoException} It cannot be opened, for example because it does not exist.
 */
export function openRegular(
  path: string,
  flags: number,
  own?: OwnStat,
): number {
  const fs = nodeFs();
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  // Deno follows links in spite of O_NOFOLLOW if its permissions are limited.
  const named = fs.lstatSync(path);
  refuse(path, problemOf(named, "file", own));
  const descriptor = fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK);
  try {
    const opened = fs.fstatSync(descriptor);
    const isSame = opened.ino === named.ino && opened.dev === named.dev;
    refuse(
      path,
      isSame ? problemOf(opened, "file", own) : "it was replaced meanwhile",
    );
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

function refuse(path: string, problem: string | undefined): void {
  if (problem === undefined) return;
  throw new FileError(
    path,
    `Cannot use ${path}: ${problem}. If it is not needed, remove it.`,
  );
}
