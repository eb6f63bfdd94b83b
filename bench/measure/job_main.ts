/**
 * Runs one job and prints, as a line of JSON, its answer and the resources that
 * it used.
 *
 * Usage: deno run -A job_main.ts <job> <task as JSON>; see `run_job.ts`
 */
import process from "node:process";
import { jobs } from "./jobs.ts";
import { type JobOutput, RESULT_MARK } from "./run_job.ts";

const [kind, json] = Deno.args;
const job = await jobs[kind as keyof typeof jobs]() as (
  task: unknown,
) => unknown;
const task = JSON.parse(json);
const before = process.cpuUsage();
const started = performance.now();
const answer = await job(task) as JobOutput["answer"];
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const output: JobOutput = {
  answer,
  // A job with a preparation measures its work itself.
  seconds: (answer as { seconds?: number }).seconds ?? seconds,
  userSeconds: user / 1e6,
  systemSeconds: system / 1e6,
  peak: peak(),
};
console.log(RESULT_MARK + JSON.stringify(output));

/**
 * Peak of the resident set, in bytes. `/proc` is preferred: `maxRSS` of
 * `resourceUsage()` starts at the size of the parent process.
 */
function peak(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const found = /VmHWM:\s+(\d+) kB/.exec(status);
    if (found !== null) return 1024 * Number(found[1]);
  } catch {
    // Not Linux.
  }
  return 1024 * process.resourceUsage().maxRSS;
}
