/**
 * Does one job and prints, as JSON, its answer and what the process took.
 *
 * Usage: deno run -A bench/_job.ts <job> <task as JSON>; see `_jobs.ts`
 */
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { type JobOutput, type Jobs, RESULT_MARK } from "./jobs.ts";

/** Jobs are loaded when they are needed, as loading counts for start-up. */
const jobs: {
  [Kind in keyof Jobs]: () => Promise<
    (task: Jobs[Kind]["task"]) =>
      | Jobs[Kind]["answer"]
      | Promise<Jobs[Kind]["answer"]>
  >;
} = {
  nothing: () => Promise.resolve(() => ({})),
  repack: async () => (await import("./repack_jobs.ts")).repackJob,
  oneByOne: async () => (await import("./repack_jobs.ts")).oneByOneJob,
  write: async () => (await import("./repack_jobs.ts")).writeJob,
  loop: async () => (await import("./repack_jobs.ts")).loopJob,
  codec: async () => (await import("./codec_jobs.ts")).codecJob,
  engines: async () => (await import("./codec_jobs.ts")).enginesJob,
  allocations: async () => (await import("./codec_jobs.ts")).allocationsJob,
  documents: async () => (await import("./codec_jobs.ts")).documentsJob,
};

const [kind, task] = Deno.args;
const job = await jobs[kind as keyof Jobs]() as (task: unknown) => unknown;
const parsed = JSON.parse(task);
const before = used();
const beganAt = performance.timeOrigin + performance.now();
const answer = await job(parsed) as JobOutput["answer"];
const seconds = (performance.timeOrigin + performance.now() - beganAt) / 1000;
const after = used();
const output: JobOutput = {
  answer,
  // A job that prepares something first tells itself how long its work took.
  seconds: (answer as { seconds?: number }).seconds ?? seconds,
  beganAt,
  userSeconds: (after.userCPUTime - before.userCPUTime) / 1e6,
  systemSeconds: (after.systemCPUTime - before.systemCPUTime) / 1e6,
  voluntarySwitches: after.voluntaryContextSwitches -
    before.voluntaryContextSwitches,
  involuntarySwitches: after.involuntaryContextSwitches -
    before.involuntaryContextSwitches,
  // Differences of what is not known are not known: JSON has no NaN.
  readWriteCalls: after.readWriteCalls - before.readWriteCalls,
  heapAllocated: after.heapAllocated - before.heapAllocated,
  peak: peak() ?? 1024 * after.maxRSS,
};
console.log(RESULT_MARK + JSON.stringify(output));

/** What the process has used so far; NaN for what is not known. */
function used() {
  return {
    ...process.resourceUsage(),
    readWriteCalls: readWriteCalls(),
    heapAllocated: heapAllocated(),
  };
}

/** Bytes allocated in the heap so far, where the engine tells. */
function heapAllocated(): number {
  const { total_allocated_bytes = NaN } = getHeapStatistics() as {
    total_allocated_bytes?: number;
  };
  return total_allocated_bytes;
}

/** Calls of the system that read or write, where there is a `/proc`. */
function readWriteCalls(): number {
  try {
    const io = Deno.readTextFileSync("/proc/self/io");
    return Number(/syscr: (\d+)/.exec(io)?.[1]) +
      Number(/syscw: (\d+)/.exec(io)?.[1]);
  } catch {
    return NaN;
  }
}

/**
 * Most memory that the process ever had in RAM, in bytes, where there is a
 * `/proc`. What `resourceUsage()` tells begins with what its parent had.
 */
function peak(): number | undefined {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const found = /VmHWM:\s+(\d+) kB/.exec(status);
    return found === null ? undefined : 1024 * Number(found[1]);
  } catch {
    return undefined;
  }
}
