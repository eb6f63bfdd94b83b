import { STANDARD_STREAM } from "./source/standard_input.ts";
import { checkBytes } from "../codec/bytes.ts";
import type { CodecName } from "../codec/names.ts";
import { findCodec } from "../codec/codecs.ts";
import { packageSource, standardInput } from "./source/sequential_source.ts";
import {
  type ByteSource,
  memorySource,
  openFile,
} from "./source/byte_source.ts";
import { checkLimits } from "./format/record.ts";
import { detectSource, type OpenInputOptions } from "./detect_source.ts";

/** An open input. */
export interface OpenedInput {
  /** The records, decompressed if the input is a package. The caller closes it. */
  source: ByteSource;
  /** Codec of the contents. */
  codec: CodecName;
  /** Package codec of the input; `none` for a plain bin file. */
  packageCodec: CodecName;
}

/**
 * Opens a bin file for reading: a path, `-` for the standard input, bytes in
 * memory, or any {@linkcode ByteSource}. A package is decompressed while it is
 * read.
 *
 * Plain files can be read from any position. The standard input and packages are
 * meant to be read from start to end. The last 17 MiB are kept, so reading
 * further back restarts the decompression of a package and is an error for the
 * standard input. Their `size` is Infinity until the end has been reached.
 *
 * @throws {FileError} The input cannot be opened or read.
 * @throws {UnknownCodecError} `options.codec` is unknown.
 * @throws {OptionError} A limit is invalid.
 * @throws {TypeError} `input` is something else.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openInput, RecordScanner } from "@binfiles/binfiles/doc";
 *
 * const { source, packageCodec } = openInput("tests/fixtures/none.bin.xz");
 * assertEquals(packageCodec, "xz");
 * {
 *   using scanner = new RecordScanner(source);
 *   let count = 0;
 *   while (scanner.next()) count++;
 *   assertEquals(count, 32);
 * }
 * source.close();
 * ```
 */
export function openInput(
  input: string | Uint8Array | ByteSource,
  options: OpenInputOptions = {},
): OpenedInput {
  checkLimits(options);
  const source = open(input);
  try {
    const { packageCodec, codec } = detectSource(source, options);
    return {
      source: packageCodec === "none"
        ? source
        : packageSource(source, packageCodec),
      packageCodec,
      codec: options.codec === undefined
        ? codec ?? "none"
        : findCodec(options.codec).name,
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

function open(input: string | Uint8Array | ByteSource): ByteSource {
  if (typeof input === "string") {
    return input === STANDARD_STREAM ? standardInput() : openFile(input);
  }
  // A source has a method of that name; a Uint8Array has not.
  if (typeof (input as Partial<ByteSource>)?.read === "function") {
    return input as ByteSource;
  }
  checkBytes(input, "input");
  return memorySource(input);
}
