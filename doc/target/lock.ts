/**
 * Locks. A lock is a directory that only its user can enter, with one empty file in
 * it: the name of that file describes the owner. The protocol is built on three
 * operations that are atomic on all runtimes and file systems:
 *
 * - A lock is taken by renaming a complete directory to the name of the lock. That
 *   fails if the directory there is not empty, so a lock always has one owner.
 * - A lock is released by removing the owner's file, then the directory.
 * - The lock of a dead owner is released in the same way by whoever wants it next.
 *   The name of the file has a unique token, so that the file of another owner is
 *   never removed by mistake.
 *
 * An owner counts as alive unless the opposite is certain. There are two proofs:
 *
 * - On Deno, owners lock their file with `flock`, which the kernel releases when
 *   the process ends.
 * - The process id, if it is looked up on the same boot of the same machine and in
 *   the same PID namespace. A zombie is dead, and so is a process that started at
 *   another time than the owner.
 */
import type NodeOs from "node:os";
import type NodeTimers from "node:timers";
import { nodeModule } from "../../pool/runtime.ts";
import { nodeFs, nodePath } from "../source/byte_source.ts";
import { FileError } from "../errors.ts";
import { type OwnStat, problemOf } from "./own_file.ts";

/** The owner of a lock, as the name of its file describes it. Fields are undefined if the owner could not find them out. */
interface Owner {
  /** Process id. */
  pid: string;
  /** Host name. */
  host?: string;
  /** Identifies the machine since it was started: the boot id on Linux, the host name elsewhere. */
  boot?: string;
  /** Where process ids and start times have one meaning: the namespaces of PIDs and time on Linux, the system elsewhere. */
  space?: string;
  /** Start time of the process, in clock ticks since the machine was started. */
  start?: string;
  /** Present if the owner holds a `flock`. */
  flock?: "1";
  /** Unique token of this lock. */
  token: string;
}

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

/** The part of `Deno.FsFile` that is used here. */
interface DenoFile {
  tryLockSync(exclusive: boolean): boolean;
  close(): void;
}

/** The part of `Deno` that is used here. */
interface DenoRuntime {
  openSync(path: string, options: { read: true; write: true }): DenoFile;
  permissions: {
    querySync(permission: { name: string; kind?: string }): { state: string };
  };
}

const { Deno: deno, process } = globalThis as {
  Deno?: DenoRuntime;
  process?: typeof globalThis.process;
};

/** Lost races in a row after which the error is real. */
const MAX_RACES = 100;

/** Time between two signs of life of an owner, in milliseconds. */
const HEARTBEAT_INTERVAL = 10_000;

/** Types of local file systems that survive a restart: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, overlay (statfs(2)). */
const LOCAL_TYPES = [
  ...[0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x794c7630],
];

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
  readonly #flocked: DenoFile | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(
    file: string,
    flocked: DenoFile | undefined,
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
function flock(file: string): DenoFile | undefined | null {
  const opened = deno?.openSync(file, { read: true, write: true });
  let isLocked = true;
  try {
    isLocked = opened?.tryLockSync(true) ?? true;
  } catch {
    // The file system has no such locks. Others cannot lock the file either.
  }
  // Someone who locked it first took the owner for dead, and has removed it by now.
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
  let opened: DenoFile | undefined;
  try {
    // For writing as well, which does not wait if it is a pipe.
    if (owner.flock) opened = deno?.openSync(file, { read: true, write: true });
    if (!isDead(owner, file, opened)) return false;
    // While it is locked, so that an owner that has just begun notices.
    nodeFs().unlinkSync(file);
    return true;
  } finally {
    opened?.close();
  }
}

function isDead(
  owner: Owner,
  file: string,
  opened: DenoFile | undefined,
): boolean {
  const here = self();
  const isSameBoot = owner.boot === undefined || here.boot === undefined
    ? undefined
    : owner.boot === here.boot;
  const isSameHost = owner.host === undefined || here.host === undefined
    ? undefined
    : owner.host === here.host;
  let isFree: boolean | undefined;
  try {
    // A shared lock, so that concurrent checks do not mistake each other for the owner.
    isFree = opened?.tryLockSync(false);
  } catch {
    // The file system has no such locks.
  }
  if (isFree === false) return false;
  // After a restart. Two hosts may share a network file system, and have the same name.
  if (isSameBoot === false) return isSameHost === true && isLocal(file);
  // Some network file systems do not pass on locks to other hosts.
  if (isFree) return isSameBoot === true || isSameHost !== false;
  return isSameBoot === true && owner.space === here.space &&
    isGone(Number(owner.pid), owner.start);
}

/** Whether a process of this PID namespace has ended. */
function isGone(pid: number, start: string | undefined): boolean {
  if (!isAllowed({ name: "run" })) return false;
  try {
    process!.kill(pid, 0);
  } catch (error) {
    return isOneOf(error, "ESRCH");
  }
  const found = statusOf(pid);
  if (found === undefined) return false;
  // Killed, but not yet waited for; or the process id was reused.
  return "ZX".includes(found.state) ||
    start !== undefined && found.start !== start;
}

/** State and start time of a process (proc(5)); undefined if they are unavailable. */
function statusOf(pid: number): { state: string; start: string } | undefined {
  const fs = nodeFs();
  try {
    // The /proc of another PID namespace has other process ids.
    if (fs.readlinkSync("/proc/self") !== `${process!.pid}`) return undefined;
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields follow the program name, which is in parentheses and may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], start: fields[19] };
  } catch {
    return undefined;
  }
}

/** Whether a file is on a file system of this machine alone. */
function isLocal(path: string): boolean {
  if (!isAllowed({ name: "sys", kind: "statfs" })) return false;
  return LOCAL_TYPES.includes(nodeFs().statfsSync(path).type);
}

let cached: Omit<Owner, "token"> | undefined;

/** Describes this process. */
function self(): Omit<Owner, "token"> {
  return cached ??= describeSelf();
}

function describeSelf(): Omit<Owner, "token"> {
  const fs = nodeFs();
  const { pid, platform } = process!;
  const host = isAllowed({ name: "sys", kind: "hostname" })
    ? nodeModule<typeof NodeOs>("node:os")!.hostname()
      .replace(/[^\w.-]/g, "_").slice(0, 64)
    : undefined;
  const flock = deno === undefined ? undefined : "1";
  if (platform !== "linux") {
    return { pid: `${pid}`, host, boot: host, space: platform, flock };
  }
  try {
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const spaces = ["/proc/self/ns/pid", "/proc/self/ns/time"]
      .filter((path) => fs.existsSync(path))
      .map((path) => fs.readlinkSync(path).replace(/\D/g, ""));
    return {
      pid: `${pid}`,
      host,
      boot: boot.trim(),
      space: spaces.join("-"),
      start: statusOf(pid)?.start,
      flock,
    };
  } catch {
    // Deno needs all permissions for that.
    return { pid: `${pid}`, host, flock };
  }
}

/** The name of an owner's file: `pid=1234,host=example,…`. */
function nameOf(owner: Owner): string {
  return Object.entries(owner)
    .flatMap(([field, value]) => value === undefined ? [] : `${field}=${value}`)
    .join(",");
}

/** @returns undefined if the name describes no owner. */
function parseName(name: string): Owner | undefined {
  const owner = Object.fromEntries(
    name.split(",").map((field) => field.split("=")),
  );
  const isOwner = /^[1-9]\d{0,9}$/.test(owner.pid) &&
    /^[0-9a-f]{12}$/.test(owner.token);
  return isOwner ? owner : undefined;
}

function isWindows(): boolean {
  return nodePath().sep === "\\";
}

/** Whether a permission is granted, so that Deno does not prompt for it. */
function isAllowed(permission: { name: string; kind?: string }): boolean {
  return deno === undefined ||
    deno.permissions.querySync(permission).state === "granted";
}

function isOneOf(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
