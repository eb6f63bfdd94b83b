import {
  availableParallelism,
  cpus,
  loadavg,
  release,
  totalmem,
} from "node:os";
import process from "node:process";
import { runProgram } from "./process.ts";

/** What was measured on, and when. */
export interface Machine {
  /** ISO 8601. */
  date: string;
  processor: string;
  /** Number of cores that the process may use. */
  cores: number;
  /** Which of them share a core with the first one, as Linux writes it; empty if that is not known. */
  siblings: string;
  memory: number;
  system: string;
  /** Versions of the runtime and of what is built into it. */
  versions: Record<string, string>;
  /** The commit, and whether there were changes since. */
  commit: string;
  /** How many processes wanted a core, on average over the last minute, when measuring began. */
  load: number;
}

/** Describes this machine. */
export async function describeMachine(): Promise<Machine> {
  return {
    date: new Date().toISOString(),
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    siblings: readLine(
      "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
    ),
    memory: totalmem(),
    system: `${Deno.build.os} ${release()} ${Deno.build.arch}`,
    versions: {
      Deno: Deno.version.deno,
      V8: Deno.version.v8,
      zlib: process.versions.zlib ?? "unknown",
      brotli: process.versions.brotli ?? "unknown",
    },
    commit: await commit(),
    load: loadavg()[0],
  };
}

/** The name of the commit that is checked out; `unknown` outside of a repository. */
async function commit(): Promise<string> {
  const root = new URL("../..", import.meta.url).pathname;
  try {
    const { stdout } = await runProgram("git", [
      ...["-C", root, "describe", "--always", "--dirty"],
    ]);
    return stdout.trim();
  } catch {
    return "unknown";
  }
}

function readLine(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return "";
  }
}
