import { fileError, nodeFs } from "./byte_source.ts";
import { FileError } from "../errors.ts";

/** Something that is in a directory or below it. */
export interface WalkedEntry {
  /** Its path, starting with that of the directory. */
  path: string;
  /** Its path from the directory on, with slashes. */
  name: string;
  /** What is wrong with it, if it is neither a file nor a directory that can be read. */
  problem?: string;
  /** Whether it may have contents that nobody gets to see now. */
  isLost?: boolean;
}

/** A directory on the way down, and what of it is still to be visited. */
interface Level {
  path: string;
  /** With a slash at its end, unless it is the root. */
  name: string;
  /** What is in it, the last first; directories with a slash at their ends. */
  names: string[];
  /** What is wrong with those of them that are neither files nor directories. */
  problems: Map<string, string>;
}

/**
 * Finds all files in a directory and below it, in the order of their names. It
 * holds the names in the directories on the way down, and no others. Symbolic
 * links are not followed.
 *
 * @throws {FileError} The directory itself cannot be read.
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
  // The slash that follows a directory's name counts, so that whole paths are in order.
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

/** What is wrong with a symbolic link. */
export const SYMBOLIC_LINK = "it is a symbolic link";

/** What is wrong with what is neither file nor directory. */
export const SPECIAL_FILE = "it is a pipe, socket or device";
