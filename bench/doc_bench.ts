/** Documents, reader, writer and batches of several sizes, with files in a temporary directory. */
import { type CodecName, leaseDecompressor } from "../codec/mod.ts";
import { openSync, readSync } from "node:fs";
import { join } from "node:path";
import {
  BatchProcessor,
  compressDoc,
  compressDocOriginal,
  decompressDoc,
  decompressDocOriginal,
  Doc,
  DocReader,
  DocWriter,
  type DocWriterOptions,
  repack,
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

for (const codec of ["gzip", "zstd", "none"] as const) {
  const file = join(directory, `${codec}.bin`);
  write(file, docs, { codec });
  const reader = new DocReader(file);
  const records = Array.from(
    reader.entries(),
    ({ offset, end }) => ({ offset, size: end - offset }),
  );
  let i = 0;
  // A prime, so that the documents are read in no order.
  const next = () => records[i = (i + 997) % records.length];
  const group = `read a document of 1 KB at its offset, ${codec}`;
  const readExactly = exactReader(file, codec);
  Deno.bench(`by hand: ${group}`, { group, baseline: true }, () => {
    readExactly(next());
  });
  Deno.bench(`readAt with the size: ${group}`, { group }, () => {
    const { offset, size } = next();
    reader.readAt(offset, { size });
  });
  Deno.bench(`readAt: ${group}`, { group }, () => {
    reader.readAt(next().offset);
  });
  Deno.bench(`position and read: ${group}`, { group }, () => {
    reader.position = next().offset;
    reader.read();
  });
}

// Enough that opening and closing files does not count.
const manyDocs = [...madeDocuments("json", 20_000, 1000)];
for (const [from, to] of [["gzip", "zstd"], ["zstd", "lz4"]] as const) {
  const source = join(directory, `many.${from}.bin`);
  write(source, manyDocs, { codec: from });
  const group = `copy 20,000 documents of 1 KB, ${from} to ${to}`;
  Deno.bench(
    `repack in one thread: ${group}`,
    { group, baseline: true },
    async () => {
      await repack({
        source,
        target: path,
        targetCodec: to,
        workers: 1,
        force: true,
      });
    },
  );
  Deno.bench(`borrowed: ${group}`, { group }, () => {
    using reader = new DocReader(source);
    write(path, reader.borrowed(), { codec: to });
  });
  Deno.bench(`owned: ${group}`, { group }, () => {
    using reader = new DocReader(source);
    write(path, reader, { codec: to });
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

function write(
  path: string,
  docs: Iterable<Doc>,
  options: DocWriterOptions,
): void {
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

/** Reads documents of known sizes as a program without `DocReader` does: with one exact read. */
function exactReader(
  path: string,
  codec: CodecName,
): (record: { offset: number; size: number }) => Doc {
  const descriptor = openSync(path, "r");
  const decompressor = leaseDecompressor(codec);
  const record = new Uint8Array(64 * 1024);
  const content = new Uint8Array(64 * 1024);
  const view = new DataView(record.buffer);
  return ({ offset, size }) => {
    readSync(descriptor, record, 0, size, offset);
    const keyEnd = 4 + view.getInt32(0, true);
    const start = keyEnd + 4;
    const end = start + view.getInt32(keyEnd, true);
    const length = decompressor.decompress(record, content, 0, start, end);
    return new Doc(record.slice(4, keyEnd), content.slice(0, length));
  };
}
