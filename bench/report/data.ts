import type { Kind } from "../measure/documents.ts";
import { kinds, sizes } from "../measure/documents.ts";
import {
  type CodecTiming,
  type EngineTiming,
  runJob,
} from "../measure/jobs.ts";
import { describeMachine, type Machine } from "../measure/machine.ts";
import {
  type CodecGarbage,
  measureCodecGarbage,
  measureRepackGarbage,
  type RepackGarbage,
} from "../measure/garbage.ts";
import {
  measurePair,
  type RepackEffort,
  type RepackPair,
} from "../measure/repack.ts";
import {
  type Attempt,
  measureScaling,
  type Scaling,
  type ScalingEffort,
} from "../measure/scaling.ts";
import { measureStartup, type Startup } from "../measure/startup.ts";
import { measureTools, type ToolRun } from "../measure/tools.ts";
import { measureWaiting, type Waiting } from "../measure/waiting.ts";
import { measuredCodecs, Workspace } from "../measure/workspace.ts";

/** Everything that a report is made from; kept beside it as JSON. */
export interface ReportData {
  /** How much was measured: the name of an {@linkcode Effort}. */
  effort: EffortName;
  machine: Machine;
  /** How long measuring took, in seconds. */
  seconds: number;
  startup: Startup;
  codecs: CodecTiming[];
  engines: EngineTiming[];
  codecGarbage: CodecGarbage[];
  repackGarbage: RepackGarbage[];
  waiting: Waiting[];
  pairs: RepackPair[];
  tools: ToolRun[];
  /** What the tools compressed, and how many bytes that was. */
  toolsInput: string;
  toolsBytes: number;
  scaling: Scaling;
  /** What could not be measured, and why. */
  leftOut: string[];
}

/** Names of efforts. */
export type EffortName = keyof typeof efforts;

type Pairs = readonly (readonly [string, string])[];

/** How much to measure. */
interface Effort {
  /** Codecs that are measured by themselves. */
  codecs: readonly string[];
  codec: {
    kinds: readonly Kind[];
    sizes: readonly number[];
    rounds: number;
    milliseconds: number;
  };
  /** Documents whose collections are counted. */
  garbageDocuments: number;
  /** Documents of repacks whose garbage and waiting are measured. */
  repackDocuments: number;
  garbagePairs: Pairs;
  waitingPairs: Pairs;
  pairs: Pairs;
  repack: RepackEffort;
  /** The same for {@linkcode longPairs}. */
  longRepack: RepackEffort;
  /** Documents that tools compress. */
  toolDocuments: number;
  scaling: ScalingEffort;
  rounds: number;
}

const codecs = measuredCodecs.filter((codec) => codec !== "none");

/** Into every codec, and out of it. */
const basicPairs: Pairs = [
  ...codecs.map((codec) => ["none", codec] as const),
  ...codecs.map((codec) => [codec, "none"] as const),
];

/** Pairs that are held against what the codecs alone can do on all cores. */
export const limitPairs: Pairs = ["gzip", "brotli", "bzip2", "xz"]
  .map((codec) => ["none", codec] as const);

/** Pairs whose repacks have to run for long enough that starting does not count. */
const longPairs: Pairs = [
  ...limitPairs,
  ...["zstd", "lz4"].flatMap((codec) =>
    [["none", codec], [codec, "none"]] as const
  ),
];

/** Sizes of documents that repacks are scaled by, in bytes. */
const scaledSizes = [100, 1000, 10_000, 100_000, 1_000_000];

const garbagePairs: Pairs = [
  ...["gzip", "zstd", "lz4"].flatMap((codec) =>
    [["none", codec], [codec, "none"]] as const
  ),
  ["gzip", "zstd"],
];

const waitingPairs: Pairs = [
  ["none", "gzip"],
  ["gzip", "none"],
  ["none", "zstd"],
  ["lz4", "none"],
];

/** How much to measure, by name. */
export const efforts = {
  /** Only to see that everything works: what it says means nothing. */
  tiny: {
    codecs: ["lz4"],
    codec: { kinds: ["json"], sizes: [256, 1000], rounds: 1, milliseconds: 1 },
    garbageDocuments: 100,
    repackDocuments: 500,
    garbagePairs: [["none", "zstd"]],
    waitingPairs: [["none", "zstd"]],
    pairs: [["none", "zstd"], ["gzip", "none"]],
    repack: { rounds: 1, seconds: 0.01, maxBytes: 1e6 },
    longRepack: { rounds: 1, seconds: 0.01, maxBytes: 1e6 },
    toolDocuments: 100,
    scaling: { rounds: 1, documents: [100, 1000], sizes: [1000], bytes: 1e5 },
    rounds: 1,
  },
  /** Twenty minutes. */
  quick: {
    codecs,
    codec: { kinds, sizes: Object.values(sizes), rounds: 5, milliseconds: 4 },
    garbageDocuments: 5000,
    repackDocuments: 50_000,
    garbagePairs,
    waitingPairs,
    pairs: [...basicPairs, ["gzip", "zstd"], ["lz4", "zstd"]],
    repack: { rounds: 3, seconds: 0.5, maxBytes: 200e6 },
    longRepack: { rounds: 3, seconds: 8, maxBytes: 1e9 },
    toolDocuments: 3000,
    scaling: {
      rounds: 3,
      documents: [1e4, 1e5, 1e6],
      sizes: scaledSizes,
      bytes: 30e6,
    },
    rounds: 3,
  },
  /** An hour, and 30 GB of temporary files. */
  full: {
    codecs,
    codec: { kinds, sizes: Object.values(sizes), rounds: 7, milliseconds: 10 },
    garbageDocuments: 20_000,
    repackDocuments: 200_000,
    garbagePairs,
    waitingPairs,
    pairs: ["none", ...codecs].flatMap((from) =>
      ["none", ...codecs].filter((to) => to !== from).map((to) =>
        [from, to] as const
      )
    ),
    repack: { rounds: 3, seconds: 0.5, maxBytes: 1e9 },
    longRepack: { rounds: 3, seconds: 10, maxBytes: 1e9 },
    toolDocuments: 5000,
    scaling: {
      rounds: 3,
      documents: [1e4, 1e5, 1e6, 1e7],
      sizes: scaledSizes,
      bytes: 100e6,
    },
    rounds: 5,
  },
} satisfies Record<string, Effort>;

/** Measures everything. Says what it is at on the standard error. */
export async function measureAll(
  name: EffortName,
  directory?: string,
): Promise<ReportData> {
  const effort: Effort = efforts[name];
  const started = performance.now();
  const machine = await describeMachine();
  const { cores } = machine;
  using workspace = new Workspace(directory);
  const leftOut: string[] = [];
  const say = (what: string) => {
    const seconds = Math.round((performance.now() - started) / 1000);
    console.error(`${String(seconds).padStart(5)} s  ${what}`);
  };
  /** Measures something. If it fails, as on a full disk, the rest is worth reporting all the same. */
  const attempt: Attempt = async (what, measure) => {
    say(what);
    try {
      return await measure();
    } catch (error) {
      leftOut.push(`${what}: ${(error as Error).message.split("\n")[0]}`);
      workspace.forgetSamples();
      return undefined;
    }
  };

  say("start-up");
  const startup = await measureStartup(workspace, 2 * effort.rounds - 1);
  const timings: CodecTiming[] = [];
  for (const codec of effort.codecs) {
    const task = { codec, ...effort.codec };
    const run = await attempt(
      `${codec} by itself`,
      () => runJob("codec", task),
    );
    timings.push(...run?.answer ?? []);
  }
  const engines: EngineTiming[] = [];
  for (const name of ["1 KB", "32 KB"] as const) {
    const task = { size: sizes[name], ...effort.codec };
    const run = await attempt(
      `engines, ${name}`,
      () => runJob("engines", task),
    );
    engines.push(...run?.answer ?? []);
  }
  const codecGarbage = await attempt(
    "garbage of codecs",
    () => measureCodecGarbage(effort.codecs, effort.garbageDocuments),
  );
  const repackGarbage = await attempt(
    "garbage of repacks",
    () =>
      measureRepackGarbage(
        workspace,
        effort.garbagePairs,
        effort.repackDocuments,
        cores,
      ),
  );
  const waiting = await attempt(
    "waiting",
    () =>
      measureWaiting(
        workspace,
        effort.waitingPairs,
        effort.repackDocuments,
        cores,
        effort.rounds,
      ),
  );
  workspace.forgetSamples();

  const pairs: RepackPair[] = [];
  for (const [from, to] of effort.pairs) {
    const isLong = longPairs.some((pair) => pair[0] === from && pair[1] === to);
    const howMuch = isLong ? effort.longRepack : effort.repack;
    const pair = await attempt(`repack ${from} → ${to}`, () => {
      const input = workspace.made("json", howMuch.maxBytes / 1000, 1000);
      return measurePair(workspace, input, [from, to], cores, howMuch);
    });
    if (pair !== undefined) pairs.push(pair);
  }
  workspace.forgetSamples();

  const { rounds } = effort.repack;
  const tools = await attempt("other tools", async () => {
    const input = workspace.made("text", effort.toolDocuments, 2000);
    return { input, ...await measureTools(workspace, input, cores, rounds) };
  });
  workspace.forgetSamples();
  const scaling = await measureScaling(
    workspace,
    cores,
    effort.scaling,
    attempt,
  );
  leftOut.push(...tools?.leftOut ?? []);
  if (waiting?.some(({ systemCalls }) => systemCalls === null)) {
    leftOut.push("system calls: strace is not installed");
  }
  say("done");
  return {
    ...{ effort: name, machine, startup, codecs: timings, engines },
    codecGarbage: codecGarbage ?? [],
    repackGarbage: repackGarbage ?? [],
    waiting: waiting ?? [],
    ...{ pairs, scaling, leftOut },
    tools: tools?.runs ?? [],
    toolsInput: tools?.input.description ?? "",
    toolsBytes: tools?.input.contentSize ?? 0,
    seconds: (performance.now() - started) / 1000,
  };
}
