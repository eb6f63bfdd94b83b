import type { CodecAllocations } from "../measure/allocations_job.ts";
import type { CodecTiming } from "../measure/codec_job.ts";
import type { CodecName } from "../../codec/mod.ts";
import { describeMachine, type Machine } from "../measure/machine.ts";
import {
  measurePair,
  type RepackEffort,
  type RepackPair,
} from "../measure/pair.ts";
import { runJob } from "../measure/run_job.ts";
import { measureScaling, type ScalingPoint } from "../measure/scaling.ts";
import { measureStartup, type Startup } from "../measure/startup.ts";
import { measureTools, type ToolRun } from "../measure/tools.ts";
import { measuredCodecs, Workspace } from "../measure/workspace.ts";

/** All figures of a report. */
export interface ReportData {
  effort: EffortName;
  machine: Machine;
  /** How long measuring took, in seconds. */
  seconds: number;
  startup: Startup;
  codecs: CodecTiming[];
  allocations: CodecAllocations[];
  pairs: RepackPair[];
  scaling: { byDocuments: ScalingPoint[]; bySize: ScalingPoint[] };
  tools: {
    runs: ToolRun[];
    input: { description: string; contentSize: number };
  };
  /** What could not be measured, and why. */
  leftOut: string[];
}

/** Names of efforts. */
export type EffortName = keyof typeof efforts;

/** How much to measure. */
interface Effort {
  codecs: readonly CodecName[];
  /** How codecs are timed by themselves. */
  codec: { sizes: readonly number[]; rounds: number; milliseconds: number };
  pairs: readonly (readonly [CodecName, CodecName])[];
  repack: RepackEffort;
  /** Documents that tools compress. */
  toolDocuments: number;
  /** Numbers of documents of 1,000 bytes. */
  scaledDocuments: readonly number[];
  /** Sizes of documents, and bytes of all together. */
  scaledSizes: readonly number[];
  scaledBytes: number;
}

const codecs = measuredCodecs.filter((codec) => codec !== "none");

const all = {
  codecs,
  /** Into every codec, out of it, and between two. */
  pairs: [
    ...codecs.map((codec) => ["none", codec] as const),
    ...codecs.map((codec) => [codec, "none"] as const),
    ["gzip", "zstd"] as const,
  ],
  scaledSizes: [100, 1000, 10_000, 100_000, 1_000_000],
};

const sizes = [256, 1000, 32_000];

/** How much to measure, by name. */
export const efforts = {
  /** A test that everything works. The figures mean nothing. */
  tiny: {
    codecs: ["lz4"],
    codec: { sizes: [256, 1000], rounds: 1, milliseconds: 1 },
    pairs: [["none", "zstd"], ["gzip", "none"]],
    repack: { rounds: 1, seconds: 0.01, maxBytes: 1e6 },
    toolDocuments: 100,
    scaledDocuments: [100, 1000],
    scaledSizes: [100, 10_000],
    scaledBytes: 1e5,
  },
  /** About a quarter of an hour. */
  quick: {
    ...all,
    codec: { sizes, rounds: 5, milliseconds: 4 },
    repack: { rounds: 3, seconds: 2, maxBytes: 400e6 },
    toolDocuments: 3000,
    scaledDocuments: [1e4, 1e5, 1e6],
    scaledBytes: 30e6,
  },
  /** About an hour, with 25 GB of temporary files. */
  full: {
    ...all,
    codec: { sizes, rounds: 7, milliseconds: 10 },
    repack: { rounds: 3, seconds: 10, maxBytes: 1e9 },
    toolDocuments: 5000,
    scaledDocuments: [1e4, 1e5, 1e6, 1e7],
    scaledBytes: 100e6,
  },
} satisfies Record<string, Effort>;

/** Measures everything. Reports progress on the standard error. */
export async function measureAll(
  name: EffortName,
  directory?: string,
): Promise<ReportData> {
  const effort: Effort = efforts[name];
  const { rounds } = effort.repack;
  const started = performance.now();
  const machine = await describeMachine();
  const { cores } = machine;
  using workspace = new Workspace(directory);
  const data: ReportData = {
    ...{ effort: name, machine, seconds: 0, leftOut: [] },
    startup: await measureStartup(workspace, 3 * rounds),
    ...{ codecs: [], allocations: [], pairs: [] },
    scaling: { byDocuments: [], bySize: [] },
    tools: { runs: [], input: { description: "", contentSize: 0 } },
  };
  /** Measures one thing. If it fails, for example because the disk is full, the rest is still reported. */
  const attempt = async (what: string, measure: () => Promise<void>) => {
    const seconds = Math.round((performance.now() - started) / 1000);
    console.error(`${String(seconds).padStart(5)} s  ${what}`);
    try {
      await measure();
    } catch (error) {
      const [reason] = (error as Error).message.split("\n");
      data.leftOut.push(`${what}: ${reason}`);
      workspace.forgetSamples();
    }
  };

  for (const codec of effort.codecs) {
    await attempt(codec, async () => {
      const timings = await runJob("codec", { codec, ...effort.codec });
      const task = { codec, size: 1000 };
      const allocations = await runJob("allocations", task, {
        exposeGc: true,
      });
      data.codecs.push(...timings.answer);
      data.allocations.push(...allocations.answer);
    });
  }
  for (const pair of effort.pairs) {
    await attempt(pair.join(" → "), async () => {
      const { repack } = effort;
      const input = workspace.made("json", repack.maxBytes / 1000, 1000);
      data.pairs.push(
        await measurePair(workspace, input, pair, cores, repack),
      );
    });
  }
  workspace.forgetSamples();
  const scale = (
    points: ScalingPoint[],
    documents: number,
    size: number,
  ) =>
    attempt(`${documents} documents of ${size} bytes`, async () => {
      points.push(
        ...await measureScaling(workspace, documents, size, cores, rounds),
      );
    });
  for (const documents of effort.scaledDocuments) {
    await scale(data.scaling.byDocuments, documents, 1000);
  }
  for (const size of effort.scaledSizes) {
    const documents = Math.ceil(effort.scaledBytes / size);
    await scale(data.scaling.bySize, documents, size);
  }
  await attempt("other tools", async () => {
    const input = workspace.made("text", effort.toolDocuments, 2000);
    const { runs, leftOut } = await measureTools(
      workspace,
      input,
      cores,
      rounds,
    );
    const { description, contentSize } = input;
    data.tools = { runs, input: { description, contentSize } };
    data.leftOut.push(...leftOut);
  });
  data.seconds = (performance.now() - started) / 1000;
  return data;
}
