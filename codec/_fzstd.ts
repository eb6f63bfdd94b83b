/** Reading zstd by npm:fzstd, for runtimes whose zlib has no zstd. */
import { Decompress, decompress } from "fzstd";
import type { Decompressor, Engine, StreamCoder } from "./engine.ts";
import { CorruptDataError, OutputLimitError } from "./errors.ts";
import { ZstdFrameTracker } from "./_zstd_frame.ts";

/** fzstd's decoder asks for large windows at once; pieces of input keep its output in pieces too. */
const INPUT_PIECE = 64 * 1024;

function createDecoder(): StreamCoder {
  const tracker = new ZstdFrameTracker();
  const decoder = new Decompress();
  return {
    push(chunk, last, emit) {
      tracker.push(chunk);
      decoder.ondata = (piece) => {
        if (piece.length > 0) emit(piece);
      };
      for (let at = 0; at < chunk.length; at += INPUT_PIECE) {
        // fzstd keeps its input, which is only borrowed here.
        run(() => decoder.push(chunk.slice(at, at + INPUT_PIECE)));
      }
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
    createDecoder().push(src, true, (piece) => {
      if (piece.length <= dst.length - end) dst.set(piece, end);
      end += piece.length;
    });
    return end <= dst.length ? end - offset : -1;
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
  createDecoder,
  decompressOnce(data, limit) {
    const result = run(() => decompress(data));
    if (result.length > limit) throw new OutputLimitError("zstd", limit);
    return result;
  },
};
