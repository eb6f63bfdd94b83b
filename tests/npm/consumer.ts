/**
 * A program that uses the package as a user would. The test compiles it with the
 * TypeScript compiler and runs it on every runtime.
 */
import * as everything from "@binfiles/binfiles";
import {
  type CodecName,
  codecNames,
  compress,
  compressionStream,
  decompress,
  decompressionStream,
  engineFor,
  preferEngine,
} from "@binfiles/binfiles/codec";
import {
  BatchProcessor,
  Doc,
  DocReader,
  docStream,
  DocWriter,
  encodeRecord,
  FileError,
  openFile,
  recordStream,
  repack,
  type RepackResult,
} from "@binfiles/binfiles/doc";
import {
  BinfilesError,
  MemoryPool,
  type MemoryPoolStatistics,
} from "@binfiles/binfiles/pool";

/** Size and checksum of everything that must be the same on all runtimes. */
export type Outcome = Record<string, string>;

/** Uses the whole package, with files in an empty directory. */
export async function exercise(directory: string): Promise<Outcome> {
  const outcome: Outcome = {};
  const missing = ["repack", "compress", "MemoryPool"]
    .filter((name) => !(name in everything));
  if (missing.length > 0) throw new Error(`missing: ${missing}`);

  const documents = Array.from(
    { length: 3000 },
    (_, i) => new Doc(`key-${i}`, `document ${i * i % 977}\n`.repeat(i % 90)),
  );
  const source = `${directory}/source.bin`;
  const writer = new DocWriter(source, { codec: "none" });
  const batch = new BatchProcessor(writer, 100);
  for (const document of documents) batch.addDoc(document);
  batch.close();
  outcome.source = await checksum(readFile(source));
  outcome.writer = await useWriter(`${directory}/writer.bin`);

  for (const codec of codecNames) {
    await roundTrip(codec, documents[89].content);
    await repackThereAndBack(codec);
  }
  // The output of native zlib depends on its version, that of fflate doesn't.
  preferEngine("portable", "gzip");
  await repackThereAndBack("gzip");
  preferEngine(undefined, "gzip");

  outcome.errors = await repack({ source: `${source}.not`, target: source })
    .then(() => "none", (error: unknown) => {
      if (error instanceof FileError) return error.constructor.name;
      throw error;
    });
  const statistics: MemoryPoolStatistics = new MemoryPool().statistics();
  outcome.pool = JSON.stringify(statistics.total);
  return outcome;

  async function repackThereAndBack(codec: CodecName) {
    const { kind, name } = engineFor(codec, "compress");
    const checksums: string[] = [];
    for (const workers of [1, 3]) {
      const target = `${directory}/${codec}-${
        name.replace(":", "-")
      }-${workers}.bin`;
      const there = await repack({
        source,
        target,
        targetCodec: codec,
        workers,
      });
      expect(there.documents, documents.length);
      await readInEveryWay(target, codec);
      checksums.push(await checksumOf(there));
      const back = await repack({
        source: target,
        target: `${target}.back`,
        sourceCodec: codec,
        workers,
      });
      expect(await checksumOf(back), outcome.source);
    }
    // The number of threads makes no difference.
    expect(checksums[0], checksums[1]);
    if (kind === "native") return;
    outcome[`${codec} by ${name}`] = checksums[0];
  }
}

/** Compresses and decompresses in one call, as a stream, and as records. */
async function roundTrip(codec: CodecName, content: Uint8Array) {
  const expected = await checksum(content);
  expect(await checksum(decompress(compress(content, codec), codec)), expected);
  const stream = new Blob([content.slice()]).stream()
    .pipeThrough(compressionStream(codec))
    .pipeThrough(decompressionStream(codec));
  expect(
    await checksum(new Uint8Array(await new Response(stream).arrayBuffer())),
    expected,
  );
  const records = new ReadableStream<Doc>({
    start(controller) {
      controller.enqueue(new Doc("key", content));
      controller.close();
    },
  }).pipeThrough(recordStream({ codec }));
  const reader = docStream(records, { codec }).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    expect(await checksum(value.content), expected);
  }
}

/** Writes in every way, and checks what each of them leaves. */
async function useWriter(path: string): Promise<string> {
  const doc = new Doc("key", "content");
  const options = { codec: "lz4", append: true } as const;
  const discarded = new DocWriter(path, { force: true });
  discarded.write(doc);
  discarded[Symbol.dispose]();
  const first = new DocWriter(path, options);
  first.write(doc);
  first.flush({ sync: true });
  first.write(doc);
  first.discard();
  const second = new DocWriter(path, { append: true });
  expect(second.codec, "lz4");
  second.writeStored(doc.key, compress(doc.content, "lz4"));
  second.close();
  const { writable } = new DocWriter(path, options);
  const stream = writable.getWriter();
  await stream.write(doc);
  await stream.close();
  for (
    const refused of [
      () => second.write(doc),
      () => new DocWriter(path, { codec: "xz", append: true }),
    ]
  ) {
    let error: unknown;
    try {
      refused();
    } catch (thrown) {
      error = thrown;
    }
    expect(error instanceof BinfilesError, true);
  }
  const reader = new DocReader(path);
  expect(
    Array.from(reader, (doc) => doc.text()).join(),
    "content,content,content",
  );
  reader[Symbol.dispose]();
  return await checksum(readFile(path));
}

/** Reads the first documents of a file in every way there is. */
async function readInEveryWay(path: string, codec: CodecName) {
  const reader = new DocReader(path);
  expect(reader.codec, codec === "zip" ? "gzip" : codec);
  const places = [...reader.entries()];
  reader.position = 0;
  const bytes = new Blob([readFile(path)]).stream();
  const streamed = docStream(bytes).getReader();
  for (const { offset, end } of places.slice(0, 100)) {
    const single = reader.readAt(offset, { size: end - offset });
    const { value } = await streamed.read();
    const [borrowed] = reader.borrowed();
    const expected = await checksum(single.content);
    expect(await checksum(borrowed!.content), expected);
    expect(await checksum(value!.content), expected);
    // The types of web APIs take a content as it is.
    const body = new Response(single.content);
    expect((await body.arrayBuffer()).byteLength, single.content.length);
  }
  await streamed.cancel();
  reader.close();
}

function readFile(path: string): Uint8Array<ArrayBuffer> {
  const file = openFile(path);
  const bytes = new Uint8Array(file.size);
  file.read(bytes, 0, file.size, 0);
  file.close();
  // The records that a reader finds are the file, byte by byte.
  const reader = new DocReader(path);
  let next = 0;
  for (const { offset, key, contentSize, end } of reader.entries()) {
    expect(offset, next);
    const record = encodeRecord(key, bytes.subarray(end - contentSize, end));
    const same = record.length === end - offset &&
      record.every((byte, i) => byte === bytes[offset + i]);
    expect(same, true);
    next = end;
  }
  expect(next, bytes.length);
  reader[Symbol.dispose]();
  return bytes;
}

function checksumOf({ targets }: RepackResult): Promise<string> {
  return checksum(readFile(targets[0]));
}

async function checksum(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes.slice());
  return `${bytes.length} ${
    Array.from(new Uint8Array(digest).subarray(0, 8)).join(".")
  }`;
}

function expect<T>(actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${actual} is not ${expected}`);
}
