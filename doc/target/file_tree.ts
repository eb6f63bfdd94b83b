/** Writes a directory of files atomically: into a staging directory, which is then renamed or merged. */

import { fileError, nodeFs, nodePath } from "../source/byte_source.ts";
import { FileError, TargetExistsError } from "../errors.ts";

/**
 * The outcome of writing a file:
 *
 * - `exists`: a file of that name was written before.
 * - `blocked`: a directory has that name, or a file has the name of a parent directory.
 * - `invalid name`: the file system does not allow the name.
 */
export type FileWriteOutcome =
  | "written"
  | "exists"
  | "blocked"
  | "invalid name";

/** Collects files in a staging directory until they are committed. */
export class FileTree implements Disposable {
  readonly #target: string;
  /** Path of the staging directory. */
  readonly #staging: string;
  readonly #fs = nodeFs();

  /**
   * Creates the staging directory.
   *
   * @throws {FileError} `target` is not a directory, or cannot be created.
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
          `Cannot unpack to ${target}: it is not a directory`,
        );
      }
      // Within an existing target, because that may be a mount point.
      const path = resolve(target);
      const parent = stat === undefined ? dirname(path) : path;
      this.#fs.mkdirSync(parent, { recursive: true });
      this.#staging = join(parent, `.${basename(path)}.${unique}.tmp`);
      this.#fs.mkdirSync(this.#staging);
    } catch (error) {
      throw error instanceof FileError
        ? error
        : fileError("create", target, error);
    }
  }

  /**
   * Writes a file and creates its parent directories.
   *
   * @param path Its path, which must not lead out of the directory.
   * @param replaces Whether to replace a file that was written before.
   * @throws {FileError} It cannot be written, for example because the disk is full.
   */
  write(path: string, content: Uint8Array, replaces = false): FileWriteOutcome {
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
      return "written";
    } catch (error) {
      switch ((error as NodeJS.ErrnoException).code) {
        case "EEXIST":
          return this.#isFile(file) ? "exists" : "blocked";
        case "EISDIR":
        case "ENOTDIR":
          return "blocked";
        case "ENAMETOOLONG":
        case "EILSEQ":
        case "EINVAL":
        case "ENOENT":
          return "invalid name";
      }
      throw fileError("write", nodePath().join(this.#target, path), error);
    }
  }

  /** Whether that name is taken. */
  has(path: string): boolean {
    return this.#fs.existsSync(this.#path(path));
  }

  /**
   * Moves the files to the target.
   *
   * @param force Whether to replace existing files.
   * @throws {TargetExistsError} A file exists, and `force` is not set. Nothing was changed.
   * @throws {FileError} A file cannot be moved.
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

  /** Removes the staging directory with the files that were not committed. */
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
 * Moves the entries of a directory to another, or only checks that this is
 * possible. Symbolic links in the target are not followed.
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
          `Cannot write ${target}: it exists and is ${
            isDirectory ? "not a" : "a"
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
