/**
 * The lock of a target: a process that writes `docs.bin` holds `.docs.bin.lock`
 * beside it. Temporary files of the target belong to the holder, so any that exist
 * when the lock is taken were left by a process that died.
 */
import { STANDARD_STREAM } from "../source/standard_input.ts";
import { OptionError } from "../../pool/errors.ts";
import { isLockLeftover, Lock, randomToken, tryLock } from "./lock.ts";
import {
  findTornRecord,
  type TornRecord,
  truncateFile,
} from "./torn_record.ts";
import {
  appendTemporary,
  checkKind,
  commitFiles,
  type CompleteFiles,
  isTemporaryName,
  resolveTarget,
  temporaryDirectory,
} from "./temporary.ts";
import { asFileError, nodeFs, nodePath } from "../source/byte_source.ts";
import {
  CancelledError,
  checkSignal,
  FileError,
  LockedError,
  RecordError,
  TargetExistsError,
} from "../errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../format/record.ts";

/** Time between two attempts to take a lock, in milliseconds. */
const ATTEMPT_INTERVAL = 50;

/** What to do while another process writes the target. */
export interface LockOptions {
  /**
   * How long to wait for its lock, in milliseconds; Infinity for no limit.
   * Default 0: fail at once.
   */
  lockWait?: number;
}

/** The note in the lock file while an operation on the target is unfinished. */
type Unfinished =
  | {
    /** The target is being appended to. */
    kind: "append";
    /** Size of the target before the append, in bytes. */
    size: number;
    /** Inode number of the target, to detect that it was replaced. */
    inode: number;
    /** Longest key that the writer accepts, in bytes. */
    keySizeLimit: number;
    /**
     * Size of the target after the append if it is all or nothing; undefined if
     * every whole record counts.
     */
    end?: number;
  }
  /** Complete files are being renamed to the target. */
  | { kind: "names" } & CompleteFiles;

/** Name of the lock file of a target. */
function lockName(targetName: string): string {
  return `.${targetName}.lock`;
}

/** Whether `name` is a file that writers of the target `targetName` create beside it. */
export function isBesideTarget(targetName: string, name: string): boolean {
  return name === lockName(targetName) || isLeftover(targetName, name);
}

/** Whether `name` is such a file other than the lock file. */
function isLeftover(targetName: string, name: string): boolean {
  return isTemporaryName(targetName, name) ||
    isLockLeftover(lockName(targetName), name);
}

/** Directories that this thread has already cleaned of leftovers. */
const cleaned = new Set<string>();

/** The right to write a target. */
export class TargetLock {
  /** Path of the target with symbolic links resolved. */
  readonly path: string;
  /** The torn record that was removed from the end of the target, if there was one. */
  cut: TornRecord | undefined;
  readonly #lock: Lock<Unfinished>;

  private constructor(path: string, lock: Lock<Unfinished>) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Takes the lock; blocks the thread while another process holds it.
   *
   * @throws {LockedError} Another process still holds it after `lockWait`.
   * @throws {FileError} The lock file cannot be created, or an unfinished
   * operation of a dead process cannot be completed.
   */
  static takeSync(target: string, { lockWait = 0 }: LockOptions): TargetLock {
    checkWait(lockWait);
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (const end = Date.now() + lockWait;;) {
      const lock = TargetLock.#try(target, Date.now() >= end);
      if (lock !== undefined) return lock;
      Atomics.wait(clock, 0, 0, ATTEMPT_INTERVAL);
    }
  }

  /**
   * Takes the lock; see {@linkcode TargetLock.takeSync}.
   *
   * @throws {CancelledError} `signal` was aborted meanwhile.
   */
  static async take(
    target: string,
    { lockWait = 0, signal }: LockOptions & { signal?: AbortSignal },
  ): Promise<TargetLock> {
    checkWait(lockWait);
    for (const end = Date.now() + lockWait;;) {
      checkSignal(signal);
      const lock = TargetLock.#try(target, Date.now() >= end);
      if (lock !== undefined) return lock;
      await new Promise((resolve) => setTimeout(resolve, ATTEMPT_INTERVAL));
    }
  }

  /** @returns undefined if another process holds the lock and this is not the last attempt. */
  static #try(target: string, isLast: boolean): TargetLock | undefined {
    let lock;
    try {
      checkKind(target);
      const path = resolveTarget(target);
      const { dirname, basename, join } = nodePath();
      const lockPath = join(dirname(path), lockName(basename(path)));
      const taken = tryLock<Unfinished>(lockPath);
      if (taken instanceof Lock) lock = new TargetLock(path, taken);
      else if (isLast) throw new LockedError(target, taken.path, taken.pid);
      else return undefined;
    } catch (error) {
      throw asFileError("write", target, error);
    }
    try {
      lock.#recover();
      lock.#removeLeftovers();
      return lock;
    } catch (error) {
      lock.release();
      throw asFileError("write", target, error);
    }
  }

  /**
   * Notes that the target is being appended to. If this process dies, the next
   * holder removes an incomplete append.
   *
   * @param keySizeLimit Longest key that will be appended, in bytes.
   * @param length Bytes that will be appended, if the append is all or nothing.
   */
  beginAppend(
    { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, length }: {
      keySizeLimit?: number;
      length?: number;
    },
  ): void {
    const { size, ino: inode } = nodeFs().statSync(this.path);
    const end = length === undefined ? undefined : size + length;
    this.#lock.leave({ kind: "append", size, inode, keySizeLimit, end });
  }

  /** Notes that no operation is unfinished. */
  finish(): void {
    this.#lock.leave(undefined);
  }

  /**
   * Appends a temporary file to the existing target, all or nothing.
   *
   * @throws {FileError} It cannot be appended.
   */
  append(temporary: string): void {
    const fs = nodeFs();
    const { size } = fs.statSync(this.path);
    this.beginAppend({ length: fs.statSync(temporary).size });
    try {
      appendTemporary(temporary, this.path);
    } catch (error) {
      // If this fails as well, the next holder tries again.
      truncateFile(this.path, size);
      this.finish();
      throw error;
    }
    this.finish();
  }

  /**
   * Renames complete files to the target. If this process dies meanwhile, the
   * next holder completes the operation.
   *
   * @throws {TargetExistsError | FileError} They cannot be renamed.
   */
  commit(files: CompleteFiles): void {
    const isOneStep = files.parts < 2 && !files.sums;
    const temporary = nodePath().basename(files.temporary);
    if (!isOneStep) this.#lock.leave({ kind: "names", ...files, temporary });
    try {
      commitFiles(files, this.path);
    } finally {
      if (!isOneStep) this.finish();
    }
  }

  /** Releases the lock. An unfinished operation is left to the next holder. */
  release(): void {
    if (this.#lock.note === undefined) this.#lock.release();
    else this.#lock.abandon();
  }

  /** Completes or undoes the unfinished operation of a holder that died. */
  #recover(): void {
    const unfinished = this.#lock.note;
    if (unfinished === undefined) return;
    if (unfinished.kind === "append") this.#recoverAppend(unfinished);
    else this.#recoverNames(unfinished);
    this.finish();
  }

  #recoverAppend(
    { size, inode, keySizeLimit, end }: Unfinished & { kind: "append" },
  ): void {
    const fs = nodeFs();
    const stat = fs.statSync(this.path, { throwIfNoEntry: false });
    // The target was replaced or truncated since.
    if (stat?.ino !== inode || stat.size < size) return;
    if (end === undefined) {
      try {
        this.cut = findTornRecord(this.path, { keySizeLimit, from: size });
      } catch (error) {
        // Not just a torn record. Appending will report it.
        if (!(error instanceof RecordError)) throw error;
      }
    } else if (stat.size > size && stat.size <= end) {
      this.cut = { offset: size, size: stat.size - size };
    }
    if (this.cut !== undefined) truncateFile(this.path, this.cut.offset);
  }

  #recoverNames(files: Unfinished & { kind: "names" }): void {
    const { dirname, basename, join } = nodePath();
    // The note of a lock file is untrusted input.
    if (!isTemporaryName(basename(this.path), files.temporary)) return;
    const temporary = join(dirname(this.path), files.temporary);
    try {
      commitFiles({ ...files, temporary }, this.path);
    } catch (error) {
      // A target that was created since is kept.
      if (!(error instanceof TargetExistsError)) throw error;
    }
  }

  /** Removes temporary files of holders that died. */
  #removeLeftovers(): void {
    const fs = nodeFs();
    const { dirname, basename, join } = nodePath();
    const directory = dirname(this.path);
    const lock = this.#lock;
    // Listing the directory is slow, so it is done once, or when the last holder died.
    if (!lock.wasStale && cleaned.has(directory)) return;
    cleaned.add(directory);
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      const { name } = entry;
      if (isLeftover(basename(this.path), name) && entry.isFile()) {
        fs.rmSync(join(directory, name), { force: true });
      }
    }
  }
}

function checkWait(lockWait: number): void {
  if (lockWait >= 0) return;
  throw new OptionError(
    `Cannot wait for ${lockWait} milliseconds: expected 0 or more`,
  );
}

/**
 * Locks a new name in the system's temporary directory, for temporary files that
 * belong to no target. Files of such locks whose holders died are removed.
 *
 * @throws {FileError} The lock file cannot be created.
 */
function lockScratchName(): TargetLock {
  const { join } = nodePath();
  const directory = temporaryDirectory();
  try {
    for (const name of nodeFs().readdirSync(directory)) {
      const scratch = /^\.(binfiles-[0-9a-f]{12})\.lock$/.exec(name)?.[1];
      if (scratch !== undefined) removeStaleScratch(join(directory, scratch));
    }
  } catch {
    // The directory may be writable but not listable.
  }
  return TargetLock.takeSync(join(directory, `binfiles-${randomToken()}`), {});
}

/** Removes the files of a scratch lock if its holder died. */
function removeStaleScratch(path: string): void {
  try {
    TargetLock.takeSync(path, {}).release();
  } catch {
    // Its holder is alive, or another user's.
  }
}

/**
 * Calls `use` with a function that returns a path beside which temporary files
 * that belong to no target may be created.
 */
export async function withScratch<T>(
  use: (near: () => string) => Promise<T>,
): Promise<T> {
  let lock: TargetLock | undefined;
  try {
    // Taken on demand: most jobs need no temporary files and may lack the permission.
    return await use(() => (lock ??= lockScratchName()).path);
  } finally {
    lock?.release();
  }
}

/**
 * Calls `use` while the lock of a target is held; see {@linkcode TargetLock.take}.
 * For the standard output, a scratch name is locked.
 */
export async function withTargetLock<T>(
  target: string,
  options: LockOptions & { signal?: AbortSignal },
  use: (lock: TargetLock) => Promise<T>,
): Promise<T> {
  const lock = target === STANDARD_STREAM
    ? lockScratchName()
    : await TargetLock.take(target, options);
  try {
    return await use(lock);
  } catch (error) {
    if (error instanceof CancelledError && target !== STANDARD_STREAM) {
      throw new CancelledError(error.cause, target);
    }
    throw nameTarget(asFileError("write", target, error), lock.path, target);
  } finally {
    lock.release();
  }
}

/** Names the target instead of its temporary file in an error. */
function nameTarget(error: unknown, path: string, target: string): unknown {
  const { basename } = nodePath();
  const isAboutTemporary = error instanceof FileError &&
    isTemporaryName(basename(path), basename(error.file));
  if (!isAboutTemporary) return error;
  const message = error.message.replaceAll(error.file, target);
  return new FileError(target, message, { cause: error });
}
