/** Names of all codecs, in the order of their numbers; see `Codec`. */
export const codecNames = [
  "gzip",
  "none",
  "zip",
  "bzip2",
  "brotli",
  "lz4",
  "xz",
  "zstd",
] as const;

/** Name of a codec. */
export type CodecName = (typeof codecNames)[number];

/** Other names of codecs. */
export type CodecAlias = "gz" | "bz2" | "br" | "zst";

/** The codec of each alias. */
export const codecAliases: Readonly<Record<CodecAlias, CodecName>> = {
  gz: "gzip",
  bz2: "bzip2",
  br: "brotli",
  zst: "zstd",
};

/** A codec by its name, an alias, or its number. */
export type CodecLike = CodecName | CodecAlias | number;
