import { readUint32 } from "../bytes.ts";
import { CorruptDataError } from "../errors.ts";
import { SKIPPABLE_MAGIC, ZSTD_MAGIC } from "../magic.ts";
import type { StreamTracker } from "../native/coders.ts";

/** The magic number of a frame as a little-endian number (RFC 8878, 3.1.1). */
const MAGIC_NUMBER = readUint32(Uint8Array.from(ZSTD_MAGIC), 0);

/** The field that the tracker expects. */
const enum Expect {
  Magic,
  SkippableSize,
  Descriptor,
  BlockHeader,
}

/** Bytes of the dictionary ID, by the lowest two bits of the frame header descriptor. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
/** Bytes of the content size, by the highest two bits; 0 becomes 1 in a single-segment frame. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/**
 * Follows the frames of a zstd stream by their headers alone, to detect a
 * truncated frame, which the decompressors of the runtimes accept. Costs a few
 * steps per block of 128 KiB.
 */
export class ZstdFrameTracker implements StreamTracker {
  #expect = Expect.Magic;
  /** Bytes of the expected field so far, and their little-endian value. */
  #filled = 0;
  #value = 0;
  /** Bytes to skip before the expected field. */
  #skip = 0;
  #hasChecksum = false;
  #frames = 0;

  /** Whether there was a frame and the last one is complete. */
  get complete(): boolean {
    return this.#expect === Expect.Magic && this.#filled === 0 &&
      this.#skip === 0 && this.#frames > 0;
  }

  /** Starts over. */
  reset(): void {
    this.#expect = Expect.Magic;
    this.#filled =
      this.#value =
      this.#skip =
      this.#frames =
        0;
  }

  /** Takes the next bytes; see {@linkcode StreamTracker.push}. */
  push(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let at = start;
    while (at < end) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#value += bytes[at++] * 2 ** (8 * this.#filled++);
      if (this.#filled < fieldSize(this.#expect)) continue;
      const value = this.#value;
      this.#filled = this.#value = 0;
      this.#take(value);
    }
  }

  #take(value: number): void {
    switch (this.#expect) {
      case Expect.Magic:
        if (value === MAGIC_NUMBER) this.#expect = Expect.Descriptor;
        else if ((value & ~15) >>> 0 === SKIPPABLE_MAGIC) {
          this.#expect = Expect.SkippableSize;
        } else {
          throw new CorruptDataError(
            "zstd",
            this.#frames === 0
              ? "it does not begin with a zstd frame"
              : "a frame is followed by bytes that are not a zstd frame",
          );
        }
        this.#frames++;
        break;
      case Expect.SkippableSize:
        this.#skip = value;
        this.#expect = Expect.Magic;
        break;
      case Expect.Descriptor: {
        const singleSegment = (value >> 5) & 1;
        this.#hasChecksum = ((value >> 2) & 1) === 1;
        this.#skip = (singleSegment ? 0 : 1) + // window descriptor
          DICTIONARY_ID_BYTES[value & 3] +
          (CONTENT_SIZE_BYTES[value >> 6] || singleSegment);
        this.#expect = Expect.BlockHeader;
        break;
      }
      case Expect.BlockHeader: {
        const type = (value >> 1) & 3;
        if (type === 3) {
          throw new CorruptDataError("zstd", "reserved block type");
        }
        // A run-length block has one byte, whatever its content size.
        this.#skip = type === 1 ? 1 : value >> 3;
        if ((value & 1) === 0) break;
        if (this.#hasChecksum) this.#skip += 4;
        this.#expect = Expect.Magic;
        break;
      }
    }
  }
}

function fieldSize(expect: Expect): number {
  if (expect === Expect.Descriptor) return 1;
  return expect === Expect.BlockHeader ? 3 : 4;
}
