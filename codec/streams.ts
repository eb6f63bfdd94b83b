import { toTransformStream } from "@std/streams";
import { checkLevel, findCodec } from "./codecs.ts";
import type { StreamCoder } from "./engine.ts";
import { engineFor } from "./engines.ts";

/**
 * Input is taken in slices of this size, in bytes. It bounds what one step of a
 * decompressor can pile up: a kilobyte of hostile zstd can stand for 32 MiB.
 */
const SLICE_SIZE = 1024;

/** Makes a coder that compresses one stream of any length; see {@linkcode StreamCoder}. */
export function createEncoder(
  codec: string | number,
  level?: number,
): StreamCoder {
  const found = findCodec(codec);
  return engineFor(found.name, "compress")
    .createEncoder!(checkLevel(found, level));
}

/** Makes a coder that decompresses one stream of any length; see {@linkcode StreamCoder}. */
export function createDecoder(codec: string | number): StreamCoder {
  return engineFor(codec, "decompress").createDecoder!();
}

/**
 * A transform stream that compresses all that passes as one stream, in bounded memory.
 *
 * @throws {UnknownCodecError | NoEngineError | RangeError} As `compress`.
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
  return coderStream(createEncoder(codec, level));
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
  return coderStream(createDecoder(codec));
}

/** Drives a coder between streams, no faster than the output is taken. */
function coderStream(
  coder: StreamCoder,
): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  return toTransformStream(
    async function* (source: ReadableStream<Uint8Array>) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      // Emitted bytes are borrowed; what goes downstream must be its own.
      const keep = (bytes: Uint8Array) => void pieces.push(bytes.slice());
      try {
        for await (const chunk of source) {
          for (let at = 0; at < chunk.length; at += SLICE_SIZE) {
            coder.push(chunk.subarray(at, at + SLICE_SIZE), false, keep);
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
