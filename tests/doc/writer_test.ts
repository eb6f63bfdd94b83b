import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  codecNames,
  compress,
  CorruptDataError,
  findCodec,
  UnknownCodecError,
} from "../../codec/mod.ts";
import {
  ClosedError,
  Doc,
  DocReader,
  DocumentError,
  DocWriter,
  FileError,
  packageFiles,
  recordStream,
} from "../../doc/mod.ts";
import { MemoryPool, OptionError } from "../../pool/mod.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Writes documents without specifying a codec. */
function append(path: string, docs: Iterable<Doc>): void {
  writeBinFile(path, docs, { append: true, codec: undefined });
}

Deno.test("appending takes the codec of the file, and a new or empty file takes the option", () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(30);
  for (const codec of codecNames) {
    const path = directory.file(codec);
    Deno.writeFileSync(path, new Uint8Array(0));
    writeBinFile(path, docs.slice(0, 10), { append: true, codec });
    append(path, docs.slice(10, 20));
    writeBinFile(path, docs.slice(20), { append: true, codec });
    const format = codec === "zip" ? "gzip" : codec;
    using writer = new DocWriter(path, { append: true });
    assertEquals(writer.codec, format);
    assertEquals(outline(readBinFile(path)), outline(docs));
    assertEquals(outline(readBinFile(path, codec)), outline(docs));
  }
  const path = directory.file("new");
  append(path, docs);
  assertEquals(outline(readBinFile(path, "gzip")), outline(docs));
});

Deno.test("appending takes the codec of files that the original wrote", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  for (const codec of codecNames) {
    // The original has no zstd, and there is no file of zip, which is gzip.
    if (codec === "zstd" || codec === "zip") continue;
    Deno.copyFileSync(fixture(`${codec}.bin`), path);
    const before = readBinFile(path, codec);
    append(path, numberedDocs(3));
    assertEquals(
      outline(readBinFile(path, codec)),
      outline([...before, ...numberedDocs(3)]),
    );
  }
});

Deno.test("appending with another codec is refused with an error that names both, and the file stays unchanged", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const formats = codecNames.filter((codec) => codec !== "zip");
  for (const codec of formats) {
    writeBinFile(path, numberedDocs(10), { codec, force: true });
    // A torn record stays as well.
    const { size } = Deno.statSync(path);
    Deno.truncateSync(path, size - 1);
    const before = Deno.readFileSync(path);
    for (const other of formats) {
      if (other === codec) continue;
      assertThrows(
        () => new DocWriter(path, { append: true, codec: other }),
        FileError,
        `Cannot append to ${path}: its documents seem to have the codec ` +
          `${codec}, not ${other}. Use force`,
      );
      assertEquals(Deno.readFileSync(path), before);
    }
    const { id } = findCodec(codec);
    writeBinFile(path, numberedDocs(1), { append: true, codec: id });
    assertEquals(readBinFile(path, codec).length, 10);
  }
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("appending packages and appending documents refuse the same files", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("files");
  Deno.mkdirSync(source);
  Deno.writeTextFileSync(`${source}/a`, "content");
  const target = directory.file("docs.bin");
  const refusals = [
    ["xz.bin", "gzip", "the codec xz, not gzip"],
    ["none.bin.brotli", "none", "a brotli package, to which nothing"],
    ["manifest.json", "none", "it is not a bin file"],
  ] as const;
  for (const [name, codec, reason] of refusals) {
    Deno.copyFileSync(fixture(name), target);
    const before = Deno.readFileSync(target);
    assertThrows(
      () => new DocWriter(target, { append: true, codec }),
      FileError,
      reason,
    );
    await assertRejects(
      () =>
        packageFiles({
          ...{ source, target, append: true },
          targetCodec: codec,
        }),
      FileError,
      reason,
    );
    assertEquals(Deno.readFileSync(target), before);
  }
  assertEquals(directory.list(), ["docs.bin", "files"]);
});

Deno.test("with force, documents that only look compressed can be appended to", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  // Files that are compressed already, stored without a codec.
  const archives = numberedDocs(5)
    .map(({ key, content }) => new Doc(key, compress(content, "gzip")));
  writeBinFile(path, archives, { codec: "none" });
  const options = { append: true, codec: "none" } as const;
  assertThrows(() => new DocWriter(path, options), FileError, "not none");
  writeBinFile(path, archives, { ...options, force: true });
  assertEquals(
    outline(readBinFile(path, "none")),
    outline([...archives, ...archives]),
  );
});

Deno.test("any documents can be appended to any others of the same codec", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = fc.array(
    fc.record({
      key: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      // Contents of a byte or none are hardly evidence of a codec.
      content: fc.uint8Array({ maxLength: 3 }),
    }).map(({ key, content }) => new Doc(key, content)),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(
      docs,
      docs,
      fc.constantFrom(...codecNames),
      (first, second, codec) => {
        writeBinFile(path, first, { codec, force: true });
        writeBinFile(path, second, { codec, append: true });
        assertEquals(
          outline(readBinFile(path, codec)),
          outline([...first, ...second]),
        );
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("an exception that leaves the scope of a writer discards a new file and keeps an old one", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const stop = (force: boolean) => {
    using writer = new DocWriter(path, { force });
    for (const doc of numberedDocs(5000)) writer.write(doc);
    writer.flush({ sync: true });
    throw new Error("stopped");
  };
  assertThrows(() => stop(false), Error, "stopped");
  assertEquals(directory.list(), []);
  writeBinFile(path, numberedDocs(3));
  assertThrows(() => stop(true), Error, "stopped");
  assertEquals(outline(readBinFile(path)), outline(numberedDocs(3)));
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("leaving the scope of an appending writer without close keeps what was flushed, and nothing else", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(9);
  writeBinFile(path, docs.slice(0, 3));
  {
    using writer = new DocWriter(path, { append: true });
    for (const doc of docs.slice(3, 6)) writer.write(doc);
    writer.flush();
    for (const doc of docs.slice(6)) writer.write(doc);
  }
  assertEquals(outline(readBinFile(path)), outline(docs.slice(0, 6)));
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("a writer that is closed or discarded can be so again, and says so when it is used", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const pool = new MemoryPool();
  for (const end of ["close", "discard", Symbol.dispose] as const) {
    const writer = new DocWriter(path, { force: true, pool });
    const key = new Uint8Array(1);
    const stored = compress(key, "gzip");
    writer.writeStored(key, stored);
    writer[end]();
    for (
      const use of [
        () => writer.write(new Doc("key", "content")),
        () => writer.writeStored(key, stored),
        () => writer.flush(),
        () => writer.flush({ sync: true }),
      ]
    ) {
      const message = `Cannot write to ${path}: the writer is closed`;
      assertThrows(use, ClosedError, message);
    }
    for (const again of ["close", "discard", Symbol.dispose] as const) {
      writer[again]();
    }
    assertEquals(readBinFile(path).length, 1);
  }
  assertEquals(pool.statistics().total.inUse, 0);
  assertEquals(pool.outstanding(), []);
});

Deno.test("a file that exists when a writer is closed is kept, and the writer can be discarded", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  using writer = new DocWriter(path);
  writer.write(new Doc("key", "content"));
  Deno.writeTextFileSync(path, "precious");
  for (let i = 0; i < 2; i++) {
    assertThrows(() => writer.close(), FileError, "already exists");
  }
  assertEquals(Deno.readTextFileSync(path), "precious");
  Deno.removeSync(path);
  writer.close();
  assertEquals(readBinFile(path).length, 1);
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("options that cannot be are refused, and leave no files", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  for (const append of [false, true]) {
    assertThrows(
      () => new DocWriter(path, { append, codec: "rar" as "none" }),
      UnknownCodecError,
    );
    assertThrows(() => new DocWriter(path, { append, level: 99 }), OptionError);
    for (const keySizeLimit of [0, -1, NaN, 1.5, Infinity, 2 ** 31]) {
      const options = { append, keySizeLimit };
      assertThrows(
        () => new DocWriter(path, options),
        OptionError,
        "keySizeLimit",
      );
      assertThrows(() => recordStream(options), OptionError, "keySizeLimit");
    }
  }
  assertThrows(
    () => recordStream({ codec: "rar" as "none" }),
    UnknownCodecError,
  );
  assertThrows(() => recordStream({ level: 99 }), OptionError);
  assertEquals(directory.list(), []);
});

Deno.test("bytes that are not a Uint8Array are a TypeError with the parameter's name, and nothing is written", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const writer = new DocWriter(path, { codec: "none" });
  const bytes = new Uint8Array([1]);
  const others = [
    ...["text", new ArrayBuffer(1), new Float64Array(1), [1], {}],
    ...[Object.create(null), null, undefined],
  ];
  for (const value of others) {
    const docs = {
      "doc.key": { key: value, content: bytes } as Doc,
      "doc.content": { key: bytes, content: value } as Doc,
    };
    const message = "expected a Uint8Array";
    for (const [name, doc] of Object.entries(docs)) {
      const expected = `Cannot use ${name}: ${message}`;
      assertThrows(() => writer.write(doc), TypeError, expected);
      await assertRejects(
        () =>
          Array.fromAsync(
            ReadableStream.from([doc]).pipeThrough(recordStream()),
          ),
        TypeError,
        expected,
      );
    }
    const other = value as Uint8Array;
    assertThrows(
      () => writer.writeStored(other, bytes),
      TypeError,
      `Cannot use key: ${message}`,
    );
    assertThrows(
      () => writer.writeStored(bytes, other),
      TypeError,
      `Cannot use content: ${message}`,
    );
  }
  writer.write(new Doc("key", "content"));
  writer.close();
  assertEquals(readBinFile(path, "none").map((doc) => doc.name), ["key"]);
});

Deno.test("stored contents are read as they were before compression", () => {
  using directory = new TemporaryDirectory();
  const docs = [
    ...numberedDocs(20),
    new Doc("large", crypto.getRandomValues(new Uint8Array(60_000))),
    new Doc("larger", new Uint8Array(2_000_000)),
  ];
  for (const codec of codecNames) {
    const path = directory.file(codec);
    using writer = new DocWriter(path, { codec });
    const offsets = docs.map(({ key, content }, i) =>
      i % 3 === 0
        ? writer.write(new Doc(key, content))
        : writer.writeStored(key, compress(content, codec), {
          check: i % 3 === 1,
        })
    );
    writer.close();
    assertEquals(outline(readBinFile(path)), outline(docs));
    using reader = new DocReader(path, { codec });
    assertEquals([...reader.entries()].map(({ offset }) => offset), offsets);
  }
});

Deno.test("stored contents that do not decompress are refused, unless they are not checked", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const pool = new MemoryPool();
  const key = new Uint8Array([107]);
  const good = compress(new Uint8Array(100), "gzip");
  const torn = good.subarray(0, good.length - 1);
  const writer = new DocWriter(path, { codec: "gzip", pool });
  for (const bad of [torn, key, compress(key, "zstd"), new Uint8Array(0)]) {
    const error = assertThrows(
      () => writer.writeStored(key, bad),
      DocumentError,
      "Cannot write a document: Cannot decompress gzip data",
    );
    assertInstanceOf(error.cause, CorruptDataError);
    assertThrows(() => writer.writeStored(key, bad, { check: true }));
    writer.writeStored(key, good);
  }
  assertThrows(
    () => writer.writeStored(new Uint8Array(1001), good, { check: false }),
    DocumentError,
    "1001",
  );
  const offset = writer.writeStored(key, torn, { check: false });
  writer.close();
  assertEquals(pool.outstanding(), []);
  using reader = new DocReader(path, { codec: "gzip" });
  for (let i = 0; i < 4; i++) assertEquals(reader.read()!.content.length, 100);
  assertEquals(reader.position, offset);
  assertThrows(() => reader.read());
});

Deno.test("documents that are piped to a writer appear when the stream ends", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(500);
  const writer = new DocWriter(path, { codec: "zstd" });
  assertEquals(writer.writable, writer.writable);
  await ReadableStream.from(docs).pipeTo(writer.writable);
  assertEquals(outline(readBinFile(path)), outline(docs));
  assertThrows(() => writer.flush(), ClosedError, "the writer is closed");
});

Deno.test("a pipeline into a writer that fails or is aborted discards the file", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(2));
  const pool = new MemoryPool();
  const open = () =>
    new DocWriter(path, { codec: "none", force: true, pool }).writable;
  function* failing() {
    yield* numberedDocs(100);
    throw new Error("stopped");
  }
  await assertRejects(
    () => ReadableStream.from(failing()).pipeTo(open()),
    Error,
    "stopped",
  );
  const bad = [...numberedDocs(3), new Doc("", ""), ...numberedDocs(3)];
  await assertRejects(
    () => ReadableStream.from(bad).pipeTo(open()),
    DocumentError,
  );
  const controller = new AbortController();
  async function* endless() {
    for (const doc of numberedDocs(10)) yield doc;
    controller.abort(new Error("aborted"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    yield* numberedDocs(10);
  }
  await assertRejects(
    () =>
      ReadableStream.from(endless())
        .pipeTo(open(), { signal: controller.signal }),
    Error,
    "aborted",
  );
  assertEquals(outline(readBinFile(path)), outline(numberedDocs(2)));
  assertEquals(directory.list(), ["docs.bin"]);
  assertEquals(pool.outstanding(), []);
});

Deno.test("a stream of records that fails is an error for its receiver, never an end", async () => {
  const docs = [...numberedDocs(3), new Doc("k".repeat(1001), "content")];
  let received = 0;
  let ended = false;
  let reason: unknown;
  await assertRejects(
    () =>
      ReadableStream.from(docs).pipeThrough(recordStream()).pipeTo(
        new WritableStream({
          write: ({ length }) => void (received += length),
          close: () => void (ended = true),
          abort: (error) => void (reason = error),
        }),
      ),
    DocumentError,
  );
  assertEquals([received > 0, ended], [true, false]);
  assertInstanceOf(reason, DocumentError);
});

Deno.test("an append whose file was replaced, removed or truncated meanwhile fails instead of losing documents", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const changes = {
    replaced: () => {
      Deno.renameSync(path, `${path}.1`);
      Deno.writeTextFileSync(path, "");
    },
    removed: () => Deno.removeSync(path),
    truncated: () => Deno.truncateSync(path, 5),
  };
  for (const change of Object.values(changes)) {
    writeBinFile(path, numberedDocs(3), { force: true });
    using writer = new DocWriter(path, { append: true });
    writer.write(new Doc("key", "content"));
    change();
    assertThrows(() => writer.close(), FileError, "meanwhile");
  }
});
