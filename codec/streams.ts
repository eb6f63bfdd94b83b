import { toTransformStream } from "@std/streams";
import type { StreamCoder } from "./engine.ts";
import { findCodec } from "./codecs.ts";
import {
  createDecoder,
  createEncoder,
  decoderSliceSize,
} from "./stream_coders.ts";

/** Input of compressors, whose output is hardly larger, is taken in slices of this size, in bytes. */
const LARGE_SLICE_SIZE = 64 * 1024;

/**
 * A transform stream that compresses all that passes as one stream, in bounded memory.
 *
 * @throws {UnknownCodecError | NoEngineError | OptionError} As `compress`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressionStream, decompressionStream } from "@binfiles/binfiles/codec";
 *
 * const text = await new Response(
 *   new Blob(["many documents"]).stream()
 *     .pipeThrough(compressionStream("xz"))
 *     .pipeThrough(decompressionStream("xz")),
 * ).text();
 * assertEquals(text, "many documents");
 * ```
 */
export function compressionStream(
  codec: string | number,
  level?: number,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  return coderStream(createEncoder(codec, level), LARGE_SLICE_SIZE);
}

/**
 * A transform stream that decompresses what passes, in bounded memory. It fails
 * with a `CorruptDataError` when the data is malformed or cut short.
 *
 * @throws {UnknownCodecError | NoEngineError} As `decompress`.
 */
export function decompressionStream(
  codec: string | number,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  const { name } = findCodec(codec);
  return coderStream(createDecoder(name), decoderSliceSize(name));
}

/** Drives a coder between streams, no faster than the output is taken. */
function coderStream(
  coder: StreamCoder,
  sliceSize: number,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  return toTransformStream(
    async function* (source: ReadableStream<Uint8Array>) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      // Emitted bytes are borrowed; what goes downstream must be its own.
      // Not slice(), which is a view in the case of Node's Buffer.
      const keep = (bytes: Uint8Array) =>
        void pieces.push(new Uint8Array(bytes));
      try {
        for await (const chunk of source) {
          for (let at = 0; at < chunk.length; at += sliceSize) {
            coder.push(chunk.subarray(at, at + sliceSize), false, keep);
            yield* pieces.splice(0);
          }
        }
        coder.push(new Uint8Array(0), true, keep);
        yield* pieces;
      } finally {
        coder.close?.();
      }
    },
  );
}
