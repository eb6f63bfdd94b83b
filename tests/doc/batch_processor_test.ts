import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  BatchProcessor,
  ClosedError,
  Doc,
  DocumentError,
  DocWriter,
} from "../../doc/mod.ts";
import { OptionError } from "../../pool/mod.ts";
import {
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("a batch is flushed when it is full, and written when it is flushed or closed", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(8);
  const batch = new BatchProcessor(
    new DocWriter(path, { codec: "none", append: true }),
    3,
  );
  const seen = () => readBinFile(path, "none").length;
  for (const doc of docs.slice(0, 4)) batch.addDoc(doc);
  assertEquals([batch.pending, seen()], [1, 3]);
  batch.flush();
  assertEquals([batch.pending, seen()], [0, 4]);
  for (const doc of docs.slice(4)) batch.addDoc(doc);
  assertEquals(batch.pending, 1);
  batch.close();
  assertEquals(batch.pending, 0);
  assertEquals(outline(readBinFile(path)), outline(docs));
});

Deno.test("a document that is refused is not added, and all others are", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(10);
  const bad: [Doc, new () => Error, string][] = [
    [new Doc("b".repeat(1001), "2"), DocumentError as never, "1001"],
    [new Doc("", ""), DocumentError as never, "empty record"],
    [
      { key: "text", content: new Uint8Array(1) } as unknown as Doc,
      TypeError as never,
      "doc.key: expected a Uint8Array",
    ],
    [
      {
        key: new Uint8Array(1),
        content: new Float64Array(1),
      } as unknown as Doc,
      TypeError as never,
      "doc.content: expected a Uint8Array",
    ],
  ];
  const batch = new BatchProcessor(new DocWriter(path), 3);
  for (const doc of docs) {
    for (const [refused, kind, message] of bad) {
      const { pending } = batch;
      assertThrows(() => batch.addDoc(refused), kind, message);
      assertEquals(batch.pending, pending);
    }
    batch.addDoc(doc);
  }
  batch.close();
  assertEquals(outline(readBinFile(path)), outline(docs));
});

Deno.test("a document is encoded when it is added, so its buffer can be reused", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const batch = new BatchProcessor(new DocWriter(path, { codec: "lz4" }), 100);
  const key = new Uint8Array(1);
  const content = new Uint8Array(100);
  for (let i = 0; i < 50; i++) {
    key.fill(65 + i);
    content.fill(i);
    batch.addDoc(new Doc(key, content));
  }
  batch.close();
  assertEquals(
    readBinFile(path, "lz4").map((doc) => [doc.key[0], ...doc.content]),
    Array.from({ length: 50 }, (_, i) => [65 + i, ...Array(100).fill(i)]),
  );
});

Deno.test("documents reach the file while a batch is filled, not all at its end", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  using batch = new BatchProcessor(
    new DocWriter(path, { codec: "none", append: true }),
    1000,
  );
  const doc = new Doc("key", new Uint8Array(10_000));
  for (let i = 0; i < 60; i++) batch.addDoc(doc);
  assertEquals(batch.pending, 60);
  assertGreater(readBinFile(path, "none").length, 30);
});

Deno.test("leaving the scope of a batch without close discards its file", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(2));
  const fail = () => {
    using batch = new BatchProcessor(new DocWriter(path, { force: true }), 2);
    for (const doc of numberedDocs(9)) batch.addDoc(doc);
    throw new Error("stopped");
  };
  assertThrows(fail, Error, "stopped");
  assertEquals(outline(readBinFile(path)), outline(numberedDocs(2)));
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("a batch whose writer is closed says so, and closes and discards any number of times", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  for (const end of ["close", "discard"] as const) {
    const batch = new BatchProcessor(new DocWriter(path, { force: true }), 2);
    batch.addDoc(new Doc("a", "1"));
    batch[end]();
    const message = `Cannot write to ${path}: the writer is closed`;
    assertThrows(() => batch.addDoc(new Doc("b", "2")), ClosedError, message);
    assertThrows(() => batch.flush(), ClosedError, message);
    batch.close();
    batch.discard();
    batch[Symbol.dispose]();
    assertEquals(readBinFile(path).length, 1);
  }
});

Deno.test("batches of no documents, or of a fraction, are refused", () => {
  using directory = new TemporaryDirectory();
  using writer = new DocWriter(directory.file("docs.bin"));
  for (const size of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new BatchProcessor(writer, size), OptionError);
  }
});

Deno.test("a batch of an invalid size discards its writer, which nothing else may hold", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  assertThrows(() => new BatchProcessor(new DocWriter(path), 0), OptionError);
  assertEquals(directory.list(), []);
});
