/** Owners of locks: how they are described, and whether they are alive. */
import type NodeOs from "node:os";
import { nodeModule } from "../../pool/runtime.ts";
import { nodeFs } from "../source/byte_source.ts";

/**
 * The owner of a lock. Fields are omitted if the owner could not find them out: Deno
 * needs a permission for the host name, and all permissions for the rest.
 */
export interface Owner {
  /** Process id. */
  pid: string;
  /** Host name. */
  host?: string;
  /** Changes when the machine restarts: the boot id on Linux. Elsewhere the host name, which does not. */
  boot?: string;
  /** Where process ids and start times are unique: the PID and time namespaces on Linux, the system elsewhere. */
  space?: string;
  /** Start time of the process, in clock ticks since the machine was started. */
  start?: string;
  /** Present if the owner holds a `flock` on its file. */
  flock?: "1";
  /** Unique token of the lock. */
  token: string;
}

/** A file that the kernel can lock; the part of `Deno.FsFile` that is used here. */
export interface Flockable {
  tryLockSync(exclusive: boolean): boolean;
  close(): void;
}

/** The part of `Deno` that is used here. */
interface DenoRuntime {
  openSync(path: string, options: { read: true; write: true }): Flockable;
  permissions: {
    querySync(permission: { name: string; kind?: string }): { state: string };
  };
}

const { Deno: deno, process } = globalThis as {
  Deno?: DenoRuntime;
  process?: typeof globalThis.process;
};

/** Types of file systems that one machine has for itself, and that survive a restart: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, overlay (statfs(2)). */
const LOCAL_TYPES = [
  ...[0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x794c7630],
];

/**
 * Opens the file of an owner for `flock`. Opening it for writing does not wait
 * should it be a pipe.
 *
 * @returns undefined on runtimes that have no `flock`, which are all but Deno.
 */
export function openFlockable(file: string): Flockable | undefined {
  return deno?.openSync(file, { read: true, write: true });
}

/**
 * Whether the owner of a lock is certainly dead.
 *
 * @param file Path of its file.
 * @param opened That file, if the owner holds a `flock`.
 */
export function isDead(
  owner: Owner,
  file: string,
  opened: Flockable | undefined,
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
  // The machine was restarted, or it is another one with a file system in common.
  if (isSameBoot === false) return isSameHost === true && isLocal(file);
  // Not all network file systems pass locks on to other hosts.
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
export function self(): Omit<Owner, "token"> {
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
export function nameOf(owner: Owner): string {
  return Object.entries(owner)
    .flatMap(([field, value]) => value === undefined ? [] : `${field}=${value}`)
    .join(",");
}

/** @returns undefined if the name describes no owner. */
export function parseName(name: string): Owner | undefined {
  const owner = Object.fromEntries(
    name.split(",").map((field) => field.split("=")),
  );
  const isOwner = /^[1-9]\d{0,9}$/.test(owner.pid) &&
    /^[0-9a-f]{12}$/.test(owner.token);
  return isOwner ? owner : undefined;
}

/** Whether a permission is granted, so that Deno does not prompt for it. */
function isAllowed(permission: { name: string; kind?: string }): boolean {
  return deno === undefined ||
    deno.permissions.querySync(permission).state === "granted";
}

/** Whether an error of the file system has one of these codes. */
export function isOneOf(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
