import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  Doc,
  DocReader,
  docStream,
  DocumentError,
  DocWriter,
  encodeRecord,
  FileError,
  openFile,
  RecordError,
  RecordLimitError,
  recordStream,
  TargetExistsError,
} from "../../doc/mod.ts";
import { checkDocument } from "../../doc/format/record.ts";
import { codecNames, compress, OutputLimitError } from "../../codec/mod.ts";
import { MemoryPool } from "../../pool/mod.ts";
import {
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Any document that a record can hold. */
const anyDoc = fc.record({
  key: fc.uint8Array({ maxLength: 60 }),
  content: fc.uint8Array({ maxLength: 2000 }),
}).filter(({ key, content }) => key.length + content.length > 0)
  .map(({ key, content }) => new Doc(key, content));

const anyCodec = fc.constantFrom(...codecNames);

/** Keys and contents of documents, to compare. */
function parts(docs: Iterable<Doc>): [number[], number[]][] {
  return Array.from(docs, ({ key, content }) => [[...key], [...content]]);
}

Deno.test("any documents, written with any codec, are read as they were", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  fc.assert(
    fc.property(
      fc.array(anyDoc, { maxLength: 20 }),
      anyCodec,
      (docs, codec) => {
        writeBinFile(path, docs, { codec, force: true });
        assertEquals(parts(readBinFile(path, codec)), parts(docs));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("a stream of documents is the same after it was bytes in chunks of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyDoc, { maxLength: 12 }),
      anyCodec,
      fc.integer({ min: 1, max: 700 }),
      async (docs, codec, chunkSize) => {
        const records = new Uint8Array(
          await new Response(
            ReadableStream.from(docs).pipeThrough(recordStream({ codec })),
          ).arrayBuffer(),
        );
        const chunks = [];
        for (let at = 0; at < records.length; at += chunkSize) {
          chunks.push(records.slice(at, at + chunkSize));
        }
        const back = await Array.fromAsync(
          docStream(ReadableStream.from(chunks), { codec }),
        );
        assertEquals(parts(back), parts(docs));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("the codec of a file is detected when it is not specified", () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(40);
  for (const codec of codecNames) {
    const path = directory.file(codec);
    writeBinFile(path, docs, { codec });
    assertEquals(outline(readBinFile(path)), outline(docs));
  }
});

Deno.test("a document is read at the offset that writing it returned", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(300);
  const offsets = writeBinFile(path, docs, { codec: "zstd" });
  using reader = new DocReader(path);
  for (const i of [299, 0, 150, 151, 7]) {
    reader.position = offsets[i];
    assertEquals(reader.read()?.text(), docs[i].text());
  }
});

Deno.test("entries lists keys, sizes and offsets without reading contents", () => {
  const docs = numberedDocs(50);
  const large = new Doc("large", new Uint8Array(3_000_000));
  const bytes = new Uint8Array(
    [...docs, large, ...docs].flatMap((
      d,
    ) => [...encodeRecord(d.key, d.content)]),
  );
  let read = 0;
  using reader = new DocReader({
    size: bytes.length,
    read(dst, offset, length, position) {
      const part = bytes.subarray(position, position + length);
      dst.set(part, offset);
      read += part.length;
      return part.length;
    },
    close() {},
  }, { codec: "none" });
  const entries = [...reader.entries()];
  assertEquals(entries.length, 101);
  assertEquals(entries[50].contentSize, 3_000_000);
  assertEquals(new TextDecoder().decode(entries[51].key), "key-0");
  assertEquals(entries[51].offset, entries[50].end);
  assert(read < 1_500_000, `read ${read} bytes`);
});

Deno.test("documents can be appended to an existing file", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(20);
  writeBinFile(path, docs.slice(0, 12), { codec: "lz4" });
  const size = Deno.statSync(path).size;
  const offsets = writeBinFile(path, docs.slice(12), {
    codec: "lz4",
    append: true,
  });
  assertEquals(offsets[0], size);
  assertEquals(outline(readBinFile(path)), outline(docs));
});

Deno.test("an existing file is not overwritten without force", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(1));
  assertThrows(() => new DocWriter(path), TargetExistsError, "--force");
  assertEquals(readBinFile(path).length, 1);
  writeBinFile(path, numberedDocs(2), { force: true });
  assertEquals(readBinFile(path).length, 2);
});

Deno.test("keys over the limit and empty documents are refused", () => {
  assertThrows(() => checkDocument(1001, 5, 1000), DocumentError, "1001");
  assertThrows(() => checkDocument(0, 0), DocumentError, "empty record");
  assertThrows(() => checkDocument(1, 2 ** 30 + 1), DocumentError, "Split it");
  checkDocument(0, 1);
  checkDocument(1, 0);
});

Deno.test("a longer key is accepted when the limit is raised for writing and for reading", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const doc = new Doc("k".repeat(5000), "content");
  writeBinFile(path, [doc], { keySizeLimit: 5000 });
  assertThrows(
    () => new DocReader(path, { codec: "none" }).read(),
    RecordError,
    "(limit 1000)",
  );
  using reader = new DocReader(path, { codec: "none", keySizeLimit: 5000 });
  assertEquals(reader.read()?.key.length, 5000);
});

/** Opens a reader on a record with a changed header. */
function damaged(change: (view: DataView) => void): DocReader {
  const bytes = encodeRecord(new Uint8Array(3).fill(107), new Uint8Array(5));
  change(new DataView(bytes.buffer));
  return new DocReader(bytes, { codec: "none" });
}

Deno.test("invalid sizes are errors with offset and reason", () => {
  const cases: [(view: DataView) => void, string][] = [
    [(view) => view.setInt32(0, -1, true), "invalid key size -1 (limit 1000)"],
    [
      (view) => view.setInt32(0, 0x7fffffff, true),
      "invalid key size 2147483647",
    ],
    [(view) => view.setInt32(7, -5, true), "invalid content size -5"],
    [
      (view) => view.setInt32(7, 0x40000001, true),
      "invalid content size 1073741825",
    ],
    [
      (view) => view.setInt32(7, 6, true),
      "truncated: 16 of 17 bytes left",
    ],
    [(view) => view.setInt32(7, 0x40000000, true), "truncated"],
  ];
  for (const [change, reason] of cases) {
    using reader = damaged(change);
    const error = assertThrows(() => reader.read(), RecordError, reason);
    assertEquals((error as RecordError).offset, 0);
  }
});

Deno.test("a record error has file, offset and key", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const [, second] = writeBinFile(path, numberedDocs(3), { codec: "gzip" });
  const bytes = Deno.readFileSync(path);
  bytes[second + 4 + 5 + 4 + 15] ^= 0xff;
  Deno.writeFileSync(path, bytes);
  using reader = new DocReader(path);
  reader.read();
  const error = assertThrows(() => reader.read(), RecordError) as RecordError;
  assertEquals([error.file, error.offset, error.key], [path, second, "key-1"]);
  assert(error.message.includes(path));
  assertEquals(reader.position, second, "the reader stays where it was");
});

Deno.test("a file cut anywhere never yields a partial document", () => {
  const docs = numberedDocs(6);
  const bytes = new Uint8Array(
    docs.flatMap((d) => [...encodeRecord(d.key, d.content)]),
  );
  const ends: number[] = [];
  docs.reduce((end, d) => {
    ends.push(end + 8 + d.key.length + d.content.length);
    return ends.at(-1)!;
  }, 0);
  for (let length = 0; length < bytes.length; length++) {
    using reader = new DocReader(bytes.subarray(0, length), { codec: "none" });
    const whole = ends.filter((end) => end <= length).length;
    const found: Doc[] = [];
    const readAll = () => {
      for (const doc of reader) found.push(doc);
    };
    if (length === 0 || ends.includes(length)) readAll();
    else assertThrows(readAll, RecordError);
    assertEquals(outline(found), outline(docs.slice(0, whole)));
  }
});

Deno.test("a stream that ends within a record is an error with its offset", async () => {
  const bytes = encodeRecord(new Uint8Array(2), new Uint8Array(10));
  const chunks = [bytes, bytes.slice(0, 7)];
  const error = await assertRejects(
    () => Array.fromAsync(docStream(ReadableStream.from(chunks))),
    RecordError,
    "the stream ends after 7 bytes",
  ) as RecordError;
  assertEquals(error.offset, bytes.length);
});

Deno.test("a document that decompresses to more than the limit is an error", () => {
  const bomb = compress(new Uint8Array(100_000), "gzip");
  const bytes = encodeRecord(new Uint8Array([1]), bomb);
  using reader = new DocReader(bytes, { codec: "gzip", maxSize: 99_999 });
  const error = assertThrows(
    () => reader.read(),
    RecordLimitError,
    "exceeds the limit of 99999",
  );
  assertEquals([error.offset, error.limit], [0, 99_999]);
  assertInstanceOf(error.cause, OutputLimitError);
  using other = new DocReader(bytes, { codec: "gzip", maxSize: 100_000 });
  assertEquals(other.read()?.content.length, 100_000);
});

Deno.test("an empty file has no documents", () => {
  using reader = new DocReader(new Uint8Array(0));
  assertEquals([...reader], []);
  assertEquals([...reader.entries()], []);
});

Deno.test("empty contents and empty keys are documents too", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = [new Doc("key", ""), new Doc("", "content")];
  for (const codec of codecNames) {
    writeBinFile(path, docs, { codec, force: true });
    assertEquals(outline(readBinFile(path, codec)), outline(docs));
  }
});

Deno.test("files that cannot be opened give an error that names them", () => {
  using directory = new TemporaryDirectory();
  const missing = directory.file("missing.bin");
  assertThrows(() => new DocReader(missing), FileError, missing);
  assertThrows(() => new DocReader(directory.path), FileError, "a directory");
  assertThrows(
    () => new DocWriter(directory.file("no/such/docs.bin")),
    FileError,
    "no such file or directory",
  );
});

Deno.test("closing a source twice does not close a file that was opened in between", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(3));
  const first = openFile(path);
  first.close();
  const second = openFile(path);
  first.close();
  assertEquals(second.read(new Uint8Array(9), 0, 9, 0), 9);
  second.close();
});

Deno.test("readers and writers return everything to the pool, even after errors", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const pool = new MemoryPool();
  for (let i = 0; i < 50; i++) {
    writeBinFile(path, numberedDocs(5), { codec: "gzip", force: true, pool });
    const bytes = Deno.readFileSync(path);
    bytes[40] ^= 0x10;
    using reader = new DocReader(bytes, { codec: "gzip", pool });
    assertThrows(() => [...reader], RecordError);
  }
  assertEquals(pool.statistics().total.inUse, 0);
  assertEquals(pool.outstanding(), []);
});
