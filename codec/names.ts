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

/** Names of the codecs. */
export type CodecName = (typeof codecNames)[number];

/** Other names that users may give. */
export const codecAliases: Readonly<Record<string, CodecName>> = {
  gz: "gzip",
  bz2: "bzip2",
  br: "brotli",
  zst: "zstd",
};
