/** Jobs on codecs by themselves; see `_jobs.ts`. */
import {
  compress,
  compressOriginal,
  decompress,
  decompressOriginal,
  engineFor,
  findCodec,
  leaseCompressor,
  leaseDecompressor,
  listEngines,
  loadPortableEngines,
  maxCompressedSize,
  preferEngine,
} from "../../codec/mod.ts";
import { madeDocuments } from "./documents.ts";
import type { Allocations, CodecTiming, EngineTiming, Jobs } from "./jobs.ts";
import { median, ratios, spread, takeTurns } from "./numbers.ts";

type Job<Kind extends keyof Jobs> = (
  task: Jobs[Kind]["task"],
) => Jobs[Kind]["answer"] | Promise<Jobs[Kind]["answer"]>;

export const codecJob: Job<"codec"> = async (task) => {
  const codec = findCodec(task.codec).name;
  const compressor = leaseCompressor(codec);
  const decompressor = leaseDecompressor(codec);
  const slab = new Uint8Array(maxCompressedSize(Math.max(...task.sizes)));
  const timings: CodecTiming[] = [];
  for (const kind of task.kinds) {
    for (const size of task.sizes) {
      const [{ content }] = madeDocuments(kind, 1, size);
      const packed = compressOriginal(content, codec);
      const ways = {
        compress: {
          original: () => compressOriginal(content, codec),
          pooled: () => compress(content, codec),
          slab: () => compressor.compress(content, slab, 0),
        },
        decompress: {
          original: () => decompressOriginal(packed, codec),
          pooled: () => decompress(packed, codec),
          slab: () => decompressor.decompress(packed, slab, 0),
        },
      };
      for (const direction of ["compress", "decompress"] as const) {
        const { original, pooled, slab } = await timeInTurns(
          task.rounds,
          task.milliseconds,
          ways[direction],
        );
        timings.push({
          ...{ codec, direction, kind, size, packed: packed.length },
          engine: engineFor(codec, direction).name,
          original: spread(original),
          pooled: spread(pooled),
          slab: spread(slab),
          gain: ratios(original, pooled),
          slabGain: ratios(original, slab),
        });
      }
    }
  }
  return timings;
};

export const enginesJob: Job<"engines"> = async (task) => {
  await loadPortableEngines();
  const slab = new Uint8Array(maxCompressedSize(task.size));
  const [{ content }] = madeDocuments("json", 1, task.size);
  const timings: EngineTiming[] = [];
  const engines = listEngines();
  for (const codec of new Set(engines.map(({ codec }) => codec))) {
    if (codec === "none" || codec === "zip") continue;
    const packed = compressOriginal(content, codec);
    const ways = { compress: {}, decompress: {} } as Record<
      "compress" | "decompress",
      Record<string, () => unknown>
    >;
    const ofCodec = engines.filter((engine) => engine.codec === codec);
    for (const { engine, compresses, decompresses } of ofCodec) {
      // What is leased stays with its engine, whichever is preferred later.
      await preferEngine(engine, codec);
      if (compresses) {
        const compressor = leaseCompressor(codec);
        ways.compress[engine] = () => compressor.compress(content, slab, 0);
      }
      if (decompresses) {
        const decompressor = leaseDecompressor(codec);
        ways.decompress[engine] = () =>
          decompressor.decompress(packed, slab, 0);
      }
      await preferEngine(undefined, codec);
    }
    for (const direction of ["compress", "decompress"] as const) {
      const times = await timeInTurns(
        task.rounds,
        task.milliseconds,
        ways[direction],
      );
      for (const { engine, kind } of ofCodec) {
        if (times[engine] === undefined) continue;
        const time = spread(times[engine]);
        timings.push({ codec, engine, kind, direction, size: task.size, time });
      }
    }
  }
  return timings;
};

/** Times functions in turns. @returns Microseconds per call, turn by turn. */
async function timeInTurns<K extends string>(
  rounds: number,
  milliseconds: number,
  ways: Record<K, () => unknown>,
): Promise<Record<K, number[]>> {
  const turns = {} as Record<K, () => number>;
  for (const name of Object.keys(ways) as K[]) {
    const way = ways[name];
    // Until it is compiled; and how many calls a turn is.
    let calls = 1;
    for (let took = 0; took < milliseconds && calls < 1e6;) {
      took = time(way, calls);
      if (took < milliseconds) calls *= took < milliseconds / 8 ? 4 : 2;
    }
    turns[name] = () => 1000 * time(way, calls) / calls;
  }
  return await takeTurns(rounds, turns);
}

/** @returns Milliseconds. */
function time(way: () => unknown, calls: number): number {
  const started = performance.now();
  for (let i = 0; i < calls; i++) way();
  return performance.now() - started;
}

/** Documents that are worked through between two forced collections: few, so that no other collection gets in between. */
const DOCUMENTS_PER_LOOK = 16;

/** How often allocations are looked at. */
const LOOKS = 15;

export const allocationsJob: Job<"allocations"> = (task) => {
  const way = documentWay(task);
  for (let i = 0; i < 2000; i++) way(i);
  const spent = allocatedBy(way);
  // Looking allocates as well.
  const looking = allocatedBy(() => {});
  return {
    heap: Math.max(0, spent.heap - looking.heap),
    external: Math.max(0, spent.external - looking.external),
  };
};

/** What working through one document allocates. */
function allocatedBy(way: (id: number) => void): Allocations {
  const { gc } = globalThis as { gc?(): void };
  const heap: number[] = [];
  const external: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    // Twice, because the memory of buffers is freed after a collection, not during it.
    gc!();
    gc!();
    const before = Deno.memoryUsage();
    for (let i = 0; i < DOCUMENTS_PER_LOOK; i++) way(i);
    const after = Deno.memoryUsage();
    heap.push((after.heapUsed - before.heapUsed) / DOCUMENTS_PER_LOOK);
    external.push((after.external - before.external) / DOCUMENTS_PER_LOOK);
  }
  return { heap: median(heap), external: median(external) };
}

export const documentsJob: Job<"documents"> = (task) => {
  const way = documentWay(task);
  for (let i = 0; i < task.documents; i++) way(i);
  return {};
};

/** Works through the document of a number, with one codec in one direction. */
function documentWay(
  { codec: name, direction, way, size }: Jobs["allocations"]["task"],
): (id: number) => void {
  const codec = findCodec(name).name;
  const documents = Array.from(
    madeDocuments("json", 100, size),
    ({ content }) =>
      direction === "compress" ? content : compressOriginal(content, codec),
  );
  if (way === "original") {
    const once = direction === "compress"
      ? compressOriginal
      : decompressOriginal;
    return (id) => {
      once(documents[id % documents.length], codec);
    };
  }
  // One after the other in a slab, as repacks have them.
  const ends: number[] = [];
  const source = new Uint8Array(maxCompressedSize(size) * documents.length);
  for (const document of documents) {
    const start = ends.at(-1) ?? 0;
    source.set(document, start);
    ends.push(start + document.length);
  }
  const slab = new Uint8Array(maxCompressedSize(size));
  const start = (id: number) => ends[id % ends.length - 1] ?? 0;
  const end = (id: number) => ends[id % ends.length];
  if (direction === "compress") {
    const compressor = leaseCompressor(codec);
    return (id) => {
      compressor.compress(source, slab, 0, start(id), end(id));
    };
  }
  const decompressor = leaseDecompressor(codec);
  return (id) => {
    decompressor.decompress(source, slab, 0, start(id), end(id));
  };
}
