import { checkBytes } from "./bytes.ts";
import { codecs } from "./codecs.ts";
import { decompress } from "./compress.ts";
import { NoEngineError, OutputLimitError } from "./errors.ts";
import type { CodecName } from "./names.ts";
import { createDecoder } from "./stream_coders.ts";

/**
 * Fewest bytes that prove a codec without a magic number. Samples that decompress
 * to nothing do not count: each of the characters 3, 5, 7, 9 and ; is an empty
 * brotli stream.
 */
const MIN_EVIDENCE = 5;

/** Samples are decompressed up to this size, in bytes. */
const MAX_SAMPLE_SIZE = 16 * 1024 * 1024;

/**
 * Recognizes a codec by the first bytes of its output.
 *
 * @returns Its name, or undefined if the bytes are no magic number: the data may
 * be brotli or uncompressed.
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
  checkBytes(bytes, "bytes");
  return codecs.find(({ magic }) =>
    magic?.every((byte, i) => bytes[i] === byte)
  )?.name;
}

/**
 * Recognizes the codec of a file from some of its contents: by the magic number
 * that all of them have, or by decompressing them. Empty contents are ignored.
 *
 * @param samples Whole contents, as they are stored in the file.
 * @returns The codec, or `none` if no codec fits all samples.
 */
export function detectCodec(samples: readonly Uint8Array[]): CodecName {
  for (const sample of samples) checkBytes(sample, "samples");
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
  // With the magic number, one valid content is enough: others may be corrupt.
  return telling.some((sample) => sizeOf(sample, candidate) >= 0)
    ? candidate
    : "none";
}

/**
 * Recognizes the codec of a content from its beginning alone, by decompressing it.
 *
 * @returns The codec, or `none` if no codec fits.
 */
export function detectCodecOfStart(start: Uint8Array): CodecName {
  const candidate = detectMagic(start) ?? "brotli";
  const decoder = createDecoder(candidate);
  try {
    let size = 0;
    decoder.push(start, false, (piece) => size += piece.length);
    // Brotli has no magic number, so it must at least produce output.
    return candidate !== "brotli" || size > 0 ? candidate : "none";
  } catch {
    return "none";
  } finally {
    decoder.close?.();
  }
}

/** Returns the decompressed size of `sample`, at most {@linkcode MAX_SAMPLE_SIZE}, or -1 if it is corrupt. */
function sizeOf(sample: Uint8Array, codec: CodecName): number {
  try {
    return decompress(sample, codec, { maxSize: MAX_SAMPLE_SIZE }).length;
  } catch (error) {
    // Without an engine nothing was tried.
    if (error instanceof NoEngineError) throw error;
    // That much output without an error is proof.
    return error instanceof OutputLimitError ? MAX_SAMPLE_SIZE : -1;
  }
}
