/**
 * Memory of a repack, as a whole process: its peak for 100 MB and for 1 GB of
 * documents, and how many garbage collections there are.
 *
 * Peaks must not depend on the size of the file, and collections must not grow
 * with the number of documents. Exits with 1 when that does not hold.
 *
 * Usage: deno task bench:memory [codec …]
 */
import { join } from "node:path";
import { makeBinFile, measuredSeries } from "./_documents.ts";

const root = new URL("..", import.meta.url).pathname;
const directory = join(Deno.env.get("TMPDIR") ?? "/tmp", "binfiles-bench");
Deno.mkdirSync(directory, { recursive: true });

/** Most that a peak may grow from 100 MB to 1 GB, and most that it may be. */
const MAX_GROWTH = 16e6;
const MAX_PEAK = 160e6;

interface Run {
  /** Largest resident set, in bytes. */
  peak: number;
  collections: number;
}

/** Repacks a file in a process of its own, and watches it. */
async function repack(source: string, from: string, to: string): Promise<Run> {
  const target = join(directory, "memory.target.bin");
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--v8-flags=--trace-gc",
      join(root, "cli/repack.ts"),
      source,
      target,
      ...["-i", from, "-t", to, "-w", "2", "-f", "--quiet"],
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let peak = 0;
  const watch = setInterval(() => {
    try {
      const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
      // The kernel's own high-water mark, so nothing between two looks is missed.
      const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1];
      peak = Math.max(peak, 1024 * Number(kilobytes ?? 0));
    } catch {
      // The process has ended.
    }
  }, 20);
  const { success, stdout } = await child.output();
  clearInterval(watch);
  if (!success) throw new Error(`repack from ${from} to ${to} failed`);
  const trace = new TextDecoder().decode(stdout);
  const collections = trace.match(/Scavenge|Mark-Compact/g)?.length ?? 0;
  return { peak, collections };
}

const small = join(directory, "memory.small.none.bin");
const large = join(directory, "memory.large.none.bin");
makeBinFile(small, measuredSeries(100_000, 1000));
makeBinFile(large, measuredSeries(1_000_000, 1000));

const codecs = Deno.args.length > 0
  ? Deno.args
  : ["none", "gzip", "zstd", "lz4"];
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
let holds = true;
console.log(
  "| job | peak, 100 MB | peak, 1 GB | collections, 100,000 docs | 1,000,000 docs |  |",
);
console.log("| --- | ---: | ---: | ---: | ---: | --- |");

/** Measures a job on both files and prints its row. */
async function measure(from: string, to: string): Promise<void> {
  const [few, many] = [small, large].map((path) =>
    path.replace(".none.", `.${from}.`)
  );
  const a = await repack(few, from, to);
  const b = await repack(many, from, to);
  const ok = b.peak - a.peak <= MAX_GROWTH && b.peak <= MAX_PEAK &&
    b.collections <= 3 * a.collections + 20;
  holds &&= ok;
  console.log(
    `| ${from}→${to} | ${megabytes(a.peak)} | ${megabytes(b.peak)} | ` +
      `${a.collections} | ${b.collections} | ${
        ok ? "holds" : "does not hold"
      } |`,
  );
}

for (const codec of codecs) {
  await measure("none", codec);
  if (codec === "none") continue;
  for (const path of [small, large]) {
    Deno.renameSync(
      await repackTo(path, codec),
      path.replace(".none.", `.${codec}.`),
    );
  }
  await measure(codec, "none");
}
Deno.removeSync(join(directory, "memory.target.bin"));
Deno.exit(holds ? 0 : 1);

/** Repacks a plain file into a codec. @returns The path of the result. */
async function repackTo(path: string, codec: string): Promise<string> {
  await repack(path, "none", codec);
  return join(directory, "memory.target.bin");
}
