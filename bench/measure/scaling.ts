import type { CodecName } from "../../codec/mod.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";
import { type JobRun, runJob } from "./run_job.ts";
import type { Workspace } from "./workspace.ts";

/** A repack of some documents of one size, with the pool and without it. */
export interface ScalingPoint {
  from: CodecName;
  to: CodecName;
  documents: number;
  /** Bytes of a document. */
  size: number;
  pooled: ScalingRun;
  original: ScalingRun;
  /** Speed-up of the process by the pool. */
  gain: Spread;
}

/** One side of a {@linkcode ScalingPoint}. */
export interface ScalingRun {
  /** The process, in seconds. */
  whole: Spread;
  /** The repack alone, in seconds. */
  job: Spread;
  /** Peak of the resident set, in bytes. */
  peak: number;
}

/** One pair that compresses, one that decompresses. */
const PAIRS = [["none", "zstd"], ["gzip", "none"]] as const;

/** So many documents take minutes and are repacked only once. */
const MANY = 1e7;

/** Measures repacks of a number of documents of one size. */
export async function measureScaling(
  workspace: Workspace,
  documents: number,
  size: number,
  workers: number,
  rounds: number,
): Promise<ScalingPoint[]> {
  const input = workspace.made("json", documents, size);
  const points: ScalingPoint[] = [];
  for (const [from, to] of PAIRS) {
    const source = await workspace.sample(input, from, documents);
    const repack = (pooled: boolean) => () =>
      runJob("repack", {
        ...{ source: source.path, sourceCodec: from },
        ...{ target: workspace.target(), targetCodec: to },
        ...{ workers, pooled },
      });
    const runs = await takeTurns(
      Math.min(rounds, Math.ceil(MANY / documents)),
      { pooled: repack(true), original: repack(false) },
    );
    points.push({
      ...{ from, to, documents, size },
      pooled: scalingRun(runs.pooled),
      original: scalingRun(runs.original),
      gain: ratios(wholes(runs.original), wholes(runs.pooled)),
    });
  }
  workspace.forgetSamples();
  return points;
}

function scalingRun(runs: readonly JobRun[]): ScalingRun {
  return {
    whole: spread(wholes(runs)),
    job: spread(runs.map(({ seconds }) => seconds)),
    peak: Math.max(...runs.map(({ peak }) => peak)),
  };
}

function wholes(runs: readonly JobRun[]): number[] {
  return runs.map(({ wholeSeconds }) => wholeSeconds);
}
