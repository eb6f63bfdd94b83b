import {
  compress,
  findCodec,
  leaseCompressor,
  leaseDecompressor,
  maxCompressedSize,
} from "../../codec/mod.ts";
import { DocReader } from "../../doc/mod.ts";
import { type JobRun, runJob } from "./jobs.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";
import type { Input, Workspace } from "./workspace.ts";

/** A repack in one of its ways. */
export interface RepackWay {
  pooled: boolean;
  workers: number;
  /** The process as a whole, in seconds. */
  whole: Spread;
  /** The repack alone, without starting and ending the process. */
  job: Spread;
  /** Largest resident set, in bytes. */
  peak: number;
}

/** A pair of codecs, in every way. */
export interface RepackPair {
  from: string;
  to: string;
  documents: number;
  /** Bytes of the documents, uncompressed. */
  contentSize: number;
  sourceSize: number;
  targetSize: number;
  ways: RepackWay[];
  /** Seconds of the codecs alone: one thread, with the pool, documents in memory. */
  codecAlone: Spread;
  /** Seconds per file of as many such loops as there are workers, side by side: what the machine can do. */
  codecSideBySide: Spread;
  /** Seconds of a loop over one-shot functions: one thread, documents in memory. */
  plainLoop: Spread;
  /** With all workers: how close the process, and the repack alone, come to workers × one thread of the codecs alone. */
  efficiency: Spread;
  jobEfficiency: Spread;
  /** The same, against what as many loops side by side can do. */
  attainable: Spread;
  /** What the cores did during the repack alone, with all workers. */
  cores: CoreShares;
  /** Seconds to write as many bytes as the target has, and to flush them. */
  writeAlone: Spread;
  /** How many times as fast the process with the pool is, with all workers. */
  poolGain: Spread;
  /** How many times as fast the process is as that loop. */
  loopGain: Spread;
}

/** Shares of the time that all cores had. */
export interface CoreShares {
  /** What the codecs take by themselves, in as many loops side by side. */
  codecs: number;
  /** What else the program did. */
  own: number;
  /** The system's work: reading, writing, flushing. */
  system: number;
  idle: number;
}

/** How much to measure. */
export interface RepackEffort {
  /** Rounds of each pair. */
  rounds: number;
  /** How long the codecs alone shall take for a file, in seconds; files are made to fit. */
  seconds: number;
  /** Most bytes of documents in a file. */
  maxBytes: number;
}

/** Numbers of workers to measure: powers of two, and all cores. */
export function workerCounts(cores: number): number[] {
  const counts = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

/** Measures one pair of codecs. */
export async function measurePair(
  workspace: Workspace,
  input: Input,
  [from, to]: readonly [string, string],
  workers: number,
  { rounds, seconds, maxBytes }: RepackEffort,
): Promise<RepackPair> {
  const size = input.contentSize / input.documents;
  const documents = Math.ceil(Math.min(
    input.documents,
    maxBytes / size,
    Math.max(1000, seconds / secondsPerDocument(input, from, to)),
  ));
  const source = await workspace.sample(input, from, documents);
  const settings = [
    ...workerCounts(workers).map((workers) => ({ pooled: true, workers })),
    { pooled: false, workers },
  ];
  const name = (setting: typeof settings[number]) => JSON.stringify(setting);
  const loop = (way: "pooled" | "plain") =>
    runJob("loop", { source: source.path, from, to, way });
  const best = name({ pooled: true, workers });
  const writes: number[] = [];
  let targetSize = 0;
  const ways: Record<string, () => Promise<JobRun[]>> = {
    alone: async () => [await loop("pooled")],
    plain: async () => [await loop("plain")],
    sideBySide: () =>
      Promise.all(Array.from({ length: workers }, () => loop("pooled"))),
  };
  for (const setting of settings) {
    ways[name(setting)] = async () => {
      const run = await runJob("repack", {
        ...{ source: source.path, target: workspace.target() },
        ...{ sourceCodec: from, targetCodec: to },
        ...{ workers: setting.workers, optimized: setting.pooled },
      });
      targetSize = run.answer.targetSize;
      if (name(setting) === best) {
        const target = workspace.target();
        const write = await runJob("write", { target, bytes: targetSize });
        writes.push(write.seconds);
      }
      return [run];
    };
  }
  const runs = await takeTurns(rounds, ways);
  const jobs = (way: string) => runs[way].map(([{ seconds }]) => seconds);
  const wholes = (way: string) => runs[way].map(([run]) => run.wholeSeconds);
  const alone = jobs("alone");
  const limit = alone.map((seconds) => seconds / workers);
  const sideBySide = runs.sideBySide.map((loops) =>
    Math.max(...loops.map(({ seconds }) => seconds)) / workers
  );
  const meanOfLoops = runs.sideBySide.map((loops) =>
    loops.reduce((sum, { seconds }) => sum + seconds, 0) / loops.length
  );
  return {
    ...{ from, to, targetSize },
    documents: source.documents,
    contentSize: source.contentSize,
    sourceSize: Deno.statSync(source.path).size,
    ways: settings.map((setting) => ({
      ...setting,
      whole: spread(wholes(name(setting))),
      job: spread(jobs(name(setting))),
      peak: Math.max(...runs[name(setting)].map(([{ peak }]) => peak)),
    })),
    codecAlone: spread(alone),
    codecSideBySide: spread(sideBySide),
    plainLoop: spread(jobs("plain")),
    efficiency: ratios(limit, wholes(best)),
    jobEfficiency: ratios(limit, jobs(best)),
    attainable: ratios(sideBySide, jobs(best)),
    cores: coreShares(runs[best].flat(), meanOfLoops, workers),
    writeAlone: spread(writes),
    poolGain: ratios(wholes(name({ pooled: false, workers })), wholes(best)),
    loopGain: ratios(jobs("plain"), wholes(best)),
  };
}

/** What the cores did during repacks, of which the codecs alone take so many seconds. */
function coreShares(
  repacks: readonly JobRun[],
  codecSeconds: readonly number[],
  workers: number,
): CoreShares {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const user = sum(repacks.map(({ userSeconds }) => userSeconds));
  const system = sum(repacks.map(({ systemSeconds }) => systemSeconds));
  const codecs = Math.min(user, sum(codecSeconds));
  // Of threads that compile, there may be more than cores are idle.
  const all = Math.max(
    user + system,
    workers * sum(repacks.map(({ seconds }) => seconds)),
  );
  return {
    codecs: codecs / all,
    own: (user - codecs) / all,
    system: system / all,
    idle: (all - user - system) / all,
  };
}

/** How long the codecs take for one of the first documents, about, in seconds. */
function secondsPerDocument(input: Input, from: string, to: string): number {
  using reader = new DocReader(input.path, { codec: "none" });
  using compressor = leaseCompressor(findCodec(to).name);
  using decompressor = leaseDecompressor(findCodec(from).name);
  const contents = [];
  for (const { content } of reader) {
    if (contents.push(content) >= 200) break;
  }
  const packed = contents.map((content) =>
    compress(content, findCodec(from).name)
  );
  const room = Math.max(...contents.map(({ length }) => length));
  const plain = new Uint8Array(room + 1);
  const slab = new Uint8Array(maxCompressedSize(room));
  const work = () => {
    for (const content of packed) {
      const size = decompressor.decompress(content, plain, 0);
      compressor.compress(plain, slab, 0, 0, size);
    }
  };
  work();
  let rounds = 0;
  const started = performance.now();
  do {
    work();
    rounds++;
  } while (performance.now() - started < 50);
  return (performance.now() - started) / 1000 / rounds / contents.length;
}
