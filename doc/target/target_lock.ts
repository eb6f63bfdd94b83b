/**
 * The lock of a target: a process that writes `docs.bin` holds the lock
 * `.docs.bin.lock` beside it. Temporary files of the target belong to the holder, so
 * any that exist when the lock is taken were left by a process that died.
 */
import { OptionError } from "../../pool/errors.ts";
import { asFileError, nodeFs, nodePath } from "../source/byte_source.ts";
import { STANDARD_STREAM } from "../source/standard_input.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../format/record.ts";
import {
  CancelledError,
  checkSignal,
  FileError,
  LockedError,
} from "../errors.ts";
import {
  isLockCandidate,
  isTemporaryName,
  journalName,
  lockName,
  parseTemporaryName,
} from "./beside_target.ts";
import {
  commitFile,
  type CompleteFiles,
  renamesOf,
  replacedBy,
} from "./commit_files.ts";
import { readJournal, type Unfinished, writeJournal } from "./journal.ts";
import { Lock, randomToken, removeStaleLock, tryLock } from "./lock.ts";
import { openRegular } from "./own_file.ts";
import { finishRename, undoAppend } from "./recover_target.ts";
import {
  appendFile,
  checkKind,
  removeTemporaries,
  resolveTarget,
  syncDirectory,
  temporaryDirectory,
  truncate,
} from "./temporary.ts";
import type { TornRecord } from "./torn_record.ts";

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

/** Name of the target for which temporary files in a scratch directory are named. */
const SCRATCH_NAME = "scratch";

/** Directories that this thread has already cleaned of leftovers. */
const cleaned = new Set<string>();

/** The right to write a target. */
export class TargetLock {
  /** Path of the target with symbolic links resolved. */
  readonly path: string;
  /** The torn record that was removed from the end of the target, if there was one. */
  cut: TornRecord | undefined;
  readonly #lock: Lock;
  readonly #journal: string;
  /** What this process has written to the journal. */
  #unfinished: Unfinished | undefined;

  private constructor(path: string, lock: Lock) {
    const { dirname, basename, join } = nodePath();
    this.path = path;
    this.#lock = lock;
    this.#journal = join(dirname(path), journalName(basename(path)));
  }

  /**
   * Takes the lock; blocks the thread while another process holds it.
   *
   * @throws {LockedError} Another process still holds it after `lockWait`.
   * @throws {FileError} The lock cannot be created, or an unfinished
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
    let lock: TargetLock | undefined;
    try {
      checkKind(target);
      const path = resolveTarget(target);
      const { dirname, basename, join } = nodePath();
      const taken = tryLock(join(dirname(path), lockName(basename(path))));
      if (!(taken instanceof Lock)) {
        if (isLast) throw new LockedError(target, taken.path, taken);
        return undefined;
      }
      lock = new TargetLock(path, taken);
      lock.#recover();
      lock.#removeLeftovers();
      return lock;
    } catch (error) {
      lock?.release();
      throw asFileError("write", target, error);
    }
  }

  /**
   * Takes the lock of a new private directory within the system's directory for
   * temporary files. {@linkcode TargetLock.path} is a name in it that is not used:
   * temporary files that belong to no target are created beside that. Directories
   * of processes that died are removed.
   *
   * @throws {FileError} The directory cannot be created.
   */
  static takeScratch(): TargetLock {
    const { join } = nodePath();
    const directory = temporaryDirectory();
    let lock;
    try {
      lock = tryLock(join(directory, `binfiles-${randomToken()}`));
    } catch (error) {
      throw asFileError("create a temporary file in", directory, error);
    }
    if (!(lock instanceof Lock)) throw new LockedError(directory, lock.path);
    try {
      for (const name of nodeFs().readdirSync(directory)) {
        if (!/^binfiles-[0-9a-f]{12}(\.[0-9a-f]{12}\.tmp)?$/.test(name)) {
          continue;
        }
        removeStaleLock(
          join(directory, name),
          lock.own,
          (name) => isTemporaryName(SCRATCH_NAME, name),
        );
      }
    } catch {
      // The directory may be writable but not listable.
    }
    return new TargetLock(join(lock.path, SCRATCH_NAME), lock);
  }

  /**
   * Notes in the journal that the target is being appended to. If this process
   * dies, the next holder removes an incomplete append.
   *
   * @param keySizeLimit Longest key that will be appended, in bytes.
   * @param length Bytes that will be appended, if the append is all or nothing.
   * @throws {FileError} The journal cannot be written, or the lock was lost.
   */
  beginAppend(
    { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, length }: {
      keySizeLimit?: number;
      length?: number;
    },
  ): void {
    this.#begin(() => {
      const { size, ino: inode } = nodeFs().lstatSync(this.path);
      const end = length === undefined ? undefined : size + length;
      return { kind: "append", size, inode, keySizeLimit, end };
    });
  }

  /**
   * Notes that no operation is unfinished.
   *
   * @throws {FileError} The journal cannot be removed.
   */
  finish(): void {
    const unfinished = this.#unfinished;
    if (unfinished === undefined) return;
    this.#unfinished = undefined;
    try {
      removeTemporaries([this.#journal]);
    } catch (error) {
      throw asFileError("write", this.path, error);
    }
    // Otherwise, a complete append could be undone after a power failure.
    if (unfinished.kind === "append" && unfinished.end !== undefined) {
      syncDirectory(this.#journal);
    }
  }

  /**
   * Appends a temporary file to the existing target, all or nothing.
   *
   * @throws {FileError} It cannot be appended.
   */
  append(temporary: string): void {
    const fs = nodeFs();
    const { O_RDONLY, O_RDWR } = fs.constants;
    let source: number | undefined;
    let target: number | undefined;
    try {
      source = openRegular(temporary, O_RDONLY, this.#lock.own);
      target = openRegular(this.path, O_RDWR);
      const { size } = fs.fstatSync(target);
      this.beginAppend({ length: fs.fstatSync(source).size });
      try {
        appendFile(source, target);
      } catch (error) {
        // If this fails as well, the next holder tries again.
        truncate(target, size);
        this.finish();
        throw error;
      }
      this.finish();
    } catch (error) {
      throw asFileError("append to", this.path, error);
    } finally {
      if (source !== undefined) fs.closeSync(source);
      if (target !== undefined) fs.closeSync(target);
    }
  }

  /**
   * Renames complete files to the target. If this process dies meanwhile, the
   * next holder completes the operation.
   *
   * @throws {TargetExistsError | FileError} They cannot be renamed.
   */
  commit(files: CompleteFiles): void {
    const { path } = this;
    const { basename } = nodePath();
    const renames = renamesOf(files, path);
    const replaced = replacedBy(files, path);
    if (renames.length > 1) {
      const { token } = parseTemporaryName(
        basename(path),
        basename(files.temporary),
      )!;
      this.#begin(() => ({ kind: "rename", token, replaced }));
    } else this.#checkHeld();
    try {
      for (const rename of renames) {
        commitFile(rename, replaced, this.#lock.own);
      }
      syncDirectory(this.path);
    } catch (error) {
      throw asFileError("write", this.path, error);
    } finally {
      this.finish();
    }
  }

  /** Releases the lock. The next holder completes or undoes what is unfinished. */
  release(): void {
    this.#lock.release();
  }

  #begin(describe: () => Unfinished): void {
    this.#checkHeld();
    try {
      const unfinished = describe();
      writeJournal(this.#journal, unfinished);
      this.#unfinished = unfinished;
    } catch (error) {
      throw asFileError("write", this.path, error);
    }
  }

  #checkHeld(): void {
    if (this.#lock.isHeld) return;
    throw new FileError(
      this.path,
      `Cannot write ${this.path}: its lock ${this.#lock.path} was removed meanwhile. ` +
        "Try again when no other process is writing it.",
    );
  }

  /** Completes or undoes the unfinished operation of a holder that died. */
  #recover(): void {
    const fs = nodeFs();
    const journal = this.#journal;
    if (fs.lstatSync(journal, { throwIfNoEntry: false }) === undefined) return;
    const { own } = this.#lock;
    const unfinished = readJournal(journal, own);
    if (unfinished?.kind === "append") {
      this.cut = undoAppend(this.path, unfinished);
    } else if (unfinished?.kind === "rename") {
      finishRename(this.path, unfinished, own);
    }
    fs.unlinkSync(journal);
  }

  /** Removes temporary files of holders that died. */
  #removeLeftovers(): void {
    const fs = nodeFs();
    const { dirname, basename, join } = nodePath();
    const directory = dirname(this.path);
    const { own, wasStale } = this.#lock;
    // Listing the directory is slow, so it is done once, or when the last holder died.
    if (!wasStale && cleaned.has(directory)) return;
    cleaned.add(directory);
    for (const name of fs.readdirSync(directory)) {
      const path = join(directory, name);
      if (isLockCandidate(basename(this.path), name)) {
        removeStaleLock(path, own);
      } else if (isTemporaryName(basename(this.path), name)) {
        const stat = fs.lstatSync(path, { throwIfNoEntry: false });
        // Files of other users are left to them.
        if (stat?.isFile() && stat.uid === own.uid) removeTemporaries([path]);
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
 * Calls `use` with a function that returns a path beside which temporary files
 * that belong to no target may be created.
 */
export async function withScratch<T>(
  use: (near: () => string) => Promise<T>,
): Promise<T> {
  let lock: TargetLock | undefined;
  try {
    // Taken on demand: most jobs need no temporary files and may lack the permission.
    return await use(() => (lock ??= TargetLock.takeScratch()).path);
  } finally {
    lock?.release();
  }
}

/**
 * Calls `use` while the lock of a target is held; see {@linkcode TargetLock.take}.
 * For the standard output, it is that of a scratch directory.
 */
export async function withTargetLock<T>(
  target: string,
  options: LockOptions & { signal?: AbortSignal },
  use: (lock: TargetLock) => Promise<T>,
): Promise<T> {
  const lock = target === STANDARD_STREAM
    ? TargetLock.takeScratch()
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
