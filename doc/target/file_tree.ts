/** A directory of files that appears whole or not at all: made aside, then renamed or merged into its place. */

import { fileError, nodeFs, nodePath } from "../source/byte_source.ts";
import { FileError, TargetExistsError } from "../errors.ts";

/** What came of writing a file. */
export const enum Written {
  /** It was written. */
  Done,
  /** There is a file of that name already. */
  Exists,
  /** There is a directory of that name, or a file that has the name of a directory on the way. */
  Blocked,
  /** The file system has no such names. */
  NoName,
}

/** Files on their way into a directory. */
export class FileTree implements Disposable {
  readonly #target: string;
  /** The directory in which they are until all of them are there. */
  readonly #staging: string;
  readonly #fs = nodeFs();

  /**
   * Makes room for files.
   *
   * @throws {FileError} `target` is no directory, or there can be none.
   */
  constructor(target: string) {
    this.#target = target;
    const { dirname, basename, join, resolve } = nodePath();
    const unique = Math.random().toString(36).slice(2, 10);
    try {
      const stat = this.#fs.statSync(target, { throwIfNoEntry: false });
      if (stat !== undefined && !stat.isDirectory()) {
        throw new FileError(
          target,
          `Cannot unpack to ${target}: it is no directory`,
        );
      }
      // Within the target if there is one, which may be a file system of its own.
      const path = resolve(target);
      const parent = stat === undefined ? dirname(path) : path;
      this.#fs.mkdirSync(parent, { recursive: true });
      this.#staging = join(parent, `.${basename(path)}.${unique}.tmp`);
      this.#fs.mkdirSync(this.#staging);
    } catch (error) {
      throw error instanceof FileError
        ? error
        : fileError("make", target, error);
    }
  }

  /**
   * Writes a file, and makes the directories that lead to it.
   *
   * @param path Its path, which must not lead out of the directory.
   * @param replaces Whether a file of that name is replaced.
   * @throws {FileError} It cannot be written, for example because the disk is full.
   */
  write(path: string, content: Uint8Array, replaces = false): Written {
    const file = this.#path(path);
    const flag = replaces ? "w" : "wx";
    try {
      try {
        this.#fs.writeFileSync(file, content, { flag });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        this.#fs.mkdirSync(nodePath().dirname(file), { recursive: true });
        this.#fs.writeFileSync(file, content, { flag });
      }
      return Written.Done;
    } catch (error) {
      switch ((error as NodeJS.ErrnoException).code) {
        case "EEXIST":
          return this.#isFile(file) ? Written.Exists : Written.Blocked;
        case "EISDIR":
        case "ENOTDIR":
          return Written.Blocked;
        case "ENAMETOOLONG":
        case "EILSEQ":
        case "EINVAL":
        case "ENOENT":
          return Written.NoName;
      }
      throw fileError("write", nodePath().join(this.#target, path), error);
    }
  }

  /** Whether there is something of that name. */
  has(path: string): boolean {
    return this.#fs.existsSync(this.#path(path));
  }

  /**
   * Puts the files in their place.
   *
   * @param force Whether files that are there are replaced.
   * @throws {TargetExistsError} A file is there, and `force` is not set; nothing has changed then.
   * @throws {FileError} A file cannot be put in its place.
   */
  commit(force: boolean): void {
    try {
      if (!this.#fs.existsSync(this.#target)) {
        return this.#fs.renameSync(this.#staging, this.#target);
      }
      merge(this.#staging, this.#target, force, false);
      merge(this.#staging, this.#target, force, true);
    } catch (error) {
      throw error instanceof FileError
        ? error
        : fileError("write to", this.#target, error);
    }
  }

  /** Removes what has not been put in its place. */
  [Symbol.dispose](): void {
    this.#fs.rmSync(this.#staging, { recursive: true, force: true });
  }

  #path(path: string): string {
    return nodePath().join(this.#staging, path);
  }

  #isFile(path: string): boolean {
    const options = { throwIfNoEntry: false } as const;
    return this.#fs.lstatSync(path, options)?.isFile() ?? false;
  }
}

/**
 * Moves what is in a directory to another, or only checks that it can be. Links
 * in the other directory are never followed.
 */
function merge(from: string, to: string, force: boolean, moves: boolean): void {
  const fs = nodeFs();
  const { join } = nodePath();
  const directory = fs.opendirSync(from);
  try {
    for (
      let entry = directory.readSync();
      entry !== null;
      entry = directory.readSync()
    ) {
      const source = join(from, entry.name);
      const target = join(to, entry.name);
      const there = fs.lstatSync(target, { throwIfNoEntry: false });
      const isDirectory = entry.isDirectory();
      if (isDirectory && there?.isDirectory()) {
        merge(source, target, force, moves);
        continue;
      }
      if (there !== undefined && isDirectory !== there.isDirectory()) {
        throw new FileError(
          target,
          `Cannot write ${target}: there is ${
            isDirectory ? "something that is no" : "a"
          } directory`,
        );
      }
      if (there !== undefined && !force) throw new TargetExistsError(target);
      if (moves) fs.renameSync(source, target);
    }
  } finally {
    directory.closeSync();
  }
}
