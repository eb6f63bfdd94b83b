import {
  compressOriginal,
  decompressOriginal,
  engineFor,
  leaseCompressor,
  leaseDecompressor,
} from "../codec/mod.ts";
import { memorySnapshot } from "../pool/memory_snapshot.ts";
import { watchMemory } from "../pool/watch_memory.ts";
import { humanCount, humanSize, table } from "./format.ts";
import { print } from "./output.ts";

/** How much the demo does. */
export interface DemoOptions {
  /** Documents per codec. Default 50,000. */
  documents?: number;
  /** Bytes per document. Default 1,000. */
  size?: number;
  /** Codecs to show. Default: those that repacks are mostly about. */
  codecs?: readonly string[];
  /** Receives each line. Default: the standard output. */
  print?(line: string): void;
}

/** What one way of working through all documents took. */
interface Outcome {
  seconds: number;
  /** Bytes after compression. */
  packed: number;
  /** Garbage collections; undefined where the runtime does not tell. */
  collections: number | undefined;
  /** By how much the heap, and the buffers outside of it, grew at most, in bytes. */
  heap: number;
  buffers: number;
}

/**
 * Compresses and decompresses the same documents in the two ways there are, one
 * call per document with nothing reused, and with everything from the pool, and
 * prints time, memory and garbage collections side by side. Takes less than a
 * minute with the defaults.
 *
 * @throws {Error} A document did not come back as it was.
 */
export async function runOptimizationDemo(
  options: DemoOptions = {},
): Promise<void> {
  const {
    documents = 50_000,
    size = 1000,
    codecs = ["gzip", "zstd", "lz4", "brotli"],
    print: line = print,
  } = options;
  const data = makeDocuments(size);
  line(
    `${humanCount(documents)} documents of ${humanCount(size)} bytes, each ` +
      "compressed and decompressed, in one thread:",
  );
  line("");
  // Growth is told rather than sizes, because each way begins with what the last one left.
  const rows = [[
    "codec",
    "way",
    "time",
    "documents/s",
    "compressed",
    "collections",
    "heap",
    "buffers",
  ]];
  const gains: string[] = [];
  for (const codec of codecs) {
    const ways = {
      original: originalWay(codec),
      pooled: pooledWay(codec, size),
    };
    const outcomes: Record<string, Outcome> = {};
    for (const [name, way] of Object.entries(ways)) {
      outcomes[name] = await work(way, data, size, documents);
    }
    ways.pooled.close();
    const { original, pooled } = outcomes;
    for (const [name, outcome] of Object.entries(outcomes)) {
      const { seconds, packed, collections, heap, buffers } = outcome;
      rows.push([
        codec,
        name,
        `${seconds.toFixed(2)} s`,
        humanCount(Math.round(documents / seconds)),
        `${(100 * packed / (documents * size)).toFixed(1)}%`,
        collections === undefined ? "?" : humanCount(collections),
        `+${humanSize(heap)}`,
        `+${humanSize(buffers)}`,
      ]);
    }
    gains.push(
      `${codec} (${engineFor(codec, "compress").name}) ` +
        `${(original.seconds / pooled.seconds).toFixed(1)} times as fast`,
    );
  }
  for (const row of table(rows)) line(row);
  line("");
  line(`With the pool: ${gains.join(", ")}.`);
  line("");
  for (const advice of ADVICE) line(advice);
}

const ADVICE = [
  "What to do with it:",
  "  - Nothing, with the command line, repack(), DocReader and DocWriter: they work with the pool.",
  "  - One document at a time: compress() and decompress() instead of the runtime's functions.",
  "  - Many documents: take a compressor with leaseCompressor() and write into one large buffer, as here.",
  "  - To compare in a program of your own, set BINFILES_POOL=off and measure again.",
];

/** Compresses and decompresses the document at `start`. @returns Bytes after compression. */
interface Way {
  (data: Uint8Array, start: number, size: number): number;
}

function originalWay(codec: string): Way {
  return (data, start, size) => {
    const packed = compressOriginal(data.subarray(start, start + size), codec);
    check(decompressOriginal(packed, codec), 0, size, data, start);
    return packed.length;
  };
}

function pooledWay(codec: string, size: number): Way & { close(): void } {
  const compressor = leaseCompressor(codec);
  const decompressor = leaseDecompressor(codec);
  const slab = new Uint8Array(8 * size + 65_536);
  const way = (data: Uint8Array, start: number, size: number) => {
    const end = compressor.compress(data, slab, 0, start, start + size);
    const length = decompressor.decompress(
      slab,
      slab,
      4 * size + 32_768,
      0,
      end,
    );
    check(slab, 4 * size + 32_768, length, data, start);
    return end;
  };
  return Object.assign(way, {
    close() {
      compressor[Symbol.dispose]();
      decompressor[Symbol.dispose]();
    },
  });
}

/** Looks at a few bytes of what came back, which is enough for a demo and costs next to nothing. */
function check(
  bytes: Uint8Array,
  at: number,
  length: number,
  data: Uint8Array,
  start: number,
): void {
  if (
    bytes[at] !== data[start] ||
    bytes[at + length - 1] !== data[start + length - 1]
  ) {
    throw new Error("A document did not come back as it was");
  }
}

/** Documents between two pauses, in which the memory is looked at. */
const STRETCH = 500;

async function work(
  way: Way,
  data: Uint8Array,
  size: number,
  documents: number,
): Promise<Outcome> {
  const count = data.length / size;
  // Until everything is compiled and what is reused is there.
  for (let i = 0; i < 200; i++) way(data, i % count * size, size);
  const before = memorySnapshot();
  const watch = watchMemory();
  let seconds = 0;
  let packed = 0;
  for (let done = 0; done < documents;) {
    const end = Math.min(done + STRETCH, documents);
    const started = performance.now();
    for (; done < end; done++) packed += way(data, done % count * size, size);
    seconds += (performance.now() - started) / 1000;
    watch.report();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { collections, peakHeapUsed, peakExternal } = watch.close();
  return {
    seconds,
    packed,
    collections,
    heap: Math.max(0, peakHeapUsed - before.heapUsed),
    buffers: Math.max(0, peakExternal - before.external),
  };
}

/** A thousand made-up records of `size` bytes, one after the other. */
function makeDocuments(size: number): Uint8Array {
  const count = 1000;
  const data = new Uint8Array(count * size);
  const encoder = new TextEncoder();
  for (let id = 0; id < count; id++) {
    let text = `{"id":${id},"readings":[`;
    for (let i = 1; text.length < size; i++) {
      text += `{"sensor":"s${id * i % 97}","value":${id * i * 7919 % 10_007}},`;
    }
    encoder.encodeInto(text, data.subarray(id * size, (id + 1) * size));
  }
  return data;
}
