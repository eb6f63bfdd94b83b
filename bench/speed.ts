/**
 * Repacks against plain loops in one thread over the same documents.
 *
 * A repack is timed from the start of its process to its exit, with all reading
 * and writing; of the loop, only the calls are timed, with the documents in
 * memory. The two take turns, so that both see the same machine. Prints, for each
 * job, the ratio of the two, round by round: its median, its range, and the target.
 *
 * A is 100 MB of text files of this machine. B is 1,000,000 documents of 1,000
 * bytes, each a sentence repeated. C is 200,000 generated series of measurements
 * of 1,000 bytes, which take the codecs more time.
 *
 * Usage: deno task bench:speed [--runs 5] [--documents 1000000] [--only "B none→zstd"]
 */
import { parseArgs } from "node:util";
import type { CodecName } from "../codec/mod.ts";
import type { Doc } from "../doc/mod.ts";
import {
  measuredSeries,
  realDocuments,
  repetitiveDocuments,
} from "./measure/documents.ts";
import { ratios, takeTurns } from "./measure/numbers.ts";
import { runJob } from "./measure/run_job.ts";
import { runProgram } from "./measure/run_program.ts";
import { type Input, Workspace } from "./measure/workspace.ts";
import { renderTable } from "./report/table.ts";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    documents: { type: "string", default: "1000000" },
    only: { type: "string", default: "" },
    workers: { type: "string", default: "2" },
    /** Where temporary files are made. */
    directory: { type: "string" },
  },
});
const runs = Number(options.runs);
const cli = new URL("../cli/repack.ts", import.meta.url).pathname;

interface Job {
  /** The data set, and codecs of the source and of the target. */
  set: "A" | "B" | "C";
  from: CodecName;
  to: CodecName;
  /** What it is compared with. Default: a loop over the runtime's functions. */
  against?: "cp" | "cp and sync" | "lz4js";
  /** Limit of the ratio. */
  target?: number;
}

const jobs: Job[] = [
  { set: "A", from: "none", to: "gzip", target: 0.58 },
  { set: "B", from: "none", to: "gzip", target: 0.3 },
  { set: "B", from: "gzip", to: "none", target: 0.3 },
  { set: "A", from: "none", to: "zstd", target: 0.45 },
  { set: "B", from: "none", to: "zstd", target: 0.08 },
  { set: "A", from: "none", to: "lz4", against: "lz4js", target: 0.45 },
  { set: "B", from: "none", to: "lz4", against: "lz4js", target: 0.08 },
  { set: "B", from: "lz4", to: "none", against: "lz4js", target: 0.1 },
  { set: "A", from: "none", to: "none", against: "cp", target: 2 },
  { set: "A", from: "none", to: "none", against: "cp and sync" },
  { set: "C", from: "none", to: "gzip" },
  { set: "C", from: "gzip", to: "none" },
  { set: "C", from: "none", to: "zstd" },
  { set: "C", from: "none", to: "lz4", against: "lz4js" },
  { set: "C", from: "lz4", to: "none", against: "lz4js" },
];

const dataSets: Record<Job["set"], () => Iterable<Doc>> = {
  A: () => realDocuments(100e6),
  B: () => repetitiveDocuments(Number(options.documents), 1000),
  C: () => measuredSeries(Number(options.documents) / 5, 1000),
};

/** Seconds of the alternative. */
async function compared({ from, to, against }: Job, source: Input) {
  if (against === "cp") {
    return (await runProgram("cp", [source.path, workspace.target()])).seconds;
  }
  if (against === "cp and sync") {
    // A repack flushes its target, too.
    const script = 'cp "$0" "$1" && sync "$1"';
    const args = ["-c", script, source.path, workspace.target()];
    return (await runProgram("sh", args)).seconds;
  }
  const run = await runJob("loop", {
    ...{ source: source.path, from, to },
    by: against ?? "runtime",
  });
  return run.seconds;
}

/** Seconds of a repack as users start it. */
async function repack({ from, to }: Job, source: Input): Promise<number> {
  const { seconds } = await runProgram(Deno.execPath(), [
    "run",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys=cpus",
    cli,
    source.path,
    workspace.target(),
    ...["-i", from, "-t", to, "-w", options.workers, "--quiet"],
  ]);
  return seconds;
}

using workspace = new Workspace(options.directory);
const rows: string[][] = [];
for (const job of jobs) {
  const { set, from, to, against, target } = job;
  const name = `${set} ${from}→${to}${against ? `, ${against}` : ""}`;
  if (!name.includes(options.only)) continue;
  console.error(name);
  const all = workspace.written(set, dataSets[set]());
  const source = await workspace.sample(all, from, all.documents);
  // Warms the file cache.
  await repack(job, source);
  const seconds = await takeTurns(runs, {
    repack: () => repack(job, source),
    compared: () => compared(job, source),
  });
  const { median, low, high } = ratios(seconds.repack, seconds.compared);
  rows.push([
    name,
    median.toFixed(3),
    `${low.toFixed(3)}–${high.toFixed(3)}`,
    target === undefined ? "" : String(target),
    target === undefined ? "" : median <= target ? "met" : "not met",
  ]);
}
console.log(
  `Deno ${Deno.version.deno} on ${navigator.hardwareConcurrency} cores, ` +
    `${options.workers} workers, ${runs} rounds\n`,
);
console.log(renderTable({
  head: ["job", "repack / loop", "rounds", "at most", ""],
  rows,
}));
