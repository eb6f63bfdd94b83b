import { range } from "./bytes.ts";
import type { Engine, StreamCoder } from "./engine.ts";
import { OutputLimitError } from "./errors.ts";

function copy(
  src: Uint8Array,
  dst: Uint8Array,
  offset: number,
  start = 0,
  end = src.length,
): number | undefined {
  if (end - start > dst.length - offset) return undefined;
  dst.set(range(src, start, end), offset);
  return end - start;
}

const passThrough: StreamCoder = {
  push(chunk, _last, emit) {
    if (chunk.length > 0) emit(chunk);
  },
};

const copying: Engine = {
  name: "binfiles",
  kind: "built-in",
  createCompressor: () => ({ compress: copy }),
  createDecompressor: () => ({ decompress: copy }),
  createEncoder: () => passThrough,
  createDecoder: () => passThrough,
  // Not slice(), which returns a view of a Node Buffer.
  compressOnce: (data) => new Uint8Array(data),
  decompressOnce(data, limit) {
    if (data.length > limit) throw new OutputLimitError("none", limit);
    return new Uint8Array(data);
  },
};

/** Engines of codec `none`, which copies. */
export const engines: readonly Engine[] = [copying];
