/**
 * Peak of memory and garbage collections of repacks of 100 MB and of 1 GB of
 * documents.
 *
 * The peak must not depend on the size of the file, nor the collections on the
 * number of documents. Exits with 1 if they do.
 *
 * Usage: deno task bench:memory [codec …]
 */
import { type CodecName, findCodec } from "../codec/mod.ts";
import { type JobRun, runJob } from "./measure/run_job.ts";
import { Workspace } from "./measure/workspace.ts";
import { renderTable } from "./report/table.ts";

/** Limits, in bytes, of a peak's growth from 100 MB to 1 GB, and of the peak. */
const MAX_GROWTH = 16e6;
const MAX_PEAK = 160e6;

const codecs: CodecName[] = Deno.args.length > 0
  ? Deno.args.map((name) => findCodec(name).name)
  : ["none", "gzip", "zstd", "lz4"];
const rows: string[][] = [];
let holds = true;
{
  using workspace = new Workspace();
  const many = workspace.made("json", 1_000_000, 1000);

  const measure = async (
    documents: number,
    sourceCodec: CodecName,
    targetCodec: CodecName,
  ): Promise<JobRun<"repack">> => {
    const source = await workspace.sample(many, sourceCodec, documents);
    return await runJob("repack", {
      ...{ source: source.path, sourceCodec, targetCodec },
      ...{ target: workspace.target(), workers: 2 },
    }, { traceCollections: true });
  };

  for (const codec of codecs) {
    const jobs: [CodecName, CodecName][] = codec === "none"
      ? [["none", "none"]]
      : [["none", codec], [codec, "none"]];
    for (const [from, to] of jobs) {
      const small = await measure(100_000, from, to);
      const large = await measure(1_000_000, from, to);
      const few = small.collections!.count;
      const lots = large.collections!.count;
      const ok = large.peak - small.peak <= MAX_GROWTH &&
        large.peak <= MAX_PEAK && lots <= 3 * few + 20;
      holds &&= ok;
      rows.push([
        `${from} → ${to}`,
        ...[small.peak, large.peak].map((peak) =>
          `${(peak / 1e6).toFixed(0)} MB`
        ),
        ...[few, lots].map(String),
        ok ? "met" : "not met",
      ]);
    }
  }
}
console.log(renderTable({
  head: [
    ...["job", "peak, 100 MB", "peak, 1 GB"],
    ...["collections, 100,000 documents", "1,000,000 documents", ""],
  ],
  rows,
}));
Deno.exit(holds ? 0 : 1);
