import { toTransformStream } from "@std/streams/to-transform-stream";
import { checkBytes } from "./bytes.ts";
import { findCodec } from "./codecs.ts";
import type { StreamCoder } from "./engine.ts";
import type { CodecLike } from "./names.ts";
import {
  createDecoder,
  createEncoder,
  decoderSliceSize,
} from "./stream_coders.ts";

/** Encoders get their input in slices of this size, in bytes; their output is hardly larger. */
const LARGE_SLICE_SIZE = 64 * 1024;

/**
 * Creates a transform stream that compresses its input as one stream, in bounded
 * memory.
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
  codec: CodecLike,
  level?: number,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  return coderStream(createEncoder(codec, level), LARGE_SLICE_SIZE);
}

/**
 * Creates a transform stream that decompresses its input, in bounded memory. The
 * stream fails with a `CorruptDataError` if the data is malformed or truncated.
 *
 * @throws {UnknownCodecError | NoEngineError} As `decompress`.
 */
export function decompressionStream(
  codec: CodecLike,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  const { name } = findCodec(codec);
  return coderStream(createDecoder(name), decoderSliceSize(name));
}

/** Runs a coder between streams, no faster than the output is consumed. */
function coderStream(
  coder: StreamCoder,
  sliceSize: number,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  return toTransformStream(
    async function* (source: ReadableStream<Uint8Array>) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      // Emitted bytes are borrowed, so they are copied. Not with slice(), which
      // returns a view of a Node Buffer.
      const keep = (bytes: Uint8Array) =>
        void pieces.push(new Uint8Array(bytes));
      try {
        for await (const chunk of source) {
          checkBytes(chunk, "chunk");
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
