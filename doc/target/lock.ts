/**
 * Lock files. All runtimes can create a hard link at a free name and rename a
 * file over another, both atomically. The protocol is built on these two:
 *
 * - A lock file is created as a link to a complete file, so a lock always names
 *   its owner.
 * - A stale lock is replaced by the process that holds the *claim* to it, a lock
 *   file named after the token of the stale lock. Tokens are unique, so a lock
 *   that was replaced meanwhile is never taken for the stale one.
 *
 * There are two ways to check whether an owner is alive. On Deno, which needs a
 * permission to look at other processes, the owner holds a `flock` on its lock
 * file, which the kernel releases when the process ends. Node and Bun have no
 * `flock`; they check the process id and, on Linux, its start time. An owner that
 * cannot be checked counts as alive.
 */
import type NodeOs from "node:os";
import { nodeModule } from "../../pool/runtime.ts";
import { nodeFs, nodePath } from "../source/byte_source.ts";

/** The content of a lock file. */
interface Owner<Note> {
  /** Unique token of this lock. */
  token: string;
  /** Process id. */
  pid: number;
  /** Whether the owner holds a `flock` on the file. */
  flocked: boolean;
  /** Host name, if the owner may read it. */
  host?: string;
  /** Start time of the process, where it is available. */
  started?: string;
  /** State that the next owner needs if this one dies. Short. */
  note?: Note;
}

/** A lock that another process holds. */
export interface Held {
  /** Path of the lock file. */
  path: string;
  /** Process id of the owner; undefined if the lock file is unreadable. */
  pid: number | undefined;
}

/** The part of `Deno.FsFile` that is used here. */
interface DenoFile {
  tryLockSync(exclusive: boolean): boolean;
  readSync(bytes: Uint8Array): number | null;
  close(): void;
}

/** The part of `Deno` that is used here. */
interface DenoRuntime {
  openSync(path: string, options: { read: true; write?: true }): DenoFile;
  permissions: {
    querySync(permission: { name: string; kind?: string }): { state: string };
  };
}

const { Deno: deno, process } = globalThis as {
  Deno?: DenoRuntime;
  process?: typeof globalThis.process;
};

/** Process id of an abandoned lock. */
const NO_PROCESS = 0;

/** Lost races in a row after which the error is real. */
const MAX_RACES = 1000;

/** Creates a unique token of 12 hexadecimal digits. */
export function randomToken(): string {
  return Array.from(
    crypto.getRandomValues(new Uint8Array(6)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** A lock that is held. */
export class Lock<Note> {
  /** Path of the lock file. */
  readonly path: string;
  /** Whether it was taken over from a dead owner, who may have left files. */
  readonly wasStale: boolean;
  readonly #owner: Owner<Note>;
  readonly #file: DenoFile | undefined;

  constructor(
    path: string,
    owner: Owner<Note>,
    file: DenoFile | undefined,
    wasStale: boolean,
  ) {
    this.path = path;
    this.#owner = owner;
    this.#file = file;
    this.wasStale = wasStale;
  }

  /** The note of this owner, or the one inherited from a dead owner. */
  get note(): Note | undefined {
    return this.#owner.note;
  }

  /** Stores a note for the process that takes over the lock if this one dies. */
  leave(note: Note | undefined): void {
    this.#owner.note = note;
    writeOwner(this.path, this.#owner);
  }

  /**
   * Releases the lock as if the owner had died: the next owner inherits the note.
   *
   * @throws {NodeJS.ErrnoException} The lock file cannot be written.
   */
  abandon(): void {
    try {
      writeOwner(this.path, {
        ...this.#owner,
        pid: NO_PROCESS,
        flocked: false,
      });
    } finally {
      this.#file?.close();
    }
  }

  /** Releases the lock. */
  release(): void {
    try {
      // Not if the file was removed and belongs to another owner by now.
      if (inspect(this.path)?.owner?.token === this.#owner.token) {
        nodeFs().rmSync(this.path, { force: true });
      }
      this.#file?.close();
    } catch {
      // The file cannot be removed; at least nobody waits for it.
      this.abandon();
    }
  }
}

/**
 * Takes a lock if it is free or its owner is dead.
 *
 * @throws {NodeJS.ErrnoException} The lock file cannot be created.
 */
export function tryLock<Note>(path: string): Lock<Note> | Held {
  const fs = nodeFs();
  for (let races = 0;; races++) {
    const found = inspect<Note>(path);
    if (found?.isAlive) return { path, pid: found.owner?.pid };
    const owner = describeOwner<Note>();
    const candidate = `${path}.${owner.token}.tmp`;
    let file: DenoFile | undefined;
    let lock: Lock<Note> | undefined;
    try {
      file = createLockFile(candidate, owner);
      const dead = found?.owner;
      if (dead === undefined) {
        try {
          fs.linkSync(candidate, path);
        } catch (error) {
          if (isOneOf(error, "EEXIST", "ENOENT")) throw error;
          // The file system has no hard links. An incomplete lock file may be
          // seen then; it counts as held.
          file?.close();
          file = createLockFile(path, owner);
        }
        lock = new Lock(path, owner, file, false);
      } else {
        const claim = tryLock<never>(`${path}.${dead.token}`);
        if (!(claim instanceof Lock)) return { path, pid: claim.pid };
        try {
          const last = inspect<Note>(path)?.owner;
          if (last?.token === dead.token) {
            owner.note = last.note;
            writeOwner(candidate, owner);
            fs.renameSync(candidate, path);
            lock = new Lock(path, owner, file, true);
          }
        } finally {
          claim.release();
        }
      }
      if (lock !== undefined) return lock;
    } catch (error) {
      // Another process was faster, or removed the candidate as a leftover.
      const isRace = isOneOf(error, "EEXIST") ||
        isOneOf(error, "ENOENT") && fs.existsSync(nodePath().dirname(path));
      // Directories that accept no files, such as /proc, fail with ENOENT as well.
      if (!isRace || races === MAX_RACES) throw error;
    } finally {
      try {
        fs.rmSync(candidate, { force: true });
      } catch { /* The next owner removes it. */ }
      if (lock === undefined) file?.close();
    }
  }
}

/** Whether `name` is a candidate for the lock file `lockName`, or a claim to it. */
export function isLockLeftover(lockName: string, name: string): boolean {
  return name.startsWith(`${lockName}.`) &&
    /^(\.[0-9a-f]{12})+(\.tmp)?$/.test(name.slice(lockName.length));
}

/** Reads a lock file. @returns undefined if it does not exist. */
function inspect<Note>(
  path: string,
): { owner?: Owner<Note>; isAlive: boolean } | undefined {
  let file: DenoFile | undefined;
  try {
    file = deno?.openSync(path, { read: true });
    const text = file === undefined
      ? nodeFs().readFileSync(path, "utf8")
      // Of the open file, even if the name refers to another one by now.
      : readText(file);
    const owner = parseOwner<Note>(text);
    return { owner, isAlive: owner === undefined || isAlive(owner, file) };
  } catch (error) {
    if (isOneOf(error, "ENOENT")) return undefined;
    throw error;
  } finally {
    file?.close();
  }
}

function isAlive(
  { pid, flocked, host, started }: Owner<unknown>,
  file: DenoFile | undefined,
): boolean {
  // A shared lock, so that concurrent checks do not mistake each other for the owner.
  if (flocked && file !== undefined) return !file.tryLockSync(false);
  if (pid === NO_PROCESS) return false;
  const here = hostName();
  if (host !== undefined && here !== undefined && host !== here) return true;
  if (!isAllowed({ name: "run" })) return true;
  try {
    process!.kill(pid, 0);
  } catch (error) {
    return !isOneOf(error, "ESRCH");
  }
  // The process id may have been reused.
  return started === undefined || started === startOf(pid);
}

/** The content of the lock files of this process. */
function describeOwner<Note>(): Owner<Note> {
  const { pid } = process!;
  return {
    token: randomToken(),
    pid,
    flocked: deno !== undefined,
    host: hostName(),
    started: startOf(pid),
  };
}

/** Creates a lock file, which must not exist. */
function createLockFile(
  path: string,
  owner: Owner<unknown>,
): DenoFile | undefined {
  const fs = nodeFs();
  fs.writeFileSync(path, "", { flag: "wx" });
  const file = deno?.openSync(path, { read: true, write: true });
  file?.tryLockSync(true);
  writeOwner(path, owner);
  return file;
}

/** Size of a lock file in bytes, padded with spaces so that one write replaces it. */
const LOCK_SIZE = 4096;

/** Replaces the content of a lock file in a single write. */
function writeOwner(path: string, owner: Owner<unknown>): void {
  const fs = nodeFs();
  const descriptor = fs.openSync(path, "r+");
  try {
    fs.writeSync(descriptor, JSON.stringify(owner).padEnd(LOCK_SIZE), 0);
    // The note must reach the disk before the changes that it describes.
    if (owner.note !== undefined) fs.fdatasyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function readText(file: DenoFile): string {
  const bytes = new Uint8Array(LOCK_SIZE);
  const length = file.readSync(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** @returns undefined if the text names no owner. */
function parseOwner<Note>(text: string): Owner<Note> | undefined {
  try {
    const owner = JSON.parse(text);
    return isToken(owner?.token) && Number.isInteger(owner.pid)
      ? owner
      : undefined;
  } catch {
    return undefined;
  }
}

function isToken(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{12}$/.test(value);
}

/** Host name, if it may be read. */
function hostName(): string | undefined {
  return isAllowed({ name: "sys", kind: "hostname" })
    ? nodeModule<typeof NodeOs>("node:os")!.hostname()
    : undefined;
}

/** Whether a permission is granted, so that Deno does not prompt for it. */
function isAllowed(permission: { name: string; kind?: string }): boolean {
  return deno === undefined ||
    deno.permissions.querySync(permission).state === "granted";
}

/** Start time of a process in clock ticks since boot (proc(5), field 22); undefined elsewhere. */
function startOf(pid: number): string | undefined {
  if (deno !== undefined) return undefined;
  try {
    const stat = nodeFs().readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields follow the program name, which is in parentheses and may contain spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isOneOf(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
