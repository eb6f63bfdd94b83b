/**
 * Does everything that works without `node:zlib`, checks it, and prints the errors
 * of what does not.
 *
 * Arguments: a document compressed with zstd, and with brotli, in base64
 */
import process from "node:process";
import type { CodecName } from "../../../codec/names.ts";

Object.assign(process, { getBuiltinModule: undefined });
const {
  compress,
  compressionStream,
  compressOriginal,
  decompress,
  decompressionStream,
  decompressOriginal,
  listEngines,
} = await import("../../../codec/mod.ts");

const zstd = Uint8Array.fromBase64(Deno.args[0]);
const brotli = Uint8Array.fromBase64(Deno.args[1]);
const document = decompress(zstd, "zstd");
const answers: unknown[] = [document.length];

function check(bytes: Uint8Array): void {
  if (
    bytes.length !== document.length ||
    !document.every((byte, i) => byte === bytes[i])
  ) throw new Error("not the same");
}

check(decompressOriginal(zstd, "zstd"));
check(decompress(brotli, "brotli"));
check(decompressOriginal(brotli, "brotli"));
for (const codec of ["none", "gzip", "zip", "bzip2", "lz4", "xz"] as const) {
  check(decompress(compress(document, codec), codec));
  check(decompressOriginal(compressOriginal(document, codec), codec));
  const stream = new Blob([document]).stream()
    .pipeThrough(compressionStream(codec))
    .pipeThrough(decompressionStream(codec));
  check(new Uint8Array(await new Response(stream).arrayBuffer()));
}
for (const codec of ["zstd", "brotli"] as const) {
  for (
    const write of [
      compress,
      compressOriginal,
      (_: Uint8Array, codec: CodecName) => compressionStream(codec),
    ]
  ) {
    try {
      write(document, codec);
      answers.push(`wrote ${codec}`);
    } catch (error) {
      const { name, message } = error as Error;
      answers.push(`${name}: ${message}`);
    }
  }
}
answers.push(listEngines().some(({ kind }) => kind === "native"));
console.log(JSON.stringify(answers));
