import { runJob } from "./jobs.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";
import { workerCounts } from "./repack.ts";
import type { Workspace } from "./workspace.ts";

/** A repack of one size. */
export interface ScalingPoint {
  from: string;
  to: string;
  documents: number;
  /** Bytes of a document. */
  size: number;
  workers: number;
  pooled: boolean;
  /** The process as a whole, in seconds. */
  whole: Spread;
  /** The repack alone. */
  job: Spread;
  /** Largest resident set, in bytes. */
  peak: number;
  /** How many times as fast it is as with the pool switched off, turn by turn; where both were measured. */
  poolGain?: Spread;
}

/** How time and memory depend on one thing, all else being equal. */
export interface Scaling {
  byDocuments: ScalingPoint[];
  bySize: ScalingPoint[];
  byWorkers: ScalingPoint[];
}

/** How much to measure. */
export interface ScalingEffort {
  rounds: number;
  documents: readonly number[];
  /** Sizes of documents, in bytes. */
  sizes: readonly number[];
  /** Bytes of all documents together, where their size or the workers vary. */
  bytes: number;
}

/** Measures something; undefined if that failed. */
export type Attempt = <T>(
  what: string,
  measure: () => Promise<T>,
) => Promise<T | undefined>;

/** Jobs to scale: one each way, and one whose codec takes next to nothing. */
const PAIRS = [["none", "zstd"], ["gzip", "none"], ["lz4", "none"]] as const;

/** So many documents are repacked only once. */
const MANY = 1e7;

/** Measures repacks of few and many documents, small and large ones, with few and many workers. */
export async function measureScaling(
  workspace: Workspace,
  cores: number,
  { rounds, documents: counts, sizes, bytes }: ScalingEffort,
  attempt: Attempt,
): Promise<Scaling> {
  /** Measures both pairs in each of the given settings, in turns. */
  async function points(
    documents: number,
    size: number,
    settings: readonly { workers: number; pooled: boolean }[],
  ): Promise<ScalingPoint[]> {
    const input = workspace.made("json", documents, size);
    const results: ScalingPoint[] = [];
    for (const [from, to] of PAIRS) {
      const source = await workspace.sample(input, from, documents);
      const runs = await takeTurns(
        // What takes minutes is not repeated.
        Math.min(rounds, Math.ceil(MANY / documents)),
        Object.fromEntries(
          settings.map((
            { workers, pooled },
            index,
          ) => [index, () =>
            runJob("repack", {
              ...{ source: source.path, target: workspace.target() },
              ...{ sourceCodec: from, targetCodec: to },
              ...{ workers, optimized: pooled },
            })]
          ),
        ),
      );
      const wholes = (index: number) =>
        runs[index].map(({ wholeSeconds }) => wholeSeconds);
      const off = settings.findIndex(({ pooled }) => !pooled);
      settings.forEach((setting, index) => {
        const ofSetting = runs[index];
        results.push({
          ...{ from, to, documents, size, ...setting },
          whole: spread(wholes(index)),
          job: spread(ofSetting.map(({ seconds }) => seconds)),
          peak: Math.max(...ofSetting.map(({ peak }) => peak)),
          poolGain: setting.pooled && off >= 0
            ? ratios(wholes(off), wholes(index))
            : undefined,
        });
      });
      workspace.target();
    }
    workspace.forgetSamples();
    return results;
  }

  const ways = [
    { workers: cores, pooled: true },
    { workers: cores, pooled: false },
  ];
  const scaling: Scaling = {
    byDocuments: [],
    bySize: [],
    byWorkers: [],
  };
  for (const documents of counts) {
    scaling.byDocuments.push(
      ...await attempt(
        `scaling: ${documents} documents`,
        () => points(documents, 1000, ways),
      ) ?? [],
    );
  }
  for (const size of sizes) {
    scaling.bySize.push(
      ...await attempt(
        `scaling: documents of ${size} bytes`,
        () => points(Math.ceil(bytes / size), size, ways),
      ) ?? [],
    );
  }
  scaling.byWorkers = await attempt("scaling: workers", () =>
    points(
      Math.ceil(bytes / 1000),
      1000,
      workerCounts(cores).map((workers) => ({ workers, pooled: true })),
    )) ?? [];
  return scaling;
}
