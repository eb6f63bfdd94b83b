/** Reading zstd with npm:fzstd, for runtimes whose zlib has no zstd. */
import { range } from "../bytes.ts";
import { Decompress } from "fzstd";
import type { Decompressor, Emit, Engine, StreamCoder } from "../engine.ts";
import { CorruptDataError, unexpectedEnd } from "../errors.ts";
import { ZstdFrameTracker } from "./frame.ts";

/** An error of the receiver of the output, on its way through fzstd. */
class EmitFailure {
  constructor(readonly error: unknown) {}
}

/** Thrown to stop fzstd when its output does not fit. */
const FULL = new Error("The output does not fit");

function createDecoder(): StreamCoder {
  const tracker = new ZstdFrameTracker();
  const decoder = new Decompress();
  return {
    push(chunk, last, emit) {
      tracker.push(chunk);
      decoder.ondata = (piece) => {
        if (piece.length > 0) pass(piece, emit);
      };
      // A copy, because fzstd keeps its input.
      if (chunk.length > 0) run(() => decoder.push(new Uint8Array(chunk)));
      if (!last) return;
      if (!tracker.complete) throw unexpectedEnd("zstd");
      run(() => decoder.push(new Uint8Array(0), true));
    },
  };
}

const decompressor: Decompressor = {
  decompress(src, dst, offset, start = 0, last = src.length) {
    let end = offset;
    const write = (piece: Uint8Array) => {
      if (piece.length > dst.length - end) throw FULL;
      dst.set(piece, end);
      end += piece.length;
    };
    try {
      createDecoder().push(range(src, start, last), true, write);
    } catch (error) {
      if (error === FULL) return undefined;
      throw error;
    }
    return end - offset;
  },
};

function pass(piece: Uint8Array, emit: Emit): void {
  try {
    emit(piece);
  } catch (error) {
    throw new EmitFailure(error);
  }
}

function run(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof EmitFailure) throw error.error;
    throw new CorruptDataError("zstd", (error as Error).message);
  }
}

/** Decompression of zstd with fzstd, which checks no checksums. It does not compress. */
export const fzstdEngine: Engine = {
  name: "fzstd",
  kind: "portable",
  createDecompressor: () => decompressor,
  // No decompressOnce: decompress() trusts the size field when it allocates.
  createDecoder,
};
