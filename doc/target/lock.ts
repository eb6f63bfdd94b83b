/**
 * Locks. A lock is a directory that only its user can enter, with one empty file in
 * it: the name of that file describes the owner. The protocol is built on three
 * operations that are atomic on all runtimes and file systems:
 *
 * - A lock is taken by renaming a complete directory to the name of the lock. That
 *   fails if the directory there is not empty, so a lock always has one owner.
 * - A lock is released by removing the owner's file, then the directory.
 * - The lock of a dead owner is released in the same way, by the next process that
 *   needs it. The name of the file has a unique token, so that the file of another
 *   owner is never removed by mistake.
 *
 * An owner counts as alive unless the opposite is certain. There are two proofs:
 *
 * - On Deno, owners lock their file with `flock`, which the kernel releases when
 *   the process ends.
 * - The process id, if it is looked up on the same boot of the same machine and in
 *   the same PID namespace. A zombie is dead, and so is a process that started at
 *   another time than the owner.
 */
import type NodeTimers from "node:timers";
import { nodeModule } from "../../pool/runtime.ts";
import { nodeFs, nodePath } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";
import {
  type Flockable,
  isDead,
  isOneOf,
  nameOf,
  openFlockable,
  type Owner,
  parseName,
  self,
} from "./lock_owner.ts";
import { type OwnStat, problemOf } from "./own_file.ts";

/** A lock that another process holds, or may hold. */
export interface Held {
  /** Path of the lock directory. */
  path: string;
  /** Process id of the owner, if it is known. */
  pid?: number;
  /** Host of the owner, if it is known. */
  host?: string;
  /** User id of the owner, if it is another user, whose locks cannot be looked into. */
  user?: number;
  /** When the owner last showed a sign of life. */
  heartbeat?: Date;
}

/** Lost races in a row after which the error is real. */
const MAX_RACES = 100;

/** Time between two signs of life of an owner, in milliseconds. */
const HEARTBEAT_INTERVAL = 10_000;

/** Creates a unique token of 12 hexadecimal digits. */
export function randomToken(): string {
  return Array.from(
    crypto.getRandomValues(new Uint8Array(6)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** A lock that is held. */
export class Lock {
  /** Path of the lock directory. */
  readonly path: string;
  /** Whether its last owner may have died, and so may have left files. */
  readonly wasStale: boolean;
  /** What files of this user look like. */
  readonly own: OwnStat;
  /** Path of the owner's file. */
  readonly #file: string;
  readonly #flocked: Flockable | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(
    file: string,
    flocked: Flockable | undefined,
    wasStale: boolean,
    own: OwnStat,
  ) {
    this.path = nodePath().dirname(file);
    this.wasStale = wasStale;
    this.own = own;
    this.#file = file;
    this.#flocked = flocked;
    const { setInterval } = nodeModule<typeof NodeTimers>("node:timers")!;
    this.#heartbeat = setInterval(() => {
      const now = new Date();
      nodeFs().utimes(file, now, now, () => {});
    }, HEARTBEAT_INTERVAL).unref();
  }

  /** Whether the lock is still there: a user may have removed it. */
  get isHeld(): boolean {
    return nodeFs().existsSync(this.#file);
  }

  /** Releases the lock. If its files cannot be removed, it ends with the process. */
  release(): void {
    clearInterval(this.#heartbeat);
    try {
      this.#flocked?.close();
    } finally {
      removeOwner(this.#file);
    }
  }
}

/**
 * Takes a lock if it is free or its owner is dead.
 *
 * @throws {FileError} There is something else than a lock at `path`.
 * @throws {NodeJS.ErrnoException} It cannot be created.
 */
export function tryLock(path: string): Lock | Held {
  const fs = nodeFs();
  const { dirname, join } = nodePath();
  for (let races = 0; races < MAX_RACES; races++) {
    const token = randomToken();
    const name = nameOf({ ...self(), token });
    const candidate = `${path}.${token}.tmp`;
    const file = join(path, name);
    let made = join(candidate, name);
    let lock: Lock | undefined;
    try {
      fs.mkdirSync(candidate, 0o700);
      fs.closeSync(fs.openSync(made, "wx", 0o600));
      const own = fs.lstatSync(candidate);
      const wasStale = removeDeadOwners(path, own);
      if (typeof wasStale !== "boolean") return wasStale;
      fs.renameSync(candidate, path);
      made = file;
      const flocked = flock(file);
      if (flocked !== null) {
        return lock = new Lock(file, flocked, wasStale, own);
      }
    } catch (error) {
      // Another process was faster, or removed the candidate as a leftover.
      const isRace = isOneOf(error, "ENOTEMPTY", "EEXIST") ||
        isWindows() && isOneOf(error, "EPERM", "EACCES") ||
        // Directories that accept no files, such as /proc, fail with ENOENT as well.
        isOneOf(error, "ENOENT") && fs.existsSync(dirname(path));
      if (!isRace || races === MAX_RACES - 1) throw error;
    } finally {
      if (lock === undefined) removeOwner(made);
    }
  }
  return { path };
}

/**
 * Removes what a dead process left of an attempt to take a lock, or of a scratch
 * directory. What belongs to others stays.
 *
 * @param isLeftover Whether a name in the directory is a file of its owner.
 */
export function removeStaleLock(
  path: string,
  own: OwnStat,
  isLeftover: (name: string) => boolean = () => false,
): void {
  const fs = nodeFs();
  try {
    if (removeDeadOwners(path, own) !== true) return;
    for (const name of fs.readdirSync(path).filter(isLeftover)) {
      fs.unlinkSync(nodePath().join(path, name));
    }
    fs.rmdirSync(path);
  } catch {
    // The next process tries again.
  }
}

/** Removes an owner's file and its directory, if they exist and nothing else is in it. */
function removeOwner(file: string): void {
  const fs = nodeFs();
  try {
    fs.rmSync(file, { force: true });
    fs.rmdirSync(nodePath().dirname(file));
  } catch {
    // Another owner has the directory by now, or the next one removes it.
  }
}

/**
 * Has the kernel lock an owner's file, where the runtime can. Not before the file
 * has its final name: Windows does not rename a directory of open files.
 *
 * @returns null if another process locked or removed it first.
 */
function flock(file: string): Flockable | undefined | null {
  const opened = openFlockable(file);
  let isLocked = true;
  try {
    isLocked = opened?.tryLockSync(true) ?? true;
  } catch {
    // The file system has no such locks. Others cannot lock the file either.
  }
  // A process that locked it first took the owner for dead, and has removed the file.
  if (isLocked && nodeFs().existsSync(file)) return opened;
  opened?.close();
  return null;
}

/**
 * Removes the files of dead owners from a lock directory.
 *
 * @returns Whether there was a lock directory, or a living owner.
 */
function removeDeadOwners(path: string, own: OwnStat): boolean | Held {
  const fs = nodeFs();
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  // It cannot be looked into.
  if (stat.isDirectory() && stat.uid !== own.uid) {
    return { path, user: stat.uid };
  }
  const problem = problemOf(stat, "directory", own);
  if (problem !== undefined) {
    throw new FileError(
      path,
      `Cannot use ${path} as a lock: ${problem}. If no process is writing the file, remove it.`,
    );
  }
  for (const name of fs.readdirSync(path)) {
    // Temporary files of an owner, or of a network file system.
    if (name.startsWith(".")) continue;
    const file = nodePath().join(path, name);
    const owner = parseName(name);
    if (owner !== undefined && removeIfDead(file, owner)) continue;
    const heartbeat = fs.lstatSync(file).mtime;
    const pid = owner && Number(owner.pid);
    return { path, pid, host: owner?.host, heartbeat };
  }
  // Windows does not rename a directory over another one.
  if (isWindows()) fs.rmdirSync(path);
  return true;
}

/** Removes an owner's file if the owner is dead. */
function removeIfDead(file: string, owner: Owner): boolean {
  let opened: Flockable | undefined;
  try {
    if (owner.flock) opened = openFlockable(file);
    if (!isDead(owner, file, opened)) return false;
    // While it is locked, so that an owner that has just begun notices.
    nodeFs().unlinkSync(file);
    return true;
  } finally {
    opened?.close();
  }
}

function isWindows(): boolean {
  return nodePath().sep === "\\";
}
