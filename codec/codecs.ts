import { OptionError } from "../pool/errors.ts";
import { UnknownCodecError } from "./errors.ts";
import {
  BZIP2_MAGIC,
  GZIP_MAGIC,
  LZ4_MAGIC,
  XZ_MAGIC,
  ZSTD_MAGIC,
} from "./magic.ts";
import { codecAliases, type CodecName, codecNames } from "./names.ts";

/** A compression format: its names and properties. Engines implement it; see `listEngines()`. */
export interface Codec {
  /** Name. */
  readonly name: CodecName;
  /** Number: the original's, and 7 for zstd, which the original does not have. */
  readonly id: number;
  /** Suffix of files that are compressed as a whole, with its dot. Empty for none. */
  readonly suffix: string;
  /** Range of levels, and the default: the original's where it has one. */
  readonly level: { min: number; max: number; default: number };
  /** First bytes of all compressed data; undefined if the format has no magic number. */
  readonly magic: readonly number[] | undefined;
  /** Whether a concatenation of streams reads as one stream. */
  readonly concatenable: boolean;
}

/** gzip, RFC 1952. */
const gzip: Codec = {
  name: "gzip",
  id: 0,
  suffix: ".gz",
  level: { min: 0, max: 9, default: 6 },
  magic: GZIP_MAGIC,
  concatenable: true,
};

/** All codecs, in the order of their numbers. */
export const codecs: readonly Codec[] = [
  gzip,
  {
    name: "none",
    id: 1,
    suffix: "",
    level: { min: 0, max: 0, default: 0 },
    magic: undefined,
    concatenable: true,
  },
  // In the original, zip is gzip under another name and number.
  { ...gzip, name: "zip", id: 2 },
  // As in bzip2 1.0.
  {
    name: "bzip2",
    id: 3,
    suffix: ".bz2",
    level: { min: 1, max: 9, default: 6 },
    magic: BZIP2_MAGIC,
    concatenable: true,
  },
  // RFC 7932. It has no checksum and no magic number.
  {
    name: "brotli",
    id: 4,
    suffix: ".br",
    level: { min: 0, max: 11, default: 6 },
    magic: undefined,
    concatenable: false,
  },
  // The frame format, with content checksums.
  {
    name: "lz4",
    id: 5,
    suffix: ".lz4",
    level: { min: 1, max: 9, default: 1 },
    magic: LZ4_MAGIC,
    concatenable: true,
  },
  // LZMA2 in the xz container, with CRC-64.
  {
    name: "xz",
    id: 6,
    suffix: ".xz",
    level: { min: 0, max: 9, default: 6 },
    magic: XZ_MAGIC,
    concatenable: true,
  },
  // Zstandard, RFC 8878, with content checksums. Not in the original.
  {
    name: "zstd",
    id: 7,
    suffix: ".zst",
    level: { min: 1, max: 22, default: 3 },
    magic: ZSTD_MAGIC,
    concatenable: true,
  },
];

const byName = new Map<string | number, Codec>();
for (const codec of codecs) byName.set(codec.name, codec).set(codec.id, codec);
for (const [alias, name] of Object.entries(codecAliases)) {
  byName.set(alias, byName.get(name)!);
}

/**
 * Finds a codec by its name, an alias (`br`, `bz2`, `gz`, `zst`) or its number.
 * Takes any string, so that it also checks the input of users.
 *
 * @throws {UnknownCodecError} There is no such codec.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findCodec } from "@binfiles/binfiles/codec";
 *
 * assertEquals(findCodec("br").name, "brotli");
 * assertEquals(findCodec(3).name, "bzip2");
 * ```
 */
export function findCodec(codec: string | number): Codec {
  const found = byName.get(codec);
  if (found === undefined) {
    throw new UnknownCodecError(
      String(codec),
      `Cannot find a codec named "${codec}": expected one of ${
        codecNames.join(", ")
      }`,
    );
  }
  return found;
}

/**
 * Returns the compression level to use: the given one, or the codec's default.
 *
 * @throws {OptionError} The codec has no such level.
 */
export function checkLevel(codec: Codec, level?: number): number {
  const { min, max, default: usual } = codec.level;
  if (level === undefined || codec.name === "none") return usual;
  if (!Number.isInteger(level) || level < min || level > max) {
    throw new OptionError(
      `Cannot compress with ${codec.name}: invalid level ${level} (expected ${min} to ${max})`,
      { option: "level", value: level },
    );
  }
  return level;
}

/** The format that a codec writes: zip is another name for gzip. */
export function formatOf(codec: CodecName): CodecName {
  return codec === "zip" ? "gzip" : codec;
}
