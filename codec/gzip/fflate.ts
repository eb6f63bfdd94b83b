/**
 * gzip with npm:fflate, for runtimes without zlib.
 *
 * fflate inflates and deflates. The members are read here, because fflate checks
 * neither their checksums nor their sizes.
 */
import { concatenate, range, readUint32 } from "../bytes.ts";
import { Gzip, gzipSync, Inflate } from "fflate";
import { crc32 } from "../checksum/crc32.ts";
import { endOfGzipHeader, TRAILER_SIZE } from "./header.ts";
import type {
  Compressor,
  Decompressor,
  Emit,
  Engine,
  StreamCoder,
} from "../engine.ts";
import { CorruptDataError, unexpectedEnd } from "../errors.ts";

/** Largest ratio of deflate: a match of 258 bytes in two bits. A larger size field is corrupt. */
const MAX_RATIO = 1032;

/** fflate allocates one array for all output of a piece of input, so pieces are small. */
const INPUT_PIECE = 4 * 1024;

/** Private state of fflate's `Inflate`, the only way to find the end of the data. */
interface InflateInternals {
  /** Input that was not used. */
  p: Uint8Array;
  /** Output: the last 32 KiB, and room for more. */
  o: Uint8Array;
  /** Whether the last input was pushed. */
  d: boolean | number;
  s: {
    /** With the value 2, `o` is not replaced by a larger array. */
    i?: number;
    /** Position in `o`. */
    b?: number;
    /** Whether the last block has begun. */
    f?: number;
    /** The code of the current block; undefined between blocks. */
    l?: unknown;
    /** Position in `p`, in bits. */
    p?: number;
  };
}

const NOTHING: Uint8Array = new Uint8Array(0);

type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

function createCompressor(level: number): Compressor {
  // A fixed time, so that the output depends on the document alone.
  const options = { level: level as Level, mtime: 0 };
  return {
    compress(src, dst, offset, start = 0, end = src.length) {
      const result = gzipSync(range(src, start, end), options);
      if (result.length > dst.length - offset) return undefined;
      dst.set(result, offset);
      return result.length;
    },
  };
}

/** The flag of the last input; `Inflate` also stores it as `i` of its state. */
const LAST_INTO_GIVEN_OUTPUT = 2 as unknown as boolean;

/** Decompresses a single member directly into `dst`, anything else piece by piece. */
class FflateDecompressor implements Decompressor {
  readonly #inflate = new Inflate();

  decompress(
    source: Uint8Array,
    dst: Uint8Array,
    offset: number,
    first = 0,
    last = source.length,
  ): number | undefined {
    const src = range(source, first, last);
    const start = endOfGzipHeader(src, 0);
    const end = src.length - TRAILER_SIZE;
    if (start < 0 || start > end) throw unexpectedEnd("gzip");
    const claimed = readUint32(src, end + 4);
    if (claimed <= src.length * MAX_RATIO) {
      if (claimed > dst.length - offset) return undefined;
      const size = this.#inflateAll(src.subarray(start, end), dst, offset);
      if (
        size === claimed &&
        crc32(dst, offset, offset + size) === readUint32(src, end)
      ) return size;
    }
    return decompressPiecewise(src, dst, offset);
  }

  /** Returns the size of the output, or -1 if `deflated` is malformed or ends early. */
  #inflateAll(
    deflated: Uint8Array,
    dst: Uint8Array,
    offset: number,
  ): number {
    let size = 0;
    const inflate = this.#inflate;
    const internals = inflate as unknown as InflateInternals;
    internals.p = NOTHING;
    internals.o = dst.subarray(offset);
    internals.d = false;
    internals.s = { i: 0, b: 0 };
    inflate.ondata = (output) => void (size = output.length);
    try {
      inflate.push(deflated, LAST_INTO_GIVEN_OUTPUT);
    } catch {
      return -1;
    }
    const endsEarly = unreadInput(internals) > 0;
    internals.p = internals.o = NOTHING; // drops references to memory of the caller
    return endsEarly ? -1 : size;
  }
}

/** Number of bytes after the end of the data. */
function unreadInput(
  { p: input, s: { p: bits = 0 } }: InflateInternals,
): number {
  return input.length - Math.ceil(bits / 8);
}

/** Decompresses any number of members, with precise errors. */
function decompressPiecewise(
  src: Uint8Array,
  dst: Uint8Array,
  offset: number,
): number | undefined {
  let end = offset;
  const decoder = createDecoder();
  const write = (piece: Uint8Array) => {
    if (piece.length <= dst.length - end) dst.set(piece, end);
    end += piece.length;
  };
  for (let at = 0; at < src.length; at += INPUT_PIECE) {
    decoder.push(src.subarray(at, at + INPUT_PIECE), false, write);
    if (end > dst.length) return undefined;
  }
  decoder.push(NOTHING, true, write);
  return end - offset;
}

function createEncoder(level: number): StreamCoder {
  const gzip = new Gzip({ level: level as Level, mtime: 0 });
  return {
    push(chunk, last, emit) {
      gzip.ondata = emit;
      // A copy, because fflate keeps its input.
      gzip.push(new Uint8Array(chunk), last);
    },
  };
}

/** The part of a member that a decoder expects. */
const enum Expect {
  Header,
  Data,
  Trailer,
}

/** Reads gzip members from chunks of any size. */
function createDecoder(): StreamCoder {
  let expect = Expect.Header;
  /** Input that neither this decoder nor fflate has used. */
  let pending = new Uint8Array(0);
  let inflate: Inflate;
  let checksum = 0;
  let size = 0;
  let members = 0;

  /** Takes one step. @returns Whether more input may be usable. */
  function step(emit: Emit): boolean {
    if (expect === Expect.Header) {
      const end = endOfGzipHeader(pending, 0);
      if (end < 0) return false;
      inflate = new Inflate();
      checksum = size = 0;
      pending = pending.subarray(end);
      expect = Expect.Data;
      return true;
    }
    if (expect === Expect.Data && pending.length > 0) {
      // A copy, because fflate keeps its input.
      const piece = pending.slice(0, INPUT_PIECE);
      pending = pending.subarray(piece.length);
      inflatePiece(piece, emit);
      return true;
    }
    if (expect === Expect.Trailer && pending.length >= TRAILER_SIZE) {
      if (readUint32(pending, 0) !== checksum) {
        throw new CorruptDataError(
          "gzip",
          "a member does not match its checksum",
        );
      }
      if (readUint32(pending, 4) !== size % 2 ** 32) {
        throw new CorruptDataError(
          "gzip",
          "a member does not match its size field",
        );
      }
      pending = pending.subarray(TRAILER_SIZE);
      members++;
      expect = Expect.Header;
      return pending.length > 0;
    }
    return false;
  }

  function inflatePiece(input: Uint8Array, emit: Emit): void {
    let piece = NOTHING;
    inflate.ondata = (output) => piece = output;
    try {
      inflate.push(input);
    } catch (error) {
      throw new CorruptDataError("gzip", (error as Error).message);
    }
    checksum = crc32(piece, 0, piece.length, checksum);
    size += piece.length;
    if (piece.length > 0) emit(piece);
    const internals = inflate as unknown as InflateInternals;
    if (!internals.s.f || internals.s.l) return;
    const rest = internals.p.slice(internals.p.length - unreadInput(internals));
    pending = concatenate([rest, pending]);
    expect = Expect.Trailer;
  }

  return {
    push(chunk, last, emit) {
      pending = concatenate([pending, chunk]);
      while (step(emit));
      if (!last) return;
      if (members === 0 || expect !== Expect.Header || pending.length > 0) {
        throw unexpectedEnd("gzip");
      }
    },
  };
}

/** gzip with fflate. */
export const fflateEngine: Engine = {
  name: "fflate",
  kind: "portable",
  createCompressor,
  createDecompressor: () => new FflateDecompressor(),
  createEncoder,
  createDecoder,
  // No decompressOnce: gunzipSync() checks no checksum, reads only the first member,
  // and trusts the size field when it allocates.
  compressOnce: (data, level) =>
    gzipSync(data, { level: level as Level, mtime: 0 }),
};
