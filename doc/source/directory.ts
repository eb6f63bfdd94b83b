import { fileError, nodeFs } from "./byte_source.ts";
import { FileError } from "../errors.ts";

/** An entry of a directory tree. */
export interface WalkedEntry {
  /** Its path, which starts with that of the root. */
  path: string;
  /** Its path relative to the root, with slashes. */
  name: string;
  /** Why it cannot be read, if it is not a regular file or a readable directory. */
  problem?: string;
  /** Whether contents are missed because of that: true for unreadable directories. */
  isLost?: boolean;
}

/** A directory on the current path, with the entries still to visit. */
interface Level {
  path: string;
  /** Ends with a slash, except for the root. */
  name: string;
  /** Entries in reverse order; directories end with a slash. */
  names: string[];
  /** Problems of entries that are neither files nor directories. */
  problems: Map<string, string>;
}

/**
 * Yields all files of a directory tree in the order of their paths. Memory is
 * bounded by the directories on the current path. Symbolic links are not followed.
 *
 * @throws {FileError} The root cannot be read.
 */
export function* walkFiles(root: string): Generator<WalkedEntry> {
  const levels = [readLevel(root, "")];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const entry = level.names.pop();
    if (entry === undefined) {
      levels.pop();
      continue;
    }
    const path = `${level.path}/${entry}`;
    const name = level.name + entry;
    if (!entry.endsWith("/")) {
      yield { path, name, problem: level.problems.get(entry) };
      continue;
    }
    try {
      levels.push(readLevel(path.slice(0, -1), name));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      yield { path, name, problem: error.message, isLost: true };
    }
  }
}

function readLevel(path: string, name: string): Level {
  const problems = new Map<string, string>();
  let entries;
  try {
    entries = nodeFs().readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw fileError("read", path, error);
  }
  // Directories are sorted with their slash, so that whole paths are in order.
  const names = entries.map((entry) => {
    if (entry.isDirectory()) return `${entry.name}/`;
    if (!entry.isFile()) {
      problems.set(
        entry.name,
        entry.isSymbolicLink() ? SYMBOLIC_LINK : SPECIAL_FILE,
      );
    }
    return entry.name;
  });
  return { path, name, names: names.sort().reverse(), problems };
}

/** Problem of a symbolic link. */
export const SYMBOLIC_LINK = "it is a symbolic link";

/** Problem of an entry that is neither file, directory nor link. */
export const SPECIAL_FILE = "it is a pipe, socket or device";
