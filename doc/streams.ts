import { toTransformStream } from "@std/streams/to-transform-stream";
import {
  compress,
  type CompressOptions,
  decompress,
  type DecompressOptions,
} from "../codec/compress.ts";
import { findCodec } from "../codec/codecs.ts";
import { CodecError } from "../codec/errors.ts";
import { decompressionStream } from "../codec/streams.ts";
import { Doc } from "./doc.ts";
import { RecordError } from "./errors.ts";
import {
  checkDocument,
  DEFAULT_KEY_SIZE_LIMIT,
  encodeRecord,
  RecordState,
  RecordView,
} from "./format/record.ts";

/** How to read documents from a stream. */
export interface DocStreamOptions extends DecompressOptions {
  /** Codec of the contents. Default `none`: a stream is not inspected. */
  codec?: string | number;
  /** Package codec, that of the stream as a whole. Default `none`. */
  packageCodec?: string | number;
  /** Longest accepted key, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
}

/** How to write documents to a stream. */
export interface RecordStreamOptions extends CompressOptions {
  /** Codec of the contents. Default `gzip`, as in the original. */
  codec?: string | number;
  /** Longest accepted key, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
}

/**
 * Reads documents from a stream of bytes, such as that of a file, a pipe or an
 * HTTP response. Holds one document at a time. The documents own their bytes.
 *
 * The stream fails with a {@linkcode RecordError} at a corrupt or truncated record.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { docStream } from "@binfiles/binfiles/doc";
 *
 * const file = await Deno.open("tests/fixtures/none.bin.gzip");
 * let count = 0;
 * for await (const doc of docStream(file.readable, { packageCodec: "gzip" })) {
 *   if (doc.name !== "") count++;
 * }
 * assertEquals(count, 32);
 * ```
 */
export function docStream(
  bytes: ReadableStream<Uint8Array>,
  options: DocStreamOptions = {},
): ReadableStream<Doc> {
  const codec = findCodec(options.codec ?? "none").name;
  const packageCodec = findCodec(options.packageCodec ?? "none").name;
  const records = packageCodec === "none"
    ? bytes
    : bytes.pipeThrough(decompressionStream(packageCodec));
  return records.pipeThrough(toTransformStream(
    async function* (source: ReadableStream<Uint8Array>) {
      const record = new RecordView(
        options.keySizeLimit ?? DEFAULT_KEY_SIZE_LIMIT,
      );
      /** Unconsumed bytes, which start at `offset` of the stream. */
      let pending: Uint8Array = new Uint8Array(0);
      let length = 0;
      let offset = 0;
      const fail = (reason: string, key?: string, cause?: Error) =>
        new RecordError(reason, { offset, key }, { cause });

      for await (const chunk of source) {
        if (pending.length < length + chunk.length) {
          // Grows with what arrives, not with what an untrusted header claims.
          const larger = new Uint8Array(2 * (length + chunk.length));
          larger.set(pending.subarray(0, length));
          pending = larger;
        }
        pending.set(chunk, length);
        length += chunk.length;
        let at = 0;
        for (;;) {
          const state = record.parse(pending, at, length);
          if (state === RecordState.Invalid) throw fail(record.problem);
          if (state === RecordState.Cut) break;
          const { keyStart, keySize, contentStart, end } = record;
          const key = pending.slice(keyStart, keyStart + keySize);
          let content: Uint8Array;
          try {
            content = decompress(
              pending.subarray(contentStart, end),
              codec,
              options,
            );
          } catch (error) {
            if (!(error instanceof CodecError)) throw error;
            throw fail(error.message, record.key(pending), error);
          }
          yield new Doc(key, content);
          offset += end - at;
          at = end;
        }
        pending.copyWithin(0, at, length);
        length -= at;
      }
      if (length > 0) {
        throw fail(`truncated: the stream ends after ${length} bytes of it`);
      }
    },
  ));
}

/**
 * Creates a transform stream from documents to records.
 *
 * The stream fails with a {@linkcode DocumentError} if a document is over a limit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Doc, docStream, recordStream } from "@binfiles/binfiles/doc";
 *
 * const records = ReadableStream.from([new Doc("key", "content")])
 *   .pipeThrough(recordStream({ codec: "lz4" }));
 * for await (const doc of docStream(records, { codec: "lz4" })) {
 *   assertEquals(doc.text(), "content");
 * }
 * ```
 */
export function recordStream(
  options: RecordStreamOptions = {},
): TransformStream<Doc, Uint8Array<ArrayBuffer>> {
  const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT } = options;
  const codec = findCodec(options.codec ?? "gzip").name;
  return new TransformStream({
    transform({ key, content }, controller) {
      checkDocument(key.length, content.length, keySizeLimit);
      controller.enqueue(encodeRecord(key, compress(content, codec, options)));
    },
  });
}
