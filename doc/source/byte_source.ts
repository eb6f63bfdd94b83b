import type NodeFs from "node:fs";
import type NodePath from "node:path";
import { nodeModule } from "../../pool/runtime.ts";
import { FileError } from "../errors.ts";

/** Bytes that can be read from any position: a file, or memory. */
export interface ByteSource {
  /** Number of bytes there are. */
  readonly size: number;
  /** Path of the file, for errors; undefined when there is none. */
  readonly file?: string;
  /**
   * Reads up to `length` bytes from `position` into `dst` at `offset`.
   *
   * @returns How many there were; fewer than `length` only at the end.
   */
  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
  /** Closes the file, if it is one. */
  close(): void;
}

/**
 * The runtime's file system.
 *
 * @throws {FileError} There is none, as in browsers.
 */
export function nodeFs(): typeof NodeFs {
  const fs = nodeModule<typeof NodeFs>("node:fs");
  if (fs !== undefined) return fs;
  throw new FileError(
    "",
    "Cannot open files on this runtime: it has no node:fs. Read from memory or from a stream.",
  );
}

/** The runtime's path functions. Whoever has a file system has these. */
export function nodePath(): typeof NodePath {
  return nodeModule<typeof NodePath>("node:path")!;
}

/** Turns an error of the file system into a {@linkcode FileError}. */
export function fileError(
  action: string,
  file: string,
  error: unknown,
): FileError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === "ENOENT"
    ? "there is no such file or directory"
    : code === "EACCES" || code === "EPERM"
    ? "permission denied"
    : code === "EISDIR"
    ? "it is a directory"
    : code === "ENOSPC"
    ? "the disk is full"
    : code === "EDQUOT"
    ? "no more space may be used on this disk"
    : code === "EFBIG"
    ? "the file may not become so large"
    : code === "EROFS"
    ? "the disk can only be read"
    : code === "EIO"
    ? "the disk has failed"
    : code === "ENOTDIR"
    ? "a part of its path is no directory"
    : message;
  return new FileError(file, `Cannot ${action} ${file}: ${reason}`, {
    cause: error,
  });
}

/** Makes an error of the file system a {@linkcode FileError}, and leaves others as they are. */
export function asFileError(
  action: string,
  file: string,
  error: unknown,
): unknown {
  if (error instanceof FileError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  // Codes of errors for calls that are wrong begin with ERR_. Deno does not
  // know the codes of all of the system's errors.
  const isOfSystem = /^E[A-Z0-9]+$/.test(code ?? "") ||
    / \(os error \d+\)/.test(message);
  return isOfSystem ? fileError(action, file, error) : error;
}

/**
 * Which file a path was the name of, and how long it was: several threads that
 * open it must all read the same bytes.
 */
export interface FileIdentity {
  /** Number of the file. */
  inode: number;
  /** Its size in bytes; what is added later does not count. */
  size: number;
}

/** A file, open for reading. */
class FileSource implements ByteSource {
  readonly file: string;
  readonly size: number;
  readonly #fs = nodeFs();
  readonly #isOwned: boolean;
  /** -1 when it is closed. */
  #descriptor: number;

  constructor(
    file: string,
    descriptor: number,
    isOwned: boolean,
    size: number,
  ) {
    this.file = file;
    this.size = size;
    this.#descriptor = descriptor;
    this.#isOwned = isOwned;
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    let done = 0;
    const wanted = Math.min(length, this.size - position);
    try {
      while (done < wanted) {
        const count = this.#fs.readSync(
          this.#descriptor,
          dst,
          offset + done,
          wanted - done,
          position + done,
        );
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw fileError("read", this.file, error);
    }
    if (done < wanted) {
      throw new FileError(
        this.file,
        `Cannot read ${this.file}: it became shorter while it was read`,
      );
    }
    return done;
  }

  close(): void {
    const descriptor = this.#descriptor;
    // Once only: the number may become another file's.
    this.#descriptor = -1;
    if (!this.#isOwned || descriptor < 0) return;
    try {
      this.#fs.closeSync(descriptor);
    } catch (error) {
      throw fileError("close", this.file, error);
    }
  }
}

/**
 * Opens a file for reading from any position. Close it after use. Its size is
 * what it is now: bytes that are added later are not read, and a file that
 * becomes shorter is an error.
 *
 * @param name What errors call it. Default: its path.
 * @throws {FileError} It is not there, not readable, or no regular file.
 */
export function openFile(path: string, name: string = path): ByteSource {
  return openSame(path, name);
}

/**
 * Opens a file that was looked at before; see {@linkcode openFile}.
 *
 * @param expected What it was then. Default: anything.
 * @throws {FileError} It is another file, or shorter.
 */
export function openSame(
  path: string,
  name: string,
  expected?: FileIdentity,
): ByteSource {
  const fs = nodeFs();
  try {
    // Looked at before it is opened, because opening a pipe waits for a writer.
    const stat = fs.statSync(path);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? "a directory" : "a pipe or device";
      throw new FileError(
        path,
        `Cannot open ${name}: expected a regular file, received ${what}`,
      );
    }
    const descriptor = fs.openSync(path, "r");
    const { ino, size } = fs.fstatSync(descriptor);
    if (expected !== undefined) {
      const change = ino !== expected.inode
        ? "it was replaced by another file"
        : size < expected.size
        ? "it became shorter"
        : undefined;
      if (change !== undefined) {
        fs.closeSync(descriptor);
        throw new FileError(
          path,
          `Cannot read ${name}: ${change} while it was read`,
        );
      }
    }
    return new FileSource(name, descriptor, true, expected?.size ?? size);
  } catch (error) {
    throw error instanceof FileError ? error : fileError("open", name, error);
  }
}

/**
 * A file that is open already, such as one that the standard input was
 * redirected to, as a {@linkcode ByteSource}. Closing the source leaves it open.
 *
 * @param file What to call it in errors.
 */
export function descriptorSource(
  file: string,
  descriptor: number,
): ByteSource {
  const { size } = nodeFs().fstatSync(descriptor);
  return new FileSource(file, descriptor, false, size);
}

/** Bytes in memory as a {@linkcode ByteSource}. They are not copied. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(dst, offset, length, position) {
      const part = bytes.subarray(position, position + length);
      dst.set(part, offset);
      return part.length;
    },
    close() {},
  };
}

const probe = new Uint8Array(1);

/**
 * Whether a source has all bytes before `end`, which is to be asked before
 * memory is allocated for them. One that still grows is waited for.
 */
export function hasBytes(source: ByteSource, end: number): boolean {
  if (source.size !== Infinity) return end <= source.size;
  return end === 0 || source.read(probe, 0, 1, end - 1) === 1;
}
