/**
 * Whole-process repacks against plain one-thread loops over the same documents.
 *
 * A repack is timed from the start of its process to its end, reading and
 * writing files; the loop is timed alone, with its documents in memory already.
 * The two take turns, so that both see the same machine. Prints, for each job,
 * the ratio of the medians, the spread of the pairs, and the target.
 *
 * A is 100 MB of text files of this machine. B is 1,000,000 documents of 1,000
 * bytes, each a sentence repeated; C is 200,000 made-up series of measurements of
 * 1,000 bytes, on which the codecs themselves have more to do.
 *
 * Usage: deno task bench:speed [--runs 5] [--documents 1000000] [--only "B none→zstd"]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Doc } from "../doc/mod.ts";
import {
  makeBinFile,
  measuredSeries,
  realDocuments,
  repetitiveDocuments,
} from "./_documents.ts";

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
  /** Most that the ratio may be; undefined where none was set. */
  target?: number;
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
  { name: "A none→none, flushed", from: "none", to: "none", loop: "cp+sync" },
  { name: "C none→gzip", from: "none", to: "gzip", loop: "gzip" },
  { name: "C gzip→none", from: "gzip", to: "none", loop: "gunzip" },
  { name: "C none→zstd", from: "none", to: "zstd", loop: "zstd" },
  { name: "C none→lz4", from: "none", to: "lz4", loop: "lz4" },
  { name: "C lz4→none", from: "lz4", to: "none", loop: "unlz4" },
];

/** The data sets; see `_documents.ts`. */
const dataSets: Record<string, () => Iterable<Doc>> = {
  A: () => realDocuments(100e6),
  B: () => repetitiveDocuments(Number(options.documents), 1000),
  C: () => measuredSeries(Number(options.documents) / 5, 1000),
};

const target = join(directory, "speed.target.bin");

/** Path of a data set whose contents have a codec; made if need be. */
function dataSet(set: string, codec: string): string {
  const path = join(directory, `${set}.${codec}.bin`);
  if (codec === "none") {
    makeBinFile(path, dataSets[set]());
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
  if (name === "cp+sync") {
    // What a repack does too: its target is on the disk when it ends.
    return run("sh", ["-c", 'cp "$0" "$1" && sync "$1"', path, target]).seconds;
  }
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

function verdict(ratio: number, target: number | undefined): string {
  if (target === undefined) return "– | –";
  return `${target} | ${ratio <= target ? "met" : "not met"}`;
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
    if (job.loop.startsWith("cp")) removeTarget();
  }
  const ratio = median(times) / median(loops);
  const pairs = times.map((time, i) => time / loops[i]).sort((a, b) => a - b);
  console.log(
    `| ${job.name} | ${ratio.toFixed(3)} | ${pairs[0].toFixed(3)}–${
      pairs[pairs.length - 1].toFixed(3)
    } | ${verdict(ratio, job.target)} |`,
  );
}
