/** Documents, reader, writer and batches of several sizes, with files in a temporary directory. */
import type { CodecName } from "../codec/mod.ts";
import { join } from "node:path";
import {
  BatchProcessor,
  compressDoc,
  compressDocOriginal,
  decompressDoc,
  decompressDocOriginal,
  type Doc,
  DocReader,
  DocWriter,
  type DocWriterOptions,
} from "../doc/mod.ts";
import { MemoryPool } from "../pool/mod.ts";
import { madeDocuments } from "./measure/documents.ts";

const directory = Deno.makeTempDirSync({ prefix: "binfiles-bench-" });
globalThis.addEventListener("unload", () => {
  Deno.removeSync(directory, { recursive: true });
});

const docs = [...madeDocuments("json", 2000, 1000)];
const path = join(directory, "docs.bin");
const off = new MemoryPool({ enabled: false });

for (const codec of ["gzip", "zstd", "lz4"] as const) {
  const packed = compressDoc(docs[0], codec);
  const there = `compressDoc, 1 KB, ${codec}`;
  Deno.bench(`original: ${there}`, { group: there, baseline: true }, () => {
    compressDocOriginal(docs[0], codec);
  });
  Deno.bench(`pooled: ${there}`, { group: there }, () => {
    compressDoc(docs[0], codec);
  });
  const back = `decompressDoc, 1 KB, ${codec}`;
  Deno.bench(`original: ${back}`, { group: back, baseline: true }, () => {
    decompressDocOriginal(packed, codec);
  });
  Deno.bench(`pooled: ${back}`, { group: back }, () => {
    decompressDoc(packed, codec);
  });

  const file = join(directory, `${codec}.bin`);
  write(file, docs, { codec });
  const reading = `read 2000 documents of 1 KB, ${codec}`;
  Deno.bench(`pool off: ${reading}`, { group: reading, baseline: true }, () => {
    read(file, codec, off);
  });
  Deno.bench(`pooled: ${reading}`, { group: reading }, () => {
    read(file, codec);
  });
  const writing = `write 2000 documents of 1 KB, ${codec}`;
  Deno.bench(`pool off: ${writing}`, { group: writing, baseline: true }, () => {
    write(path, docs, { codec, pool: off });
  });
  Deno.bench(`pooled: ${writing}`, { group: writing }, () => {
    write(path, docs, { codec });
  });
}

const batches = "write 2000 documents of 1 KB in batches";
for (const size of [1, 10, 100, 1000]) {
  const options = { group: batches, baseline: size === 1 };
  Deno.bench(`of ${size}: ${batches}`, options, () => {
    using batch = new BatchProcessor(
      new DocWriter(path, { codec: "none", force: true }),
      size,
    );
    for (const doc of docs) batch.addDoc(doc);
    batch.close();
  });
}
Deno.bench(
  `by bytes, as DocWriter does: ${batches}`,
  { group: batches },
  () => {
    write(path, docs, { codec: "none" });
  },
);

const stored = "write 2000 documents of 1 KB that are compressed already, gzip";
const packed = docs.map((doc) => compressDoc(doc, "gzip"));
Deno.bench(`written: ${stored}`, { group: stored, baseline: true }, () => {
  write(path, docs, { codec: "gzip" });
});
for (const check of [true, false]) {
  const how = check ? "stored and checked" : "stored";
  Deno.bench(`${how}: ${stored}`, { group: stored }, () => {
    using writer = new DocWriter(path, { codec: "gzip", force: true });
    for (const { key, content } of packed) {
      writer.writeStored(key, content, { check });
    }
    writer.close();
  });
}

function write(path: string, docs: Doc[], options: DocWriterOptions): void {
  using writer = new DocWriter(path, { ...options, force: true });
  for (const doc of docs) writer.write(doc);
  writer.close();
}

function read(path: string, codec: CodecName, pool?: MemoryPool): number {
  using reader = new DocReader(path, { codec, pool });
  let bytes = 0;
  for (const { content } of reader) bytes += content.length;
  return bytes;
}
