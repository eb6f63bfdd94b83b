import {
  type CodecName,
  compress,
  leaseCompressor,
  leaseDecompressor,
  maxCompressedSize,
} from "../../codec/mod.ts";
import { DocReader } from "../../doc/mod.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";
import { type JobRun, runJob } from "./run_job.ts";
import type { Input, Workspace } from "./workspace.ts";

/** Repacks with a number of workers, with the pool or without it. */
export interface RepackWay {
  pooled: boolean;
  workers: number;
  /** The process, in seconds. */
  whole: Spread;
  /** The repack alone: without starting and ending the process. */
  job: Spread;
  /** Peak of the resident set, in bytes. */
  peak: number;
}

/** Repacks from one codec to another. Times are in seconds. */
export interface RepackPair {
  from: CodecName;
  to: CodecName;
  documents: number;
  /** Bytes of the documents, uncompressed. */
  contentSize: number;
  sourceSize: number;
  targetSize: number;
  ways: RepackWay[];
  /** The codecs alone: a loop in one thread, with the pool, documents in memory. */
  codecAlone: Spread;
  /** Time per file of as many such loops as workers, side by side: what the machine can do. */
  codecSideBySide: Spread;
  /** Writing as many bytes as the target has, and flushing them. */
  writeAlone: Spread;
  /**
   * Share of the limit, which is workers × the codecs alone, that the process and
   * the repack alone reach with all workers.
   */
  efficiency: Spread;
  jobEfficiency: Spread;
  /** Share of the loops side by side that the repack alone reaches. */
  attainable: Spread;
  /** Speed-up of the process by the pool, with all workers. */
  poolGain: Spread;
  /** What the cores do during the repack alone, with all workers. */
  cores: CoreShares;
}

/** Shares of the time of all cores. */
export interface CoreShares {
  /** What the codecs take in loops side by side. */
  codecs: number;
  /** The rest of the program. */
  own: number;
  /** The system: reading, writing, flushing. */
  system: number;
  idle: number;
}

/** How much to measure. */
export interface RepackEffort {
  rounds: number;
  /** Time of the codecs alone for a file, in seconds. The number of documents is chosen for it. */
  seconds: number;
  /** Limit of the documents' size, in bytes. */
  maxBytes: number;
}

/** Measures repacks from one codec to another. */
export async function measurePair(
  workspace: Workspace,
  input: Input,
  [from, to]: readonly [CodecName, CodecName],
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
  const best = name({ pooled: true, workers });
  const off = name({ pooled: false, workers });
  const loop = () =>
    runJob("loop", { source: source.path, from, to, by: "pool" });
  const writes: number[] = [];
  let targetSize = 0;
  const ways: Record<string, () => Promise<JobRun[]>> = {
    alone: async () => [await loop()],
    sideBySide: () => Promise.all(Array.from({ length: workers }, loop)),
  };
  for (const setting of settings) {
    ways[name(setting)] = async () => {
      const target = workspace.target();
      const run = await runJob("repack", {
        ...{ source: source.path, sourceCodec: from, target, targetCodec: to },
        ...setting,
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
    writeAlone: spread(writes),
    efficiency: ratios(limit, wholes(best)),
    jobEfficiency: ratios(limit, jobs(best)),
    attainable: ratios(sideBySide, jobs(best)),
    poolGain: ratios(wholes(off), wholes(best)),
    cores: coreShares(runs[best].flat(), runs.sideBySide, workers),
  };
}

/** Numbers of workers to measure: powers of two, and all cores. */
function workerCounts(cores: number): number[] {
  const counts = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

/** @param loops Loops of the codecs alone, side by side, for the same file. */
function coreShares(
  repacks: readonly JobRun[],
  loops: readonly JobRun[][],
  workers: number,
): CoreShares {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const user = sum(repacks.map(({ userSeconds }) => userSeconds));
  const system = sum(repacks.map(({ systemSeconds }) => systemSeconds));
  const perFile = sum(loops.flat().map(({ seconds }) => seconds)) / workers;
  const codecs = Math.min(user, perFile);
  // The runtime's compiler threads can make this more than workers × time.
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

/** Estimates the time of the codecs for one document, in seconds, from the first 200. */
function secondsPerDocument(
  input: Input,
  from: CodecName,
  to: CodecName,
): number {
  using reader = new DocReader(input.path, { codec: "none" });
  using compressor = leaseCompressor(to);
  using decompressor = leaseDecompressor(from);
  const contents = [];
  for (const { content } of reader) {
    if (contents.push(content) >= 200) break;
  }
  const packed = contents.map((content) => compress(content, from));
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
