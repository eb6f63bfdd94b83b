/**
 * Lock files. What runtimes have in common is a file system in which a link to
 * a file can be made at a name that is free, and in which renaming a file over
 * another is atomic; the rest follows from these two:
 *
 * - A lock file appears with all that is in it, as a link to a file that was
 *   complete before. So there is never a lock whose owner is not known.
 * - The lock of an owner who is dead is replaced by who holds the *claim* to it,
 *   a lock file named after the token of the dead one's. Tokens are not used
 *   twice, so nobody can replace a living lock that he took for a dead one.
 *
 * Whether an owner lives is told in two ways. On Deno, which may not look at
 * other processes, an owner holds a lock of the operating system (`flock`) on his
 * lock file, which ends with him whatever happens. Node and Bun have no such
 * thing, but may ask for a process by its number, and compare when it started
 * where Linux tells. An owner who cannot be seen counts as alive.
 */
import type NodeOs from "node:os";
import { nodeModule } from "../../pool/runtime.ts";
import { nodeFs, nodePath } from "../source/byte_source.ts";

/** What is in a lock file. */
interface Owner<Note> {
  /** Made for this lock alone. */
  token: string;
  /** Number of the process. */
  pid: number;
  /** Whether the owner holds a lock of the operating system on the file. */
  flocked: boolean;
  /** Name of the machine, where the owner may know it. */
  host?: string;
  /** When the process started, where that can be told. */
  started?: string;
  /** What has to be known if the owner dies; short. */
  note?: Note;
}

/** Somebody else has the lock. */
export interface Held {
  /** Path of the lock file. */
  path: string;
  /** Number of the process that has it; undefined if the lock file cannot be read. */
  pid: number | undefined;
}

/** A file of Deno's, as far as it is used here. */
interface DenoFile {
  tryLockSync(exclusive: boolean): boolean;
  readSync(bytes: Uint8Array): number | null;
  close(): void;
}

/** The parts of Deno that are used here. */
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

/** Instead of the number of a process: the owner has given up. */
const NOBODY = 0;

/** Nobody loses so many races in a row. */
const MAX_RACES = 1000;

/** A name that nobody else has thought of: 12 hexadecimal digits. */
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
  /** Whether its last owner died; leftovers of his may lie about. */
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

  /** What has to be known if the owner dies; from a dead owner, the next one inherits it. */
  get note(): Note | undefined {
    return this.#owner.note;
  }

  /** Leaves word for whoever takes over the lock if this process dies. */
  leave(note: Note | undefined): void {
    this.#owner.note = note;
    writeOwner(this.path, this.#owner);
  }

  /**
   * Gives the lock up as if the owner had died: the next one inherits the note.
   *
   * @throws {NodeJS.ErrnoException} The lock file cannot be written.
   */
  abandon(): void {
    try {
      writeOwner(this.path, { ...this.#owner, pid: NOBODY, flocked: false });
    } finally {
      this.#file?.close();
    }
  }

  /** Gives the lock back. */
  release(): void {
    try {
      // Not if somebody has removed the file, and it is another's by now.
      if (inspect(this.path)?.owner?.token === this.#owner.token) {
        nodeFs().rmSync(this.path, { force: true });
      }
      this.#file?.close();
    } catch {
      // What cannot be removed shall at least not be in the way.
      this.abandon();
    }
  }
}

/**
 * Takes a lock if it is free, or if its owner is dead.
 *
 * @throws {NodeJS.ErrnoException} The lock file cannot be made.
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
          // Not every file system has links. There, a lock file may be seen
          // before its owner is known, and counts as held meanwhile.
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
      // Others were faster, or have taken the candidate for a leftover.
      const isRace = isOneOf(error, "EEXIST") ||
        isOneOf(error, "ENOENT") && fs.existsSync(nodePath().dirname(path));
      // Some directories, such as those of Linux's /proc, take no files and say so in the same way.
      if (!isRace || races === MAX_RACES) throw error;
    } finally {
      try {
        fs.rmSync(candidate, { force: true });
      } catch { /* The next owner removes it. */ }
      if (lock === undefined) file?.close();
    }
  }
}

/** Whether a name is that of a file which is or was on its way to become the lock file `name`, or a claim to it. */
export function isLockLeftover(lockName: string, name: string): boolean {
  return name.startsWith(`${lockName}.`) &&
    /^(\.[0-9a-f]{12})+(\.tmp)?$/.test(name.slice(lockName.length));
}

/** Looks at a lock file. @returns undefined if there is none. */
function inspect<Note>(
  path: string,
): { owner?: Owner<Note>; isAlive: boolean } | undefined {
  let file: DenoFile | undefined;
  try {
    file = deno?.openSync(path, { read: true });
    const text = file === undefined
      ? nodeFs().readFileSync(path, "utf8")
      // Of the file that is open, even if the name has become another's.
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
  // Shared, so that others who look at the same time do not seem to be the owner.
  if (flocked && file !== undefined) return !file.tryLockSync(false);
  if (pid === NOBODY) return false;
  const here = hostName();
  if (host !== undefined && here !== undefined && host !== here) return true;
  if (!isAllowed({ name: "run" })) return true;
  try {
    process!.kill(pid, 0);
  } catch (error) {
    return !isOneOf(error, "ESRCH");
  }
  // The number may have become another process's.
  return started === undefined || started === startOf(pid);
}

/** What this process puts into its lock files. */
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

/** Makes a lock file that must not be there yet. */
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

/** Size of every lock file, in bytes; what is in it is filled up with spaces. */
const LOCK_SIZE = 4096;

/** Writes the contents of a lock file, of which there is always one or the other, never a half. */
function writeOwner(path: string, owner: Owner<unknown>): void {
  const fs = nodeFs();
  const descriptor = fs.openSync(path, "r+");
  try {
    fs.writeSync(descriptor, JSON.stringify(owner).padEnd(LOCK_SIZE), 0);
    // What a note is about must not get to the disk before the note does.
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

/** @returns undefined if nobody is named there. */
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

/** Name of this machine, if it may be known. */
function hostName(): string | undefined {
  return isAllowed({ name: "sys", kind: "hostname" })
    ? nodeModule<typeof NodeOs>("node:os")!.hostname()
    : undefined;
}

/** Whether something may be done without Deno's asking the user first. */
function isAllowed(permission: { name: string; kind?: string }): boolean {
  return deno === undefined ||
    deno.permissions.querySync(permission).state === "granted";
}

/** When a process started, in a unit of Linux's; undefined where that cannot be told. */
function startOf(pid: number): string | undefined {
  if (deno !== undefined) return undefined;
  try {
    const stat = nodeFs().readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program comes before, in parentheses, and may hold spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isOneOf(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
