import { join } from "node:path";
import { type JobRun, runJob } from "./jobs.ts";
import { type Spread, spread, takeTurns } from "./numbers.ts";
import { isInstalled } from "./process.ts";
import type { Input, Workspace } from "./workspace.ts";

/** How a repack spends its time, and how often it talks to the system. */
export interface Waiting {
  from: string;
  to: string;
  way: "pooled" | "pool off" | "one write per document";
  threads: number;
  /** Shares of the time of as many cores as there are workers, from 0 to 1. */
  user: number;
  system: number;
  idle: number;
  /** Seconds of the repack. */
  seconds: Spread;
  /** Per megabyte of documents. */
  voluntarySwitches: number;
  /** Calls that read or write, per megabyte; null where there is no `/proc`. */
  readWriteCalls: number | null;
  /** All calls of the system, per megabyte, without those of starting; null without strace. */
  systemCalls: number | null;
}

/** Measures what repacks wait for. */
export async function measureWaiting(
  workspace: Workspace,
  pairs: readonly (readonly [string, string])[],
  documents: number,
  workers: number,
  rounds: number,
): Promise<Waiting[]> {
  const all = workspace.made("json", documents, 1000);
  const strace = await isInstalled("strace");
  const results: Waiting[] = [];
  for (const [from, to] of pairs) {
    const source = await workspace.sample(all, from, documents);
    // Counting calls makes them slow; the first documents are enough for that.
    const some = await workspace.sample(all, from, Math.ceil(documents / 10));
    const first = await workspace.sample(all, from, 1);
    const repack = (optimized: boolean) => (input: Input, under?: string[]) =>
      runJob("repack", {
        ...{ source: input.path, target: workspace.target() },
        ...{ sourceCodec: from, targetCodec: to },
        ...{ workers, optimized },
      }, { under });
    const ways = {
      "pooled": repack(true),
      "pool off": repack(false),
      "one write per document": (input: Input, under?: string[]) =>
        runJob("oneByOne", {
          ...{ source: input.path, target: workspace.target(), from, to },
        }, { under }),
    };
    const runs = await takeTurns<keyof typeof ways, JobRun>(rounds, {
      "pooled": () => ways.pooled(source),
      "pool off": () => ways["pool off"](source),
      "one write per document": () => ways["one write per document"](source),
    });
    const megabytes = source.contentSize / 1e6;
    for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
      const threads = way === "one write per document" ? 1 : workers;
      const middle = (value: (run: JobRun) => number) =>
        spread(runs[way].map(value)).median;
      const share = (busy: (run: JobRun) => number) =>
        middle((run) => busy(run) / (workers * run.seconds));
      const user = share(({ userSeconds }) => userSeconds);
      const system = share(({ systemSeconds }) => systemSeconds);
      let systemCalls: number | null = null;
      if (strace) {
        const calls = async (input: Input) => {
          const summary = join(workspace.path, "strace.txt");
          const run = ways[way];
          await run(input, ["strace", "-f", "-c", "-o", summary]);
          return totalCalls(Deno.readTextFileSync(summary));
        };
        systemCalls = Math.max(0, await calls(some) - await calls(first)) /
          (some.contentSize / 1e6);
      }
      const calls = runs[way][0].readWriteCalls;
      results.push({
        ...{ from, to, way, threads, user, system, systemCalls },
        idle: Math.max(0, 1 - user - system),
        seconds: spread(runs[way].map(({ seconds }) => seconds)),
        voluntarySwitches: middle((run) => run.voluntarySwitches) / megabytes,
        readWriteCalls: calls === null
          ? null
          : middle((run) => run.readWriteCalls!) / megabytes,
      });
    }
  }
  return results;
}

/** Reads the total of `strace -c`: `100.00    1.046576         139      7498       115 total`. */
function totalCalls(summary: string): number {
  const line = /^\s*100\.00\s+[\d.]+\s+\d+\s+(\d+).*total$/m.exec(summary);
  if (line === null) {
    throw new Error(`no total in what strace wrote:\n${summary}`);
  }
  return Number(line[1]);
}
