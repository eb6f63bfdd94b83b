import { findCodec } from "../codec/codecs.ts";
import { checkInteger } from "../pool/check.ts";
import type { CodecLike } from "../codec/names.ts";
import { ContentCheck } from "./damage/content_check.ts";
import { resync } from "./damage/resync.ts";
import { checkLimits, DEFAULT_KEY_SIZE_LIMIT } from "./format/record.ts";
import type { ByteSource } from "./source/byte_source.ts";

/**
 * Finds the first record at or after an offset, which need not be the start of
 * a record. This is how a file is split into parts, and how reading continues
 * behind a corrupted region.
 *
 * A record counts if its content decompresses. With codec `none`, which is the
 * default, other records must follow it.
 *
 * @param options The codec of the contents, the maximum key size in bytes
 * (default {@linkcode DEFAULT_KEY_SIZE_LIMIT}), and the maximum size of a
 * content that is decompressed (default 1 GiB).
 * @returns The offset of the record in bytes; undefined if there is none.
 * @throws {UnknownCodecError | NoEngineError} The codec is unknown or unavailable.
 * @throws {FileError} The source cannot be read.
 * @throws {OptionError} The offset or a limit is invalid.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findRecord, openFile, RecordScanner } from "@binfiles/binfiles/doc";
 *
 * const source = openFile("tests/fixtures/gzip.bin");
 * using scanner = new RecordScanner(source);
 * scanner.next();
 * const second = scanner.position;
 * assertEquals(findRecord(source, 1, { codec: "gzip" }), second);
 * source.close();
 * ```
 */
export function findRecord(
  source: ByteSource,
  offset: number,
  options: { codec?: CodecLike; keySizeLimit?: number; maxSize?: number } = {},
): number | undefined {
  checkInteger("offset", offset, 0);
  checkLimits(options);
  const { codec = "none", keySizeLimit = DEFAULT_KEY_SIZE_LIMIT, maxSize } =
    options;
  const checkContent = new ContentCheck(findCodec(codec).name, { maxSize });
  return resync(source, offset, { keySizeLimit, checkContent });
}
