import { checkLevel, findCodec } from "../../codec/codecs.ts";
import type { CodecLike, CodecName } from "../../codec/names.ts";
import type { TargetOptions } from "./options.ts";

/** How the target of a job is compressed. */
export interface TargetFormat {
  /** Codec of the contents. */
  readonly codec: CodecName;
  /** Compression level of the contents; undefined if none was specified. */
  readonly level: number | undefined;
  /** Codec of the target as a whole. */
  readonly packageCodec: CodecName;
}

/**
 * Resolves the codecs of options, and checks the level.
 *
 * @param defaultCodec Codec of the contents if none is specified.
 * @throws {UnknownCodecError | OptionError} There is no such codec or level.
 */
export function resolveFormat(
  { targetCodec, packageCodec = "none", level }: Pick<
    TargetOptions,
    "targetCodec" | "packageCodec" | "level"
  >,
  defaultCodec: CodecName,
): TargetFormat {
  const codec = findCodec(targetCodec ?? defaultCodec);
  checkLevel(codec, level);
  return {
    codec: codec.name,
    level,
    packageCodec: findCodec(packageCodec).name,
  };
}

/** Resolves a codec, if one is specified. */
export function resolveCodec(
  codec: CodecLike | undefined,
): CodecName | undefined {
  return codec === undefined ? undefined : findCodec(codec).name;
}
