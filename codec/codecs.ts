import { brotli } from "./brotli.ts";
import { bzip2 } from "./bzip2.ts";
import type { Codec } from "./codec.ts";
import { UnknownCodecError } from "./errors.ts";
import { gzip, zip } from "./gzip.ts";
import { lz4 } from "./lz4.ts";
import { codecAliases, codecNames } from "./names.ts";
import { none } from "./none.ts";
import { xz } from "./xz.ts";
import { zstd } from "./zstd.ts";
import { OptionError } from "../pool/errors.ts";

/** All codecs, in the order of their numbers. */
export const codecs: readonly Codec[] = [
  gzip,
  none,
  zip,
  bzip2,
  brotli,
  lz4,
  xz,
  zstd,
];

const byName = new Map<string | number, Codec>();
for (const codec of codecs) byName.set(codec.name, codec).set(codec.id, codec);
for (const [alias, name] of Object.entries(codecAliases)) {
  byName.set(alias, byName.get(name)!);
}

/**
 * Finds a codec by its name, an alias (`br`, `bz2`, `gz`, `zst`) or its number.
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
export function findCodec(nameOrId: string | number): Codec {
  const codec = byName.get(nameOrId);
  if (codec === undefined) {
    throw new UnknownCodecError(
      String(nameOrId),
      `Cannot find a codec named "${nameOrId}": expected one of ${
        codecNames.join(", ")
      }`,
    );
  }
  return codec;
}

/**
 * The level to use of a codec: the given one, or its default.
 *
 * @throws {OptionError} The codec has no such level.
 */
export function checkLevel(codec: Codec, level?: number): number {
  const { min, max, default: usual } = codec.level;
  if (level === undefined || codec.name === "none") return usual;
  if (!Number.isInteger(level) || level < min || level > max) {
    throw new OptionError(
      `Cannot compress with ${codec.name} at level ${level}: expected ${min} to ${max}`,
    );
  }
  return level;
}
