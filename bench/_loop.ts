/**
 * What most programs do: call a one-shot function on each document, in one
 * thread, with all documents in memory. Prints the seconds that takes.
 *
 * Usage: deno run -A bench/_loop.ts <function> <bin file>
 */
import zlib from "node:zlib";
import lz4js from "lz4js";
import { DocReader } from "../doc/mod.ts";

const functions: Record<string, (data: Uint8Array) => Uint8Array> = {
  gzip: (data) => zlib.gzipSync(data),
  gunzip: (data) => zlib.gunzipSync(data),
  zstd: (data) => zlib.zstdCompressSync(data),
  lz4: (data) => lz4js.compress(data),
  unlz4: (data) => lz4js.decompress(data),
};

const [name, path] = Deno.args;
const oneShot = functions[name];
using reader = new DocReader(path, { codec: "none" });
const contents = Array.from(reader, ({ content }) => content);
const started = performance.now();
let size = 0;
for (const content of contents) size += oneShot(content).length;
console.log((performance.now() - started) / 1000, size);
