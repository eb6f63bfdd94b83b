import {
  type CodecName,
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

/** How much the demo does, and where it prints. */
export interface DemoOptions {
  /** Documents per codec. Default 50,000. */
  documents?: number;
  /** Bytes per document. Default 1,000. */
  size?: number;
  /** Default: gzip, zstd, lz4 and brotli. */
  codecs?: readonly CodecName[];
  /** Called with each line. Default: prints to the standard output. */
  print?(line: string): void;
}

/** What processing all documents took. */
interface Outcome {
  seconds: number;
  /** Bytes after compression. */
  packed: number;
  /** Garbage collections; undefined if the runtime does not report them. */
  collections: number | undefined;
  /** Largest growth of the heap and of array buffers, in bytes. */
  heap: number;
  buffers: number;
}

/**
 * Compresses and decompresses the same documents with nothing reused and with the
 * pool, and prints time, memory and garbage collections side by side. Takes less
 * than a minute with the defaults.
 *
 * @throws {Error} A document changed on the way.
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
  // Growth rather than sizes: each run starts with the memory that the last one left.
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
  "  - The command line, repack(), DocReader and DocWriter use the pool: there is nothing to do.",
  "  - For single documents, call compress() and decompress() instead of the runtime's functions.",
  "  - For many documents, lease a compressor with leaseCompressor() and write into one large buffer, as here.",
  "  - To compare in your own program, set BINFILES_POOL=off and measure again.",
];

/** Compresses and decompresses the document at `start`. @returns Bytes after compression. */
interface Way {
  (data: Uint8Array, start: number, size: number): number;
}

function originalWay(codec: CodecName): Way {
  return (data, start, size) => {
    const packed = compressOriginal(data.subarray(start, start + size), codec);
    check(decompressOriginal(packed, codec), 0, size, data, start);
    return packed.length;
  };
}

function pooledWay(codec: CodecName, size: number): Way & { close(): void } {
  const compressor = leaseCompressor(codec);
  const decompressor = leaseDecompressor(codec);
  const slab = new Uint8Array(8 * size + 65_536);
  const way = (data: Uint8Array, start: number, size: number) => {
    const end = compressor.compress(data, slab, 0, start, start + size);
    const at = 4 * size + 32_768;
    const length = decompressor.decompress(slab, slab, at, 0, end);
    if (end === undefined || length === undefined) {
      throw new Error("The slab is too small.");
    }
    check(slab, at, length, data, start);
    return end;
  };
  return Object.assign(way, {
    close() {
      compressor[Symbol.dispose]();
      decompressor[Symbol.dispose]();
    },
  });
}

/** Compares the first and the last byte: enough for a demo, and it takes next to no time. */
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
    throw new Error("A document changed on the way.");
  }
}

/** Documents between two samples of the memory. */
const BATCH = 500;

async function work(
  way: Way,
  data: Uint8Array,
  size: number,
  documents: number,
): Promise<Outcome> {
  const count = data.length / size;
  // Until the code is compiled and the pool is filled.
  for (let i = 0; i < 200; i++) way(data, i % count * size, size);
  const before = memorySnapshot();
  const watch = watchMemory();
  let seconds = 0;
  let packed = 0;
  for (let done = 0; done < documents;) {
    const end = Math.min(done + BATCH, documents);
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

/** A thousand generated records of `size` bytes, one after the other. */
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
