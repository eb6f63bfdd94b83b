import type { Direction } from "../../codec/engine.ts";
import { type Allocations, runJob, type Way } from "./jobs.ts";
import type { Collections } from "./process.ts";
import type { Workspace } from "./workspace.ts";

/** What working through documents costs the garbage collector. */
export interface Garbage {
  /** Bytes allocated per document. */
  allocated: Allocations;
  /** Per 1,000 documents, without those of starting. */
  collections: Collections;
}

/** {@linkcode Garbage} of a codec, with the pool and without. */
export type CodecGarbage = Record<Way, Garbage> & {
  codec: string;
  direction: Direction;
};

/** What a whole repack costs the garbage collector, all threads taken together. */
export interface RepackGarbage {
  from: string;
  to: string;
  way: Way;
  documents: number;
  workers: number;
  collections: Collections;
  /** Largest resident set, in bytes. */
  peak: number;
  /** Bytes allocated in the heap per document, with one worker; null where the engine does not tell. */
  heapPerDocument: number | null;
}

/** Size of the documents: what people have millions of. */
const SIZE = 1000;

const WAYS = ["original", "pooled"] as const;

/** Measures codecs in both directions. */
export async function measureCodecGarbage(
  codecs: readonly string[],
  documents: number,
): Promise<CodecGarbage[]> {
  const results: CodecGarbage[] = [];
  for (const codec of codecs) {
    for (const direction of ["compress", "decompress"] as const) {
      const garbage = {} as Record<Way, Garbage>;
      for (const way of WAYS) {
        const task = { codec, direction, way, size: SIZE };
        const { answer } = await runJob("allocations", task, {
          exposeGc: true,
        });
        const count = async (documents: number) => {
          const run = await runJob("documents", { ...task, documents }, {
            traceCollections: true,
          });
          return run.collections!;
        };
        const starting = await count(0);
        const all = await count(documents);
        const perThousand = (total: number, start: number) =>
          Math.max(0, total - start) / (documents / 1000);
        garbage[way] = {
          allocated: answer,
          collections: {
            count: perThousand(all.count, starting.count),
            milliseconds: perThousand(all.milliseconds, starting.milliseconds),
          },
        };
      }
      results.push({ codec, direction, ...garbage });
    }
  }
  return results;
}

/** Measures whole repacks of documents of 1,000 bytes. */
export async function measureRepackGarbage(
  workspace: Workspace,
  pairs: readonly (readonly [string, string])[],
  documents: number,
  workers: number,
): Promise<RepackGarbage[]> {
  const all = workspace.made("json", documents, SIZE);
  const results: RepackGarbage[] = [];
  for (const [from, to] of pairs) {
    const source = await workspace.sample(all, from, documents);
    for (const way of WAYS) {
      const run = (
        workers: number,
        traceCollections: boolean,
        limit = documents,
      ) =>
        runJob("repack", {
          ...{ source: source.path, target: workspace.target() },
          ...{ sourceCodec: from, targetCodec: to },
          ...{ optimized: way === "pooled", workers, limit },
        }, { traceCollections });
      const { collections, peak } = await run(workers, true);
      // Between a few documents and all of them, because starting allocates as well.
      const few = Math.ceil(documents / 10);
      const ofFew = (await run(1, false, few)).heapAllocated;
      const ofAll = (await run(1, false)).heapAllocated;
      results.push({
        ...{ from, to, way, documents, workers, peak },
        collections: collections!,
        heapPerDocument: ofFew === null || ofAll === null
          ? null
          : Math.max(0, ofAll - ofFew) / (documents - few),
      });
    }
  }
  return results;
}
