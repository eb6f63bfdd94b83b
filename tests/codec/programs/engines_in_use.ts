/** Prints the engines in use for gzip, LZ4 and zstd, once they have passed a round trip. */
import { compress, decompress, engineFor } from "../../../codec/mod.ts";

for (const codec of ["gzip", "lz4", "zstd"] as const) {
  const size = decompress(compress(new Uint8Array(100), codec), codec).length;
  if (size !== 100) throw new Error(codec);
}
console.log(
  engineFor("gzip", "compress").name,
  engineFor("lz4", "compress").name,
  engineFor("zstd", "decompress").name,
);
