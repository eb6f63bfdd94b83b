/** Atomic targets: files are written beside the target, flushed, then renamed over it. */
import { STANDARD_STREAM } from "../source/standard_input.ts";
import type NodeOs from "node:os";
import type NodeProcess from "node:process";
import { nodeModule } from "../../pool/runtime.ts";
import { randomToken } from "./lock.ts";
import { openRegular } from "./own_file.ts";
import { fileError, nodeFs, nodePath } from "../source/byte_source.ts";
import { writeFully } from "./write_fully.ts";
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

/**
 * Opens a temporary file, or a part of one, of which the first was created with
 * {@linkcode createTemporary}. It is created if it does not exist. If it does,
 * another thread has created it: a link or a file of another user is refused.
 *
 * @throws {FileError} It is not a regular file of this user.
 * @throws {NodeJS.ErrnoException} It cannot be opened.
 */
export function openTemporary(
  path: string,
  flags: number,
  mode: number,
): number {
  const fs = nodeFs();
  const { O_CREAT, O_EXCL } = fs.constants;
  try {
    return fs.openSync(path, flags | O_CREAT | O_EXCL, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const first = path.replace(/(\.sums)?(\.\d+)?$/, "");
    return openRegular(path, flags, fs.lstatSync(first));
  }
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

/**
 * Appends an open file to another one and flushes it. If that fails, part of it
 * may have been appended.
 *
 * @throws {NodeJS.ErrnoException} It cannot be read, written or flushed.
 */
export function appendFile(source: number, target: number): void {
  const fs = nodeFs();
  const chunk = new Uint8Array(APPEND_SIZE);
  let end = fs.fstatSync(target).size;
  for (let at = 0;;) {
    const length = fs.readSync(source, chunk, 0, chunk.length, at);
    if (length === 0) break;
    writeFully(target, chunk.subarray(0, length), end);
    at += length;
    end += length;
  }
  fs.fdatasyncSync(target);
}

/**
 * Truncates an open file and flushes it.
 *
 * @throws {NodeJS.ErrnoException} It cannot be truncated.
 */
export function truncate(descriptor: number, size: number): void {
  const fs = nodeFs();
  fs.ftruncateSync(descriptor, size);
  fs.fdatasyncSync(descriptor);
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
