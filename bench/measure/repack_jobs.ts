/** Jobs on bin files; see `_jobs.ts`. */
import zlib from "node:zlib";
import * as fflate from "fflate";
import lz4js from "lz4js";
import {
  compressOriginal,
  decompressOriginal,
  findCodec,
  leaseCompressor,
  leaseDecompressor,
  maxCompressedSize,
} from "../../codec/mod.ts";
import { DocReader, DocWriter, repack } from "../../doc/mod.ts";
import type { Jobs } from "./jobs.ts";

type Job<Kind extends keyof Jobs> = (
  task: Jobs[Kind]["task"],
) => Jobs[Kind]["answer"] | Promise<Jobs[Kind]["answer"]>;

export const repackJob: Job<"repack"> = async (task) => {
  const { documents, bytesRead, targetSize } = await repack(task);
  return { documents, bytesRead, targetSize };
};

export const oneByOneJob: Job<"oneByOne"> = ({ source, target, from, to }) => {
  using reader = new DocReader(source, { codec: from });
  using writer = new DocWriter(target, { codec: to, force: true });
  let documents = 0;
  for (const doc of reader) {
    writer.write(doc);
    // The batch is what is done without here.
    writer.flush();
    documents++;
  }
  writer.close();
  return { documents, targetSize: Deno.statSync(target).size };
};

/** Bytes that are written at a time; repacks write about as many. */
const WRITE_SIZE = 1024 * 1024;

export const writeJob: Job<"write"> = ({ target, bytes }) => {
  const block = new Uint8Array(WRITE_SIZE).fill(1);
  const started = performance.now();
  using file = Deno.openSync(target, { write: true, createNew: true });
  for (let left = bytes; left > 0; left -= WRITE_SIZE) {
    file.writeSync(block.subarray(0, Math.min(left, WRITE_SIZE)));
  }
  file.syncSync();
  return { seconds: (performance.now() - started) / 1000 };
};

export const loopJob: Job<"loop"> = (task) => {
  const { source, from, to, way, package: library = "runtime" } = task;
  using reader = new DocReader(source, { codec: "none" });
  const contents = Array.from(reader, ({ content }) => content);
  const work = way === "pooled"
    ? pooledLoop(from, to)
    : plainLoop(from, to, library);
  // Until everything is compiled.
  for (const content of contents.slice(0, 500)) work(content);
  let contentSize = 0;
  const started = performance.now();
  for (const content of contents) contentSize += work(content);
  const seconds = (performance.now() - started) / 1000;
  return { documents: contents.length, contentSize, seconds };
};

/** Takes a content from one codec to another. @returns The size of the document itself. */
type Work = (content: Uint8Array) => number;

function pooledLoop(from: string, to: string): Work {
  const decompressor = leaseDecompressor(findCodec(from).name);
  const compressor = leaseCompressor(findCodec(to).name);
  let plain = new Uint8Array(65_536);
  let packed = new Uint8Array(maxCompressedSize(plain.length));
  return (content) => {
    let size: number;
    while ((size = decompressor.decompress(content, plain, 0)) < 0) {
      plain = new Uint8Array(2 * plain.length);
      packed = new Uint8Array(maxCompressedSize(plain.length));
    }
    if (compressor.compress(plain, packed, 0, 0, size) < 0) {
      throw new Error(`a document of ${size} bytes did not fit`);
    }
    return size;
  };
}

type Function = (data: Uint8Array) => Uint8Array;

/** One-shot functions to compress and to decompress with, by where they come from. */
const plainFunctions: Record<string, Record<string, [Function, Function]>> = {
  runtime: {
    gzip: [zlib.gzipSync, zlib.gunzipSync],
    zstd: [zlib.zstdCompressSync, zlib.zstdDecompressSync],
    brotli: [brotliSync, zlib.brotliDecompressSync],
  },
  fflate: { gzip: [fflate.gzipSync, fflate.gunzipSync] },
  lz4js: { lz4: [lz4js.compress, lz4js.decompress] },
};

/** Brotli at the quality that is used for documents: its own default takes a hundred times as long. */
function brotliSync(data: Uint8Array): Uint8Array {
  const quality = findCodec("brotli").level.default;
  return zlib.brotliCompressSync(data, {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: quality },
  });
}

function plainLoop(from: string, to: string, library: string): Work {
  const functions = plainFunctions[library];
  const compress = functions[to]?.[0] ??
    ((data) => compressOriginal(data, findCodec(to).name));
  const decompress = functions[from]?.[1] ??
    ((data) => decompressOriginal(data, findCodec(from).name));
  return (content) => {
    const plain = from === "none" ? content : decompress(content);
    if (to !== "none") compress(plain);
    return plain.length;
  };
}
