import type NodeFs from "node:fs";
import type NodePath from "node:path";
import { checkBytes } from "../../codec/bytes.ts";
import { nodeModule } from "../../pool/runtime.ts";
import { ClosedError, FileError, PermissionError } from "../errors.ts";

/** Bytes that can be read from any position, such as a file or memory. */
export interface ByteSource {
  /** Size in bytes; Infinity while it is unknown. */
  readonly size: number;
  /** Path of the file, for error messages. */
  readonly file?: string;
  /**
   * Reads up to `length` bytes from `position` into `dst` at `offset`.
   *
   * @returns The number of bytes read; less than `length` only at the end.
   */
  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
  /** Releases the file or other resource behind it. */
  close(): void;
}

/**
 * Returns `node:fs` of the runtime.
 *
 * @throws {FileError} The runtime has none, as in browsers.
 */
export function nodeFs(): typeof NodeFs {
  const fs = nodeModule<typeof NodeFs>("node:fs");
  if (fs !== undefined) return fs;
  throw new FileError(
    "",
    "Cannot open files on this runtime: it has no node:fs. Read from memory or from a stream.",
  );
}

/** Returns `node:path`, which every runtime with `node:fs` has. */
export function nodePath(): typeof NodePath {
  return nodeModule<typeof NodePath>("node:path")!;
}

/** What the codes of the operating system mean. */
const reasons: Record<string, string> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is exceeded",
  EFBIG: "the file would exceed the size limit",
  EROFS: "the file system is read-only",
  EIO: "input/output error of the disk",
  ENOTDIR: "a part of the path is not a directory",
};

/** Names of the errors of Deno about permissions: its own and those of the operating system. */
const PERMISSION_ERRORS = ["NotCapable", "PermissionDenied"];

/**
 * Converts an error of the file system to a {@linkcode FileError}, which is a
 * {@linkcode PermissionError} if a permission is missing.
 */
export function fileError(
  action: string,
  file: string,
  error: unknown,
): FileError {
  const { name, code = "", message } = error as NodeJS.ErrnoException;
  const start = `Cannot ${action} ${file}: `;
  // Deno says what it does not permit, which may be another file, beside this one.
  const [, access, flag] =
    /^(Requires .*), run again with the (--allow-[a-z]+) flag/.exec(message) ??
      [];
  if (flag !== undefined) {
    return new PermissionError(
      file,
      `${start}permission denied by Deno (${
        access.replace("Requires", "requires")
      }). Run it with ${flag}.`,
      { cause: error, flag },
    );
  }
  const reason = reasons[code] ?? message;
  return code === "EACCES" || code === "EPERM" ||
      PERMISSION_ERRORS.includes(name)
    ? new PermissionError(file, start + reason, { cause: error })
    : new FileError(file, start + reason, { cause: error });
}

/** Converts an error of the file system to a {@linkcode FileError}; returns other errors unchanged. */
export function asFileError(
  action: string,
  file: string,
  error: unknown,
): unknown {
  if (error instanceof FileError) return error;
  const { name, code, message } = error as NodeJS.ErrnoException;
  // Node's codes for invalid calls start with ERR_. Deno has no code for some
  // system errors, only the number in the message.
  const isOfSystem = /^E[A-Z0-9]+$/.test(code ?? "") ||
    / \(os error \d+\)/.test(message) || PERMISSION_ERRORS.includes(name);
  return isOfSystem ? fileError(action, file, error) : error;
}

/**
 * Identifies a file and its size when it was first opened, so that all threads
 * of a job read the same bytes.
 */
export interface FileIdentity {
  /** Inode number. */
  inode: number;
  /** Size in bytes. Bytes appended later are not read. */
  size: number;
}

/** A file, open for reading. */
export interface OpenFile extends ByteSource {
  /** Its identity. */
  readonly identity: FileIdentity;
}

class FileSource implements OpenFile {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly #fs = nodeFs();
  readonly #isOwned: boolean;
  /** -1 once closed. */
  #descriptor: number;

  constructor(
    file: string,
    descriptor: number,
    isOwned: boolean,
    identity: FileIdentity,
  ) {
    this.file = file;
    this.identity = identity;
    this.#descriptor = descriptor;
    this.#isOwned = isOwned;
  }

  get size(): number {
    return this.identity.size;
  }

  read(
    dst: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number {
    if (this.#descriptor < 0) {
      throw new ClosedError(`read ${this.file}`, "file");
    }
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
        `Cannot read ${this.file}: it was truncated while it was read`,
      );
    }
    return done;
  }

  close(): void {
    const descriptor = this.#descriptor;
    // Only once: the descriptor number may be reused for another file.
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
 * Opens a file for reading from any position. The caller closes it. Its size is
 * fixed when it is opened: bytes appended later are not read, and truncating the
 * file meanwhile is an error.
 *
 * @param name Its name in error messages. Default: the path.
 * @throws {FileError} It does not exist, is not readable, or is not a regular file.
 */
export function openFile(path: string, name: string = path): ByteSource {
  return openSame(path, name);
}

/**
 * Opens a file that was inspected before; see {@linkcode openFile}.
 *
 * @param expected Its identity then. Default: not checked.
 * @throws {FileError} It was replaced or truncated since.
 */
export function openSame(
  path: string,
  name: string,
  expected?: Readonly<FileIdentity>,
): OpenFile {
  const fs = nodeFs();
  try {
    // Checked before opening, because opening a named pipe blocks.
    const stat = fs.statSync(path);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? "a directory" : "a pipe or device";
      throw new FileError(
        path,
        `Cannot open ${name}: expected a regular file, received ${what}`,
      );
    }
    const descriptor = fs.openSync(path, "r");
    const { ino: inode, size } = fs.fstatSync(descriptor);
    if (expected !== undefined) {
      const change = inode !== expected.inode
        ? "it was replaced"
        : size < expected.size
        ? "it was truncated"
        : undefined;
      if (change !== undefined) {
        fs.closeSync(descriptor);
        throw new FileError(
          path,
          `Cannot read ${name}: ${change} while it was read`,
        );
      }
    }
    const identity = { inode, size: expected?.size ?? size };
    return new FileSource(name, descriptor, true, identity);
  } catch (error) {
    throw error instanceof FileError ? error : fileError("open", name, error);
  }
}

/**
 * Wraps an open descriptor of a regular file, such as a redirected standard
 * input. Closing the source leaves the descriptor open.
 *
 * @param file Its name in error messages.
 */
export function descriptorSource(
  file: string,
  descriptor: number,
): ByteSource {
  const { ino: inode, size } = nodeFs().fstatSync(descriptor);
  return new FileSource(file, descriptor, false, { inode, size });
}

/** Wraps bytes in memory as a {@linkcode ByteSource}, without copying them. */
export function memorySource(bytes: Uint8Array): ByteSource {
  checkBytes(bytes, "bytes");
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
 * Whether a source has at least `end` bytes. Called before memory is allocated
 * for an untrusted size. Waits for sources whose size is still unknown.
 */
export function hasBytes(source: ByteSource, end: number): boolean {
  if (source.size !== Infinity) return end <= source.size;
  return end === 0 || source.read(probe, 0, 1, end - 1) === 1;
}
