import zlib from "node:zlib";
import * as fflate from "fflate";
import lz4js from "lz4js";
import {
  type CodecName,
  compressOriginal,
  decompressOriginal,
  findCodec,
  leaseCompressor,
  leaseDecompressor,
  maxCompressedSize,
} from "../../codec/mod.ts";
import { DocReader } from "../../doc/mod.ts";

/**
 * Recompresses the documents of a file in one thread, with all of them in memory.
 *
 * With `pool`, this is what the codecs alone can do. Otherwise it is what most
 * programs do: one call of a one-shot function per document, from the runtime or
 * from a package. Where that has no such function, binfiles without the pool is
 * used.
 *
 * @returns Duration of the loop, without reading the file.
 */
export function loopJob(
  { source, from, to, by }: {
    source: string;
    from: CodecName;
    to: CodecName;
    by: "pool" | keyof typeof oneShot;
  },
): { seconds: number } {
  using reader = new DocReader(source, { codec: "none" });
  const contents = Array.from(reader, ({ content }) => content);
  const work = by === "pool" ? pooled(from, to) : plain(from, to, by);
  // Until the code is compiled.
  for (const content of contents.slice(0, 500)) work(content);
  const started = performance.now();
  for (const content of contents) work(content);
  return { seconds: (performance.now() - started) / 1000 };
}

type Work = (content: Uint8Array) => void;

function pooled(from: CodecName, to: CodecName): Work {
  const decompressor = leaseDecompressor(from);
  const compressor = leaseCompressor(to);
  let plain = new Uint8Array(65_536);
  let packed = new Uint8Array(maxCompressedSize(plain.length));
  return (content) => {
    let size: number | undefined;
    while (
      (size = decompressor.decompress(content, plain, 0)) === undefined
    ) {
      plain = new Uint8Array(2 * plain.length);
      packed = new Uint8Array(maxCompressedSize(plain.length));
    }
    if (compressor.compress(plain, packed, 0, 0, size) === undefined) {
      throw new Error(`Cannot compress ${size} bytes: the buffer is too small`);
    }
  };
}

function plain(from: CodecName, to: CodecName, by: keyof typeof oneShot): Work {
  const functions: Functions = oneShot[by];
  const compress = functions[to]?.[0] ??
    ((data) => compressOriginal(data, to));
  const decompress = functions[from]?.[1] ??
    ((data) => decompressOriginal(data, from));
  return (content) => {
    const plain = from === "none" ? content : decompress(content);
    if (to !== "none") compress(plain);
  };
}

type OneShot = (data: Uint8Array) => Uint8Array;

/** Functions that compress and decompress, by codec. */
type Functions = Record<string, [compress: OneShot, decompress: OneShot]>;

const oneShot = {
  runtime: {
    gzip: [zlib.gzipSync, zlib.gunzipSync],
    zstd: [zlib.zstdCompressSync, zlib.zstdDecompressSync],
    brotli: [brotliSync, zlib.brotliDecompressSync],
  },
  fflate: { gzip: [fflate.gzipSync, fflate.gunzipSync] },
  lz4js: { lz4: [lz4js.compress, lz4js.decompress] },
} satisfies Record<string, Functions>;

/** Brotli at the default level of binfiles: the runtime's default takes a hundred times as long. */
function brotliSync(data: Uint8Array): Uint8Array {
  const quality = findCodec("brotli").level.default;
  return zlib.brotliCompressSync(data, {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: quality },
  });
}
