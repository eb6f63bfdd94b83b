/**
 * Whole-process repacks against plain one-thread loops over the same documents.
 *
 * A repack is timed from the start of its process to its end, reading and
 * writing files; the loop is timed alone, with its documents in memory already.
 * The two take turns, so that both see the same machine. Prints, for each job,
 * the ratio of the medians, the spread of the pairs, and the target.
 *
 * Usage: deno task bench:speed [--runs 5] [--documents 1000000] [--only "B none→zstd"]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { madeDocuments, makeBinFile, realDocuments } from "./_documents.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    runs: { type: "string", default: "5" },
    documents: { type: "string", default: "1000000" },
    only: { type: "string", default: "" },
    workers: { type: "string", default: "2" },
    directory: {
      type: "string",
      default: join(Deno.env.get("TMPDIR") ?? "/tmp", "binfiles-bench"),
    },
  },
});
const runs = Number(options.runs);
const root = new URL("..", import.meta.url).pathname;
const directory = options.directory;
Deno.mkdirSync(directory, { recursive: true });

interface Job {
  name: string;
  /** Codec of the source and of the target. */
  from: string;
  to: string;
  /** The function of the loop; `cp` is the program. */
  loop: string;
  target: number;
}

const jobs: Job[] = [
  { name: "A none→gzip", from: "none", to: "gzip", loop: "gzip", target: 0.58 },
  { name: "B none→gzip", from: "none", to: "gzip", loop: "gzip", target: 0.3 },
  {
    name: "B gzip→none",
    from: "gzip",
    to: "none",
    loop: "gunzip",
    target: 0.3,
  },
  { name: "A none→zstd", from: "none", to: "zstd", loop: "zstd", target: 0.45 },
  { name: "B none→zstd", from: "none", to: "zstd", loop: "zstd", target: 0.08 },
  { name: "A none→lz4", from: "none", to: "lz4", loop: "lz4", target: 0.45 },
  { name: "B none→lz4", from: "none", to: "lz4", loop: "lz4", target: 0.08 },
  { name: "B lz4→none", from: "lz4", to: "none", loop: "unlz4", target: 0.1 },
  { name: "A none→none", from: "none", to: "none", loop: "cp", target: 2 },
];

const target = join(directory, "speed.target.bin");

/** Path of a data set whose contents have a codec; made if need be. */
function dataSet(set: string, codec: string): string {
  const path = join(directory, `${set}.${codec}.bin`);
  if (codec === "none") {
    makeBinFile(
      path,
      set === "A"
        ? realDocuments(100e6)
        : madeDocuments(Number(options.documents), 1000),
    );
  } else if (!exists(path)) {
    repack(dataSet(set, "none"), path, "none", codec);
  }
  return path;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end. @returns What it printed, and the seconds it took. */
function run(
  program: string,
  args: string[],
): { output: string; seconds: number } {
  const started = performance.now();
  const { success, stdout, stderr } = new Deno.Command(program, { args })
    .outputSync();
  const seconds = (performance.now() - started) / 1000;
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return { output: new TextDecoder().decode(stdout), seconds };
}

function repack(
  source: string,
  target: string,
  from: string,
  to: string,
): number {
  const { seconds } = run(Deno.execPath(), [
    "run",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys=cpus",
    join(root, "cli/repack.ts"),
    source,
    target,
    ...["-i", from, "-t", to, "-w", options.workers, "--quiet"],
  ]);
  return seconds;
}

/** Seconds of the loop over a file's documents, or of copying the file. */
function loop(name: string, path: string): number {
  if (name === "cp") return run("cp", [path, target]).seconds;
  const { output } = run(Deno.execPath(), [
    "run",
    "-A",
    join(root, "bench/_loop.ts"),
    name,
    path,
  ]);
  return Number(output.split(" ")[0]);
}

/** Removes what an interrupted run may have left, too. */
function removeTarget(): void {
  if (exists(target)) Deno.removeSync(target);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

console.log(
  `${Deno.version.deno} on ${navigator.hardwareConcurrency} cores, ` +
    `${options.workers} workers, median of ${runs}\n`,
);
console.log("| job | repack / loop | pairs | at most |  |");
console.log("| --- | ---: | ---: | ---: | --- |");
for (const job of jobs.filter(({ name }) => name.includes(options.only))) {
  const source = dataSet(job.name[0], job.from);
  removeTarget();
  // Once uncounted, so that neither side pays for a cold cache.
  repack(source, target, job.from, job.to);
  removeTarget();
  const times: number[] = [];
  const loops: number[] = [];
  for (let i = 0; i < runs; i++) {
    times.push(repack(source, target, job.from, job.to));
    removeTarget();
    loops.push(loop(job.loop, source));
    if (job.loop === "cp") removeTarget();
  }
  const ratio = median(times) / median(loops);
  const pairs = times.map((time, i) => time / loops[i]).sort((a, b) => a - b);
  console.log(
    `| ${job.name} | ${ratio.toFixed(3)} | ${pairs[0].toFixed(3)}–${
      pairs[pairs.length - 1].toFixed(3)
    } | ${job.target} | ${ratio <= job.target ? "met" : "not met"} |`,
  );
}
