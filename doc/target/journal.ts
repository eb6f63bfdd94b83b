/**
 * The journal of a target: a file that describes an operation on the target while
 * it is unfinished, so that the next holder of the lock can complete or undo it. It
 * says only what the files themselves do not show. It is not part of the lock,
 * because a user may remove that.
 */
import { nodeFs } from "../source/byte_source.ts";
import { MAX_CONTENT_SIZE } from "../format/record.ts";
import { openRegular, type OwnStat } from "./own_file.ts";
import { syncDirectory } from "./temporary.ts";

/** The target is being appended to. */
export interface UnfinishedAppend {
  kind: "append";
  /** Size of the target before the append, in bytes. */
  size: number;
  /** Inode number of the target, to detect that it was replaced. */
  inode: number;
  /** Longest key that the writer accepts, in bytes. */
  keySizeLimit: number;
  /**
   * Size of the target after the append if it is all or nothing; undefined if
   * every whole record counts.
   */
  end?: number;
}

/** Complete temporary files are being renamed to the target. */
export interface UnfinishedRename {
  kind: "rename";
  /** The token in their names. */
  token: string;
  /** Names of the files that they replace, with inode numbers. Other files are kept. */
  replaced: Record<string, number>;
}

/** An operation that is unfinished. */
export type Unfinished = UnfinishedAppend | UnfinishedRename;

/**
 * Writes a journal. When this returns, it is on the disk, and so is its name.
 *
 * @throws {NodeJS.ErrnoException} It cannot be written.
 */
export function writeJournal(path: string, unfinished: Unfinished): void {
  const fs = nodeFs();
  const descriptor = fs.openSync(path, "wx", 0o600);
  try {
    fs.writeFileSync(descriptor, JSON.stringify(unfinished));
    fs.fdatasyncSync(descriptor);
  } catch (error) {
    fs.unlinkSync(path);
    throw error;
  } finally {
    fs.closeSync(descriptor);
  }
  syncDirectory(path);
}

/**
 * Reads a journal, which must exist.
 *
 * @returns undefined if its writer died before it was complete, and so before
 * anything was changed.
 * @throws {FileError} It is not a regular file of this user.
 * @throws {NodeJS.ErrnoException} It cannot be read.
 */
export function readJournal(
  path: string,
  own: OwnStat,
): Unfinished | undefined {
  const fs = nodeFs();
  const descriptor = openRegular(path, fs.constants.O_RDONLY, own);
  try {
    const read = JSON.parse(fs.readFileSync(descriptor, "utf8"));
    return isUnfinished(read) ? read : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

function isUnfinished(read: Unfinished | null): boolean {
  if (read?.kind === "rename") {
    return /^[0-9a-f]{12}$/.test(read.token) && read.replaced instanceof Object;
  }
  if (read?.kind !== "append") return false;
  const { size, keySizeLimit, end = size } = read;
  return isSize(size) && isSize(end) && isSize(keySizeLimit) &&
    keySizeLimit <= MAX_CONTENT_SIZE;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
