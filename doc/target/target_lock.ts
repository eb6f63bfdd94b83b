/**
 * The lock of a target: who makes or appends to `docs.bin` holds `.docs.bin.lock`
 * beside it meanwhile. Temporary files of the target belong to the holder, so any
 * that are there when the lock is taken were left by somebody who died.
 */
import { STANDARD_STREAM } from "../source/standard_input.ts";
import type NodeOs from "node:os";
import { OptionError } from "../../pool/errors.ts";
import { nodeModule } from "../../pool/runtime.ts";
import { isLockLeftover, Lock, randomToken, tryLock } from "./lock.ts";
import { cutOff, type CutRange, findTear } from "./torn_record.ts";
import {
  appendTemporary,
  checkKind,
  giveNames,
  isTemporaryName,
  type MadeFiles,
  resolveTarget,
} from "./temporary.ts";
import { asFileError, nodeFs, nodePath } from "../source/byte_source.ts";
import {
  CancelledError,
  FileError,
  LockedError,
  RecordError,
  TargetExistsError,
} from "../errors.ts";
import { DEFAULT_KEY_SIZE_LIMIT } from "../format/record.ts";

/** Time between two attempts to take a lock, in milliseconds. */
const ATTEMPT_INTERVAL = 50;

/** What to do if another process is writing the target. */
export interface LockOptions {
  /**
   * How long to wait for it, in milliseconds; Infinity for as long as it takes.
   * Default 0: fail at once.
   */
  lockWait?: number;
}

/** What is noted in the lock file while the target is not as it should be. */
type Unfinished =
  | {
    /** The target is being appended to. */
    kind: "append";
    /** Size of the target before, in bytes. */
    size: number;
    /** Number of the file, so that another is not mistaken for it. */
    inode: number;
    /** Longest key that the writer accepts, in bytes. */
    keySizeLimit: number;
    /**
     * Size that the target will have, if what is added counts as a whole only;
     * else every record counts.
     */
    end?: number;
  }
  /** Complete files get their names. */
  | { kind: "names" } & MadeFiles;

/** Name of the lock file of a target. */
function lockName(targetName: string): string {
  return `.${targetName}.lock`;
}

/** Whether a name is one of those that whoever writes the target `targetName` uses beside it. */
export function isBesideTarget(targetName: string, name: string): boolean {
  return name === lockName(targetName) || isLeftover(targetName, name);
}

/** The same, without the lock file itself. */
function isLeftover(targetName: string, name: string): boolean {
  return isTemporaryName(targetName, name) ||
    isLockLeftover(lockName(targetName), name);
}

/** Directories in which this thread has looked for leftovers. */
const swept = new Set<string>();

/** The right to write a target. */
export class TargetLock {
  /** Path of the target, symbolic links followed. */
  readonly path: string;
  /** What was cut off from the target because a writer had died while appending. */
  cut: CutRange | undefined;
  readonly #lock: Lock<Unfinished>;

  private constructor(path: string, lock: Lock<Unfinished>) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Takes the lock, blocking the thread while another process has it.
   *
   * @throws {LockedError} It still has it after `lockWait`.
   * @throws {FileError} The lock file cannot be made, or what was left unfinished not be finished.
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
      if (signal?.aborted) throw new CancelledError();
      const lock = TargetLock.#try(target, Date.now() >= end);
      if (lock !== undefined) return lock;
      await new Promise((resolve) => setTimeout(resolve, ATTEMPT_INTERVAL));
    }
  }

  /** @returns undefined if another process has the lock and it is not the last try. */
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
      lock.#sweep();
      return lock;
    } catch (error) {
      lock.release();
      throw asFileError("write", target, error);
    }
  }

  /**
   * Notes that the target is going to be appended to. Should this process die,
   * the next holder cuts off what is not whole.
   *
   * @param keySizeLimit Longest key that will be added, in bytes.
   * @param length Bytes that will be added, if they count as a whole only.
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

  /** Notes that nothing is left unfinished. */
  finish(): void {
    this.#lock.leave(undefined);
  }

  /**
   * Adds a temporary file to the target, which is there: all of it or nothing.
   *
   * @throws {FileError} It cannot be added.
   */
  append(temporary: string): void {
    const fs = nodeFs();
    const { size } = fs.statSync(this.path);
    this.beginAppend({ length: fs.statSync(temporary).size });
    try {
      appendTemporary(temporary, this.path);
    } catch (error) {
      // If not even that is possible, the next holder tries it again.
      cutOff(this.path, size);
      this.finish();
      throw error;
    }
    this.finish();
  }

  /**
   * Gives complete files the names of the target. Should this process die
   * meanwhile, the next holder goes on.
   *
   * @throws {TargetExistsError | FileError} They cannot be renamed.
   */
  giveNames(files: MadeFiles): void {
    const isOneStep = files.parts < 2 && !files.sums;
    const temporary = nodePath().basename(files.temporary);
    if (!isOneStep) this.#lock.leave({ kind: "names", ...files, temporary });
    try {
      giveNames(files, this.path);
    } finally {
      if (!isOneStep) this.finish();
    }
  }

  /** Gives the lock back; what is unfinished is left to the next holder. */
  release(): void {
    if (this.#lock.note === undefined) this.#lock.release();
    else this.#lock.abandon();
  }

  /** Does what has to be done after the death of a holder. */
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
    // Another file by now, or somebody has changed it since.
    if (stat?.ino !== inode || stat.size < size) return;
    if (end === undefined) {
      try {
        this.cut = findTear(this.path, { keySizeLimit, from: size });
      } catch (error) {
        // More than a tear: who wants to append is told so.
        if (!(error instanceof RecordError)) throw error;
      }
    } else if (stat.size > size && stat.size <= end) {
      this.cut = { offset: size, size: stat.size - size };
    }
    if (this.cut !== undefined) cutOff(this.path, this.cut.offset);
  }

  #recoverNames(files: Unfinished & { kind: "names" }): void {
    const { dirname, basename, join } = nodePath();
    // Lock files are read with the same suspicion as all files.
    if (!isTemporaryName(basename(this.path), files.temporary)) return;
    const temporary = join(dirname(this.path), files.temporary);
    try {
      giveNames({ ...files, temporary }, this.path);
    } catch (error) {
      // What has appeared meanwhile is not replaced.
      if (!(error instanceof TargetExistsError)) throw error;
    }
  }

  /** Removes what dead holders have left. */
  #sweep(): void {
    const fs = nodeFs();
    const { dirname, basename, join } = nodePath();
    const directory = dirname(this.path);
    const lock = this.#lock;
    // Looked for even without a sign of it, but not for every file of a directory.
    if (!lock.wasStale && swept.has(directory)) return;
    swept.add(directory);
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
 * Takes the lock of a name in the system's directory for temporary files, beside
 * which those may be made that belong to no target. What dead processes have
 * left of such files is removed.
 *
 * @throws {FileError} The lock file cannot be made.
 */
function takeScratch(): TargetLock {
  const { tmpdir } = nodeModule<typeof NodeOs>("node:os")!;
  const { join } = nodePath();
  const directory = tmpdir();
  try {
    for (const name of nodeFs().readdirSync(directory)) {
      const scratch = /^\.(binfiles-[0-9a-f]{12})\.lock$/.exec(name)?.[1];
      if (scratch !== undefined) removeScratch(join(directory, scratch));
    }
  } catch {
    // A directory that cannot be listed can be written to all the same.
  }
  return TargetLock.takeSync(join(directory, `binfiles-${randomToken()}`), {});
}

/** Removes what belongs to the lock of a scratch name, if whoever held it is dead. */
function removeScratch(path: string): void {
  try {
    TargetLock.takeSync(path, {}).release();
  } catch {
    // Its holder lives, or it is another user's.
  }
}

/**
 * Calls `use` with a function that returns a path beside which temporary files
 * may be made that belong to no target.
 */
export async function withScratch<T>(
  use: (near: () => string) => Promise<T>,
): Promise<T> {
  let lock: TargetLock | undefined;
  try {
    // Most jobs make no temporary files, and may have no right to.
    return await use(() => (lock ??= takeScratch()).path);
  } finally {
    lock?.release();
  }
}

/**
 * Calls `use` while the lock of a target is held; see {@linkcode TargetLock.take}.
 * For the standard output, that of a scratch name is taken.
 */
export async function withTargetLock<T>(
  target: string,
  options: LockOptions & { signal?: AbortSignal },
  use: (lock: TargetLock) => Promise<T>,
): Promise<T> {
  const lock = target === STANDARD_STREAM
    ? takeScratch()
    : await TargetLock.take(target, options);
  try {
    return await use(lock);
  } catch (error) {
    throw nameTarget(asFileError("write", target, error), lock.path, target);
  } finally {
    lock.release();
  }
}

/** Users have never heard of temporary files: errors about one are about the target. */
function nameTarget(error: unknown, path: string, target: string): unknown {
  const { basename } = nodePath();
  const isAboutTemporary = error instanceof FileError &&
    isTemporaryName(basename(path), basename(error.file));
  if (!isAboutTemporary) return error;
  const message = error.message.replaceAll(error.file, target);
  return new FileError(target, message, { cause: error });
}
