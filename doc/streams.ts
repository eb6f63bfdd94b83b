import { checkBytes } from "../codec/bytes.ts";
import {
  compress,
  type CompressOptions,
  decompress,
  type DecompressOptions,
} from "../codec/compress.ts";
import { checkLevel, findCodec } from "../codec/codecs.ts";
import { CodecError } from "../codec/errors.ts";
import type { CodecLike, CodecName } from "../codec/names.ts";
import { createDecoder, decoderSliceSize } from "../codec/stream_coders.ts";
import { invalidArgument } from "../pool/check.ts";
import { type DetectedCodecs, detectStart } from "./detect_source.ts";
import { Doc } from "./doc.ts";
import { contentError, RecordError } from "./errors.ts";
import {
  checkDocument,
  checkLimits,
  DEFAULT_KEY_SIZE_LIMIT,
  encodeRecord,
  RecordState,
  RecordView,
} from "./format/record.ts";

/** How to read documents from a stream. */
export interface DocStreamOptions extends DecompressOptions {
  /** Codec of the contents. Default: detected by the first records. */
  codec?: CodecLike;
  /** Package codec, that of the stream as a whole. Default: detected. */
  packageCodec?: CodecLike;
  /** Maximum key size, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
}

/** How to write documents to a stream. */
export interface RecordStreamOptions extends CompressOptions {
  /** Codec of the contents. Default `gzip`, as in the original. */
  codec?: CodecLike;
  /** Maximum key size, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
}

/**
 * Reads documents from a stream of bytes, such as that of a file, a pipe or an
 * HTTP response: a web stream, a stream of Node, or any async iterable of chunks.
 * Holds one document at a time. The documents own their bytes.
 *
 * The codecs are detected as by `DocReader`. For that, the first documents wait
 * until 16 of them, 256 KiB or the whole stream have arrived. Where documents
 * arrive slowly and each is wanted at once, specify `codec`.
 *
 * The stream fails with a {@linkcode RecordError} at a corrupt or truncated record,
 * and with a `RecordLimitError` at a content that exceeds `maxSize`. When it fails
 * or is cancelled, `bytes` is cancelled as well.
 *
 * @throws {UnknownCodecError} A codec is unknown.
 * @throws {OptionError} A limit is invalid.
 * @throws {TypeError} `bytes` is something else. The stream fails with it if a
 * chunk is not a `Uint8Array`.
 *
 * @example
 * ```ts
 * import { createReadStream } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { docStream } from "@binfiles/binfiles/doc";
 *
 * const file = createReadStream("tests/fixtures/none.bin.gzip");
 * let count = 0;
 * for await (const doc of docStream(file)) {
 *   if (doc.name !== "") count++;
 * }
 * assertEquals(count, 32);
 * ```
 */
export function docStream(
  bytes: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  options: DocStreamOptions = {},
): ReadableStream<Doc> {
  checkLimits(options);
  const { codec, packageCodec } = options;
  const known = {
    codec: codec === undefined ? undefined : findCodec(codec).name,
    packageCodec: packageCodec === undefined
      ? undefined
      : findCodec(packageCodec).name,
  };
  const input = openChunks(bytes);
  const docs = readDocs(input, known, options);
  return new ReadableStream<Doc>({
    async pull(controller) {
      try {
        const { done, value } = await docs.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        // The source may have failed itself.
        input.cancel(error).catch(() => {});
        throw error;
      }
    },
    async cancel(reason) {
      // First, because it ends a read that is waiting for bytes.
      await input.cancel(reason);
      await docs.return();
    },
  }, { highWaterMark: 0 });
}

/** Chunks of bytes that are read one by one. */
interface Chunks {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  cancel(reason: unknown): Promise<unknown>;
}

function openChunks(
  bytes: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
): Chunks {
  // Not every browser can iterate over a web stream.
  if (bytes instanceof ReadableStream) {
    const reader = bytes.getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
      cancel: (reason) => reader.cancel(reason),
    };
  }
  if (typeof bytes?.[Symbol.asyncIterator] !== "function") {
    throw invalidArgument(
      "bytes",
      bytes,
      "a ReadableStream or an async iterable of Uint8Array",
    );
  }
  const iterator = bytes[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel: async () => await iterator.return?.(),
  };
}

/** The codecs of a stream, as far as they are specified. */
interface KnownCodecs {
  codec: CodecName | undefined;
  packageCodec: CodecName | undefined;
}

/** Reads the documents of a stream. */
async function* readDocs(
  input: Chunks,
  known: KnownCodecs,
  options: DocStreamOptions,
): AsyncGenerator<Doc, void, void> {
  const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT } = options;
  const { records, codec } = await openRecords(input, known, keySizeLimit);
  const record = new RecordView(keySizeLimit);
  /** Unconsumed bytes, which start at `offset` of the stream. */
  let pending = new Uint8Array(0);
  let length = 0;
  let offset = 0;
  const fail = (reason: string) => new RecordError(reason, { offset });

  for await (const chunk of records) {
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
      let content: Uint8Array<ArrayBuffer>;
      try {
        content = decompress(
          pending.subarray(contentStart, end),
          codec,
          options,
        );
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        throw contentError(error, { offset, key: record.key(pending) });
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
}

/** Detects the codecs that are not known, and decompresses a package. */
async function openRecords(
  input: Chunks,
  { codec, packageCodec }: KnownCodecs,
  keySizeLimit: number,
): Promise<{ records: AsyncIterable<Uint8Array>; codec: CodecName }> {
  let chunks = checkedChunks(input);
  if (packageCodec !== undefined) chunks = unpack(chunks, packageCodec);
  if (codec !== undefined && packageCodec !== undefined) {
    return { records: chunks, codec };
  }
  let start = new Uint8Array(0);
  let length = 0;
  let detected: DetectedCodecs | undefined;
  // Again only after twice as many bytes, so that many small chunks cost little.
  for (let next = 0; detected === undefined;) {
    const { done = false, value } = await chunks.next();
    if (value !== undefined) {
      if (start.length < length + value.length) {
        const larger = new Uint8Array(2 * (length + value.length));
        larger.set(start.subarray(0, length));
        start = larger;
      }
      start.set(value, length);
      length += value.length;
    }
    if (!done && length < next) continue;
    next = 2 * length;
    detected = detectStart(start.subarray(0, length), done, {
      keySizeLimit,
      codec,
      isUnpacked: packageCodec !== undefined,
    });
  }
  const all = prepend(start.subarray(0, length), chunks);
  return {
    records: unpack(all, detected.packageCodec),
    codec: codec ?? detected.codec ?? "none",
  };
}

async function* checkedChunks(
  input: Chunks,
): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const { done, value } = await input.next();
    if (done) return;
    checkBytes(value, "chunk of the stream");
    yield value;
  }
}

async function* prepend(
  start: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  yield start;
  yield* chunks;
}

/** Decompresses a package, as far as it is not corrupt. */
function unpack(
  chunks: AsyncGenerator<Uint8Array, void, void>,
  codec: CodecName,
): AsyncGenerator<Uint8Array, void, void> {
  return codec === "none" ? chunks : decompressChunks(chunks, codec);
}

async function* decompressChunks(
  chunks: AsyncIterable<Uint8Array>,
  codec: CodecName,
): AsyncGenerator<Uint8Array, void, void> {
  const sliceSize = decoderSliceSize(codec);
  const decoder = createDecoder(codec);
  const pieces: Uint8Array[] = [];
  let offset = 0;
  /** @returns The error if the package is corrupt. The pieces before that are kept. */
  const push = (slice: Uint8Array, isLast: boolean) => {
    try {
      decoder.push(slice, isLast, (piece) => {
        offset += piece.length;
        pieces.push(new Uint8Array(piece));
      });
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause;
      return new RecordError(
        `the package is corrupt from here on: ${cause.message}`,
        { offset },
        { cause },
      );
    }
  };
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += sliceSize) {
        const error = push(chunk.subarray(at, at + sliceSize), false);
        yield* pieces.splice(0);
        if (error !== undefined) throw error;
      }
    }
    const error = push(new Uint8Array(0), true);
    yield* pieces;
    if (error !== undefined) throw error;
  } finally {
    decoder.close?.();
  }
}

/**
 * Creates a transform stream from documents to records, for an upload, a response
 * or a pipe. To write a file that appears whole or not at all, pipe the documents
 * to {@linkcode DocWriter.writable} instead.
 *
 * The stream fails with a {@linkcode DocumentError} if a document is over a limit,
 * and with a `TypeError` if its key or content is not a `Uint8Array`. A stream that
 * failed is not ended, so its receiver does not take it for complete.
 *
 * @throws {UnknownCodecError | OptionError} The codec or another option is invalid.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Doc, docStream, recordStream } from "@binfiles/binfiles/doc";
 *
 * const records = ReadableStream.from([new Doc("key", "content")])
 *   .pipeThrough(recordStream({ codec: "lz4" }));
 * for await (const doc of docStream(records)) {
 *   assertEquals(doc.text(), "content");
 * }
 * ```
 */
export function recordStream(
  options: RecordStreamOptions = {},
): TransformStream<Doc, Uint8Array<ArrayBuffer>> {
  checkLimits(options);
  const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT } = options;
  const codec = findCodec(options.codec ?? "gzip");
  checkLevel(codec, options.level);
  return new TransformStream({
    transform({ key, content }, controller) {
      checkBytes(key, "doc.key");
      checkBytes(content, "doc.content");
      checkDocument(key.length, content.length, keySizeLimit);
      controller.enqueue(
        encodeRecord(key, compress(content, codec.name, options)),
      );
    },
  });
}
