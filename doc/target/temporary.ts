/** Atomic targets: files are written beside the target, flushed, then renamed over it. */
import { STANDARD_STREAM } from "../source/standard_input.ts";
import type NodeOs from "node:os";
import type NodeProcess from "node:process";
import { nodeModule } from "../../pool/runtime.ts";
import { randomToken } from "./lock.ts";
import {
  fileError,
  nodeFs,
  nodePath,
  openFile,
} from "../source/byte_source.ts";
import { writeFully } from "./write_fully.ts";
import { SUMS_SUFFIX } from "../format/sums.ts";
import { FileError, TargetExistsError } from "../errors.ts";

/** Bytes per step when appending. */
const APPEND_SIZE = 1024 * 1024;

/**
 * Checks that a target may be written.
 *
 * @throws {TargetExistsError} It exists, and `force` is not set.
 * @throws {FileError} It is not a regular file, or is one of the sources.
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
  checkKind(target);
  for (const source of sources) {
    const other = fs.statSync(source, { throwIfNoEntry: false });
    if (other?.ino === stat.ino && other.dev === stat.dev) {
      throw new FileError(
        target,
        `Cannot write ${target}: it is the source. Write to another file, then rename that.`,
      );
    }
  }
  if (!force) throw new TargetExistsError(target);
}

/**
 * Checks that an existing target is a regular file.
 *
 * @throws {FileError} It is a directory, pipe or device.
 */
export function checkKind(target: string): void {
  const stat = nodeFs().statSync(target, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile()) return;
  const what = stat.isDirectory() ? "a directory" : "a pipe or device";
  throw new FileError(target, `Cannot write ${target}: it is ${what}`);
}

/** Path of a target with symbolic links resolved. The target need not exist. */
export function resolveTarget(target: string): string {
  const { dirname, basename, join } = nodePath();
  const fs = nodeFs();
  return fs.existsSync(target)
    ? fs.realpathSync(target)
    : join(fs.realpathSync(dirname(target)), basename(target));
}

/**
 * Returns the system's directory for temporary files.
 *
 * @throws {PermissionError} Deno does not permit to read its name.
 */
export function temporaryDirectory(): string {
  try {
    return nodeModule<typeof NodeOs>("node:os")!.tmpdir();
  } catch (error) {
    throw fileError("use", "the directory for temporary files", error);
  }
}

/**
 * Creates an empty temporary file beside a target, so that renaming stays within
 * one file system.
 *
 * @throws {FileError} It cannot be created, for example because the directory does not exist.
 */
export function createTemporary(target: string): string {
  const { dirname, basename, join } = nodePath();
  const name = `.${basename(target)}.${randomToken()}.tmp`;
  const path = join(dirname(target), name);
  try {
    nodeFs().closeSync(nodeFs().openSync(path, "wx"));
  } catch (error) {
    throw fileError("write", target, error);
  }
  return path;
}

/** Whether `name` is a temporary file of the target `targetName`, or of a part of it. */
export function isTemporaryName(targetName: string, name: string): boolean {
  const start = `.${targetName}.`;
  return name.startsWith(start) &&
    /^[0-9a-f]{12}\.tmp(\.sums)?(\.\d+)?$/.test(name.slice(start.length));
}

/**
 * Flushes a file to the disk.
 *
 * @throws {NodeJS.ErrnoException} It cannot be flushed.
 */
export function syncFile(path: string): void {
  const fs = nodeFs();
  const descriptor = fs.openSync(path, "r+");
  try {
    fs.fdatasyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Flushes the directory of a file to the disk, where the system supports it. */
export function syncDirectory(path: string): void {
  const fs = nodeFs();
  try {
    const descriptor = fs.openSync(nodePath().dirname(path), "r");
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // Unsupported on Windows and some network file systems.
  }
}

/**
 * Renames a temporary file, which must have been flushed, to its target.
 *
 * @throws {TargetExistsError} The target was created meanwhile, and `force` is not set.
 * @throws {FileError} It cannot be renamed.
 */
export function commitTemporary(
  temporary: string,
  target: string,
  force: boolean,
): void {
  const fs = nodeFs();
  try {
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

/**
 * Renames complete files to a target. Files that a process renamed before it died
 * are skipped, so the call can be repeated.
 *
 * @throws {TargetExistsError | FileError} As {@linkcode commitTemporary}.
 */
export function commitFiles(
  { temporary, parts, sums, force }: CompleteFiles,
  target: string,
): void {
  const fs = nodeFs();
  for (let part = 1; part <= Math.max(parts, 1); part++) {
    const number = parts === 0 ? "" : `.${part}`;
    const path = target + number;
    const made = temporary + number;
    if (fs.existsSync(made)) {
      // Old checksums must never be found beside a new file.
      if (force) removeTemporaries([path + SUMS_SUFFIX]);
      commitTemporary(made, path, force);
    }
    const madeSums = temporary + SUMS_SUFFIX + number;
    if (sums && fs.existsSync(madeSums)) {
      commitTemporary(madeSums, path + SUMS_SUFFIX, true);
    }
  }
  syncDirectory(target);
}

/**
 * Copies a file to the standard output.
 *
 * @throws {FileError} It cannot be read, or the output cannot be written.
 */
export async function printFile(path: string): Promise<void> {
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

/** Whether two existing paths refer to the same file. */
function isSameFile(a: string, b: string): boolean {
  const fs = nodeFs();
  const [one, other] = [fs.statSync(a), fs.statSync(b)];
  return one.ino === other.ino && one.dev === other.dev;
}

/** Renames a file, but not over one that was created meanwhile. */
function renameToNew(temporary: string, target: string): void {
  const fs = nodeFs();
  try {
    // Unlike rename, link fails if the name is taken.
    fs.linkSync(temporary, target);
    fs.unlinkSync(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      // A process may have died between link and unlink.
      if (!isSameFile(temporary, target)) throw new TargetExistsError(target);
      return fs.unlinkSync(temporary);
    }
    // The file system has no hard links.
    if (fs.existsSync(target)) throw new TargetExistsError(target);
    fs.renameSync(temporary, target);
  }
}

/**
 * Appends a temporary file to a target and flushes it. If that fails, part of it
 * may have been appended.
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
        writeFully(descriptor, chunk.subarray(0, length), size + at);
        at += length;
      }
      fs.fdatasyncSync(descriptor);
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

/** Removes temporary files that may not exist. */
export function removeTemporaries(paths: Iterable<string>): void {
  for (const path of paths) nodeFs().rmSync(path, { force: true });
}

/** Removes all parts of a temporary file. */
export function removeParts(path: string): void {
  const { dirname, basename, join } = nodePath();
  const directory = dirname(path);
  removeTemporaries(
    nodeFs().readdirSync(directory)
      .filter((name) => name.startsWith(`${basename(path)}.`))
      .map((name) => join(directory, name)),
  );
}

/** Bytes between two background flushes. */
const FLUSH_INTERVAL = 32 * 1024 * 1024;

/**
 * Flushes a growing file to the disk in the background, so that the flush at the
 * end is short.
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

  /** Starts a flush if enough bytes were written since the last one. `written` is the total. */
  advance(written: number): void {
    if (this.#pending || written - this.#flushed < FLUSH_INTERVAL) return;
    this.#flushed = written;
    this.#pending = new Promise((resolve) => {
      // If it fails, the flush at the end fails too and reports the error.
      this.#fs.fdatasync(this.#descriptor, () => {
        this.#pending = undefined;
        resolve();
      });
    });
  }

  /** Waits for a pending flush and closes the file. */
  async close(): Promise<void> {
    await this.#pending;
    this.#fs.closeSync(this.#descriptor);
  }
}
