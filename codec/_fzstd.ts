/** Reading zstd by npm:fzstd, for runtimes whose zlib has no zstd. */
import { Decompress } from "fzstd";
import type { Decompressor, Engine, StreamCoder } from "./engine.ts";
import { CorruptDataError } from "./errors.ts";
import { ZstdFrameTracker } from "./_zstd_frame.ts";

/** After each piece of input of this size, it is seen whether the output still fits. */
const INPUT_PIECE = 4 * 1024;

function createDecoder(): StreamCoder {
  const tracker = new ZstdFrameTracker();
  const decoder = new Decompress();
  return {
    push(chunk, last, emit) {
      tracker.push(chunk);
      decoder.ondata = (piece) => {
        if (piece.length > 0) emit(piece);
      };
      // fzstd keeps its input, which is only borrowed here.
      if (chunk.length > 0) run(() => decoder.push(new Uint8Array(chunk)));
      if (!last) return;
      if (!tracker.complete) {
        throw new CorruptDataError("zstd", "it is cut short");
      }
      run(() => decoder.push(new Uint8Array(0), true));
    },
  };
}

const decompressor: Decompressor = {
  decompress(src, dst, offset) {
    let end = offset;
    const decoder = createDecoder();
    const write = (piece: Uint8Array) => {
      if (piece.length <= dst.length - end) dst.set(piece, end);
      end += piece.length;
    };
    for (let at = 0; at < src.length; at += INPUT_PIECE) {
      decoder.push(src.subarray(at, at + INPUT_PIECE), false, write);
      if (end > dst.length) return -1;
    }
    decoder.push(new Uint8Array(0), true, write);
    return end - offset;
  },
};

function run<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new CorruptDataError("zstd", (error as Error).message);
  }
}

/** Decompression of zstd by fzstd. It does not compress, and does not check checksums. */
export const fzstdEngine: Engine = {
  name: "fzstd",
  kind: "portable",
  createDecompressor: () => decompressor,
  // No decompressOnce: decompress() allocates by a size that the data claims.
  createDecoder,
};
