import { nodePath } from "./_target.ts";
import { fileError, nodeFs } from "./byte_source.ts";
import { FileError } from "./errors.ts";

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
  /** What is in it, the last first. */
  entries: { name: string; kind: Kind }[];
}

type Kind = "file" | "directory" | "symbolic link" | "pipe, socket or device";

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
    const entry = level.entries.pop();
    if (entry === undefined) {
      levels.pop();
      continue;
    }
    const path = nodePath().join(level.path, entry.name);
    const name = level.name + entry.name;
    if (entry.kind === "file") yield { path, name };
    else if (entry.kind === "directory") {
      try {
        levels.push(readLevel(path, `${name}/`));
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        yield { path, name, problem: error.message, isLost: true };
      }
    } else yield { path, name, problem: `it is a ${entry.kind}` };
  }
}

function readLevel(path: string, name: string): Level {
  try {
    const entries = nodeFs().readdirSync(path, { withFileTypes: true })
      .map((entry) => ({
        name: entry.name,
        kind: (entry.isFile()
          ? "file"
          : entry.isDirectory()
          ? "directory"
          : entry.isSymbolicLink()
          ? "symbolic link"
          : "pipe, socket or device") as Kind,
      }));
    // With the slash that follows a directory's name, so that whole paths are in order.
    const order = ({ name, kind }: Level["entries"][number]) =>
      kind === "directory" ? `${name}/` : name;
    entries.sort((a, b) =>
      order(a) < order(b) ? 1 : -1
    );
    return { path, name, entries };
  } catch (error) {
    throw fileError("read", path, error);
  }
}
