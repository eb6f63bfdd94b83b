/** Files that appear whole or not at all: written beside the target, flushed, then renamed over it. */
import type NodeOs from "node:os";
import type NodePath from "node:path";
import type NodeProcess from "node:process";
import { nodeModule } from "../pool/runtime.ts";
import { fileError, nodeFs, openFile } from "./byte_source.ts";
import { FileError, TargetExistsError } from "./errors.ts";

/** Bytes that are appended at a time. */
const APPEND_SIZE = 1024 * 1024;

/** Path that stands for the standard input or output. */
export const STANDARD_STREAM = "-";

/** The runtime's path functions. Whoever gets here has a file system, and so has these. */
export function nodePath(): typeof NodePath {
  return nodeModule<typeof NodePath>("node:path")!;
}

/**
 * Checks that a target may be written.
 *
 * @throws {TargetExistsError} It exists, and `force` is not set.
 * @throws {FileError} It is no file, or is one of the sources.
 */
export function checkTarget(
  target: string,
  sources: readonly string[],
  force: boolean,
): void {
  if (target === STANDARD_STREAM) return;
  const fs = nodeFs();
  const stat = fs.statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isFile()) {
    const what = stat.isDirectory() ? "a directory" : "a pipe or device";
    throw new FileError(target, `Cannot write ${target}: it is ${what}`);
  }
  for (const source of sources) {
    const other = fs.statSync(source, { throwIfNoEntry: false });
    if (other?.ino === stat.ino && other.dev === stat.dev) {
      throw new FileError(
        target,
        `Cannot write ${target}: it is the source. Write to another file, then rename it.`,
      );
    }
  }
  if (!force) throw new TargetExistsError(target);
}

/** A path beside which temporary files may be made that belong to no target. */
export function temporaryBase(): string {
  const { tmpdir } = nodeModule<typeof NodeOs>("node:os")!;
  return nodePath().join(tmpdir(), "binfiles");
}

/**
 * Makes an empty temporary file beside a target, so that renaming stays within
 * one file system; for the standard output, in the system's directory for
 * temporary files.
 *
 * @throws {FileError} It cannot be made: the directory is missing, say.
 */
export function createTemporary(target: string): string {
  const { dirname, basename, join } = nodePath();
  const unique = Math.random().toString(36).slice(2, 10);
  const base = target === STANDARD_STREAM ? temporaryBase() : target;
  const path = join(dirname(base), `.${basename(base)}.${unique}.tmp`);
  try {
    nodeFs().closeSync(nodeFs().openSync(path, "wx"));
  } catch (error) {
    throw fileError("write", target, error);
  }
  return path;
}

/**
 * Flushes a temporary file to the disk and gives it its target's name, or prints
 * it if the target is the standard output.
 *
 * @throws {TargetExistsError} The target has appeared meanwhile, and `force` is not set.
 * @throws {FileError} It cannot be flushed, renamed or printed.
 */
export async function commitTemporary(
  temporary: string,
  target: string,
  force: boolean,
): Promise<void> {
  if (target === STANDARD_STREAM) return await printFile(temporary);
  const fs = nodeFs();
  try {
    const descriptor = fs.openSync(temporary, "r+");
    try {
      fs.fdatasyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    if (force) {
      const old = fs.statSync(target, { throwIfNoEntry: false });
      if (old !== undefined) fs.chmodSync(temporary, old.mode);
      fs.renameSync(temporary, target);
    } else renameToNew(temporary, target);
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw fileError("write", target, error);
  }
}

/** Copies a file to the standard output. */
async function printFile(path: string): Promise<void> {
  const { stdout } = nodeModule<typeof NodeProcess>("node:process")!;
  try {
    for await (const chunk of nodeFs().createReadStream(path)) {
      await new Promise<void>((resolve, reject) =>
        stdout.write(chunk, (error) => error ? reject(error) : resolve())
      );
    }
  } catch (error) {
    throw fileError("write", "standard output", error);
  }
}

/** Renames a file, but not over another that may have appeared meanwhile. */
function renameToNew(temporary: string, target: string): void {
  const fs = nodeFs();
  try {
    // Unlike renaming, linking fails if there is something already.
    fs.linkSync(temporary, target);
    fs.unlinkSync(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new TargetExistsError(target);
    }
    // Not every file system has links.
    if (fs.existsSync(target)) throw new TargetExistsError(target);
    fs.renameSync(temporary, target);
  }
}

/**
 * Adds what is in a temporary file to the end of a target and flushes it. Should
 * that fail, the target is as it was.
 *
 * @throws {FileError} It cannot be read, written or flushed.
 */
export function appendTemporary(temporary: string, target: string): void {
  const fs = nodeFs();
  const source = openFile(temporary);
  try {
    const descriptor = fs.openSync(target, "r+");
    const { size } = fs.fstatSync(descriptor);
    try {
      const chunk = new Uint8Array(APPEND_SIZE);
      for (let at = 0; at < source.size;) {
        const length = source.read(chunk, 0, chunk.length, at);
        for (let done = 0; done < length;) {
          done += fs.writeSync(
            descriptor,
            chunk,
            done,
            length - done,
            size + at + done,
          );
        }
        at += length;
      }
      fs.fdatasyncSync(descriptor);
    } catch (error) {
      fs.ftruncateSync(descriptor, size);
      throw error;
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    throw error instanceof FileError
      ? error
      : fileError("append to", target, error);
  } finally {
    source.close();
  }
}

/** Removes temporary files, whether or not they exist. */
export function removeTemporaries(paths: Iterable<string>): void {
  for (const path of paths) nodeFs().rmSync(path, { force: true });
}

/** Removes the parts of a temporary file, however many were begun. */
export function removeParts(path: string): void {
  const { dirname, basename, join } = nodePath();
  const directory = dirname(path);
  removeTemporaries(
    nodeFs().readdirSync(directory)
      .filter((name) => name.startsWith(`${basename(path)}.`))
      .map((name) => join(directory, name)),
  );
}

/** Bytes after which what has been written is flushed while the work goes on. */
const FLUSH_INTERVAL = 32 * 1024 * 1024;

/**
 * Flushes a growing file to the disk beside the work, so that little is left to
 * flush when all is written.
 */
export class BackgroundFlush {
  readonly #fs = nodeFs();
  readonly #descriptor: number;
  #flushed = 0;
  #pending: Promise<void> | undefined;

  /** Opens the file. */
  constructor(path: string) {
    this.#descriptor = this.#fs.openSync(path, "r+");
  }

  /** Starts a flush if much has been written since the last, told how much in all. */
  advance(written: number): void {
    if (this.#pending || written - this.#flushed < FLUSH_INTERVAL) return;
    this.#flushed = written;
    this.#pending = new Promise((resolve) => {
      // Should it fail, the flush at the end fails too, and that one counts.
      this.#fs.fdatasync(this.#descriptor, () => {
        this.#pending = undefined;
        resolve();
      });
    });
  }

  /** Waits for a flush that is under way and closes the file. */
  async close(): Promise<void> {
    await this.#pending;
    this.#fs.closeSync(this.#descriptor);
  }
}
