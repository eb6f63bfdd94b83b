import type NodeFs from "node:fs";
import { nodeModule } from "../pool/runtime.ts";
import { FileError } from "./errors.ts";

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
    : code === "ENOTDIR"
    ? "a part of its path is no directory"
    : message;
  return new FileError(file, `Cannot ${action} ${file}: ${reason}`, {
    cause: error,
  });
}

/** A file, open for reading. */
class FileSource implements ByteSource {
  readonly file: string;
  readonly size: number;
  readonly #fs = nodeFs();
  readonly #isOwned: boolean;
  /** -1 when it is closed. */
  #descriptor: number;

  constructor(file: string, descriptor: number, isOwned: boolean) {
    this.file = file;
    this.#descriptor = descriptor;
    this.#isOwned = isOwned;
    this.size = this.#fs.fstatSync(descriptor).size;
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    let done = 0;
    try {
      while (done < length) {
        const count = this.#fs.readSync(
          this.#descriptor,
          dst,
          offset + done,
          length - done,
          position + done,
        );
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw fileError("read", this.file, error);
    }
    return done;
  }

  close(): void {
    // Once only: the number may have become another file's since.
    if (this.#isOwned && this.#descriptor >= 0) {
      this.#fs.closeSync(this.#descriptor);
    }
    this.#descriptor = -1;
  }
}

/**
 * Opens a file for reading from any position. Close it after use.
 *
 * @param name What errors call it. Default: its path.
 * @throws {FileError} It is not there, not readable, or no regular file.
 */
export function openFile(path: string, name: string = path): ByteSource {
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
    return new FileSource(name, fs.openSync(path, "r"), true);
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
  return new FileSource(file, descriptor, false);
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
