import type { CodecName } from "./names.ts";
import { codecs } from "./codecs.ts";
import { decompress } from "./compress.ts";
import { NoEngineError, OutputLimitError } from "./errors.ts";
import { createDecoder } from "./stream_coders.ts";

/**
 * Fewest bytes that make a match of codecs without a magic number more than
 * chance. Those that stand for nothing do not count: to brotli, each of the
 * characters 3, 5, 7, 9 and ; is an empty document.
 */
const MIN_EVIDENCE = 5;

/** Samples are decompressed up to this size, in bytes. */
const MAX_SAMPLE_SIZE = 16 * 1024 * 1024;

/**
 * Recognises a codec by the first bytes of what it wrote.
 *
 * @returns Its name, or undefined when no codec with a magic number wrote it:
 * it may then be brotli, or not compressed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compress, detectMagic } from "@binfiles/binfiles/codec";
 *
 * assertEquals(detectMagic(compress(new Uint8Array(10), "xz")), "xz");
 * assertEquals(detectMagic(new Uint8Array(10)), undefined);
 * ```
 */
export function detectMagic(bytes: Uint8Array): CodecName | undefined {
  return codecs.find(({ magic }) =>
    magic?.every((byte, i) => bytes[i] === byte)
  )?.name;
}

/**
 * Recognises the codec of a file by some of its contents: by the magic number
 * that all of them carry, or by decompressing them. Empty contents tell nothing.
 *
 * @param samples Whole contents, as they are in the file.
 * @returns `none` when no codec fits all samples.
 */
export function detectCodec(samples: readonly Uint8Array[]): CodecName {
  const telling = samples.filter(({ length }) => length > 0);
  if (telling.length === 0) return "none";
  const candidates = new Set(telling.map(detectMagic));
  if (candidates.size > 1) return "none";
  const [candidate] = candidates;
  if (candidate === undefined) {
    const sizes = telling.map((sample) => sizeOf(sample, "brotli"));
    const evidence = telling.reduce(
      (sum, { length }, i) => sizes[i] > 0 ? sum + length : sum,
      0,
    );
    return evidence >= MIN_EVIDENCE && sizes.every((size) => size >= 0)
      ? "brotli"
      : "none";
  }
  // One good content is enough beside the magic number: others may be damaged.
  return telling.some((sample) => sizeOf(sample, candidate) >= 0)
    ? candidate
    : "none";
}

/**
 * Recognises the codec of a content of which only the beginning is at hand, by
 * whether the beginning decompresses.
 *
 * @returns `none` when no codec fits.
 */
export function detectCodecOfStart(start: Uint8Array): CodecName {
  const candidate = detectMagic(start) ?? "brotli";
  const decoder = createDecoder(candidate);
  try {
    let size = 0;
    decoder.push(start, false, (piece) => size += piece.length);
    // Brotli has no magic number; output is the least it must show.
    return candidate !== "brotli" || size > 0 ? candidate : "none";
  } catch {
    return "none";
  } finally {
    decoder.close?.();
  }
}

/** @returns How many bytes `sample` decompresses to, if not too many, or -1 when it does not. */
function sizeOf(sample: Uint8Array, codec: CodecName): number {
  try {
    return decompress(sample, codec, { maxSize: MAX_SAMPLE_SIZE }).length;
  } catch (error) {
    // What was not tried proves nothing.
    if (error instanceof NoEngineError) throw error;
    // So much that came out without an error is proof enough.
    return error instanceof OutputLimitError ? MAX_SAMPLE_SIZE : -1;
  }
}
