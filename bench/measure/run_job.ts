import {
  type Collections,
  readCollections,
  TRACE_COLLECTIONS,
} from "./collections.ts";
import type { Answer, jobs, Task } from "./jobs.ts";
import { runProgram } from "./run_program.ts";

/** What the process of a job prints. */
export interface JobOutput<Kind extends keyof typeof jobs = keyof typeof jobs> {
  answer: Answer<Kind>;
  /** Duration of the job, in seconds. */
  seconds: number;
  /** CPU time of all threads during the job, in seconds. */
  userSeconds: number;
  systemSeconds: number;
  /** Peak of the resident set, in bytes. */
  peak: number;
}

/** A job that ran in a process of its own. */
export interface JobRun<Kind extends keyof typeof jobs = keyof typeof jobs>
  extends JobOutput<Kind> {
  /** From the start of the process to its exit, in seconds. */
  wholeSeconds: number;
  /** With {@linkcode JobOptions.traceCollections} only. */
  collections?: Collections;
}

/** How to run a job. */
export interface JobOptions {
  /** Whether to count garbage collections, which costs some time. */
  traceCollections?: boolean;
  /** Whether the job can force collections. */
  exposeGc?: boolean;
}

/** Marks the result in the output of a job's process. */
export const RESULT_MARK = "@result ";

/** Runs a job in a process of its own. */
export async function runJob<Kind extends keyof typeof jobs>(
  kind: Kind,
  task: Task<Kind>,
  { traceCollections, exposeGc }: JobOptions = {},
): Promise<JobRun<Kind>> {
  const { seconds: wholeSeconds, stdout } = await runProgram(Deno.execPath(), [
    ...["run", "--allow-all", "--no-check"],
    ...traceCollections ? [TRACE_COLLECTIONS] : [],
    ...exposeGc ? ["--v8-flags=--expose-gc"] : [],
    new URL("job_main.ts", import.meta.url).pathname,
    ...[kind, JSON.stringify(task)],
  ]);
  const start = stdout.lastIndexOf(RESULT_MARK) + RESULT_MARK.length;
  const output = JSON.parse(stdout.slice(start, stdout.indexOf("\n", start)));
  return {
    ...output as JobOutput<Kind>,
    wholeSeconds,
    collections: traceCollections ? readCollections(stdout) : undefined,
  };
}
