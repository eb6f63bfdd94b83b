/** The first bytes of compressed data, for detection and for the codecs themselves. */

/** gzip, with the compression method deflate. */
export const GZIP_MAGIC: readonly number[] = [0x1f, 0x8b, 8];

/** bzip2: "BZh". */
export const BZIP2_MAGIC: readonly number[] = [0x42, 0x5a, 0x68];

/** The LZ4 frame format. */
export const LZ4_MAGIC: readonly number[] = [0x04, 0x22, 0x4d, 0x18];

/** xz. */
export const XZ_MAGIC: readonly number[] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];

/** Zstandard. */
export const ZSTD_MAGIC: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd];

/** Skippable frames of LZ4 and zstd, as a little-endian number without its lowest four bits. */
export const SKIPPABLE_MAGIC = 0x184d2a50;
