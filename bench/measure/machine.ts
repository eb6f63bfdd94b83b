import {
  availableParallelism,
  cpus,
  loadavg,
  release,
  totalmem,
} from "node:os";
import process from "node:process";
import { runProgram } from "./run_program.ts";

/** What was measured on, and when. */
export interface Machine {
  /** ISO 8601. */
  date: string;
  processor: string;
  /** Cores that the process can use. */
  cores: number;
  /** Hardware threads of the first core in the notation of Linux, such as `0,1`; empty when unknown. */
  siblings: string;
  /** In bytes. */
  memory: number;
  system: string;
  /** Versions of the runtime and its libraries. */
  versions: Record<string, string>;
  /** The commit; ends with `-dirty` if files have changed since. */
  commit: string;
  /** Load average of the minute before. */
  load: number;
}

/** Describes this machine. */
export async function describeMachine(): Promise<Machine> {
  return {
    date: new Date().toISOString(),
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    siblings: siblings(),
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

/** The commit that is checked out; `unknown` outside of a repository. */
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

function siblings(): string {
  try {
    return Deno.readTextFileSync(
      "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
    ).trim();
  } catch {
    return "";
  }
}
