/** `DocReader` and `RecordScanner`: single documents, borrowed documents, recovery, closing, checked options. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  type ByteSource,
  ClosedError,
  Doc,
  DocReader,
  encodeRecord,
  memorySource,
  openFile,
  openInput,
  RecordError,
  RecordScanner,
  type SkippedRegion,
} from "../../doc/mod.ts";
import { codecNames, compress } from "../../codec/mod.ts";
import { MemoryPool, OptionError } from "../../pool/mod.ts";
import { assertSameBytes, concat, randomBytes } from "../support/bytes.ts";
import {
  fixture,
  numberedDocs,
  outline,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** A bin file in memory. */
function binFile(docs: Doc[], codec = "none"): Uint8Array<ArrayBuffer> {
  return concat(
    ...docs.map(({ key, content }) =>
      encodeRecord(key, compress(content, codec as "none"))
    ),
  );
}

/** A source that notes what is read of it. */
function watched(bytes: Uint8Array): ByteSource & { reads: number[] } {
  const source = memorySource(bytes);
  const reads: number[] = [];
  return {
    ...source,
    reads,
    read(dst, offset, length, position) {
      reads.push(length);
      return source.read(dst, offset, length, position);
    },
  };
}

Deno.test("a reader says which codecs and which size the file has", () => {
  using plain = new DocReader(fixture("xz.bin"));
  const { size } = Deno.statSync(fixture("xz.bin"));
  assertEquals([plain.codec, plain.packageCodec], ["xz", "none"]);
  assertEquals(plain.size, size);
  using packed = new DocReader(fixture("none.bin.gzip"));
  assertEquals([packed.codec, packed.packageCodec], ["none", "gzip"]);
  assertEquals(packed.size, Infinity);
  assertEquals([...packed].length, 32);
  assertEquals(packed.size, Deno.statSync(fixture("none.bin")).size);
  assertEquals(packed.position, packed.size);
});

Deno.test("documents own ordinary memory, which web APIs take", async () => {
  using reader = new DocReader(fixture("gzip.bin"));
  // Compiles without a cast.
  const doc: Doc = reader.readAt(0);
  assertSameBytes(await new Response(doc.content).bytes(), doc.content);
  for (const { key, content } of reader) {
    assert(new Blob([key, content]).size === key.length + content.length);
    assertEquals(content.byteLength, content.buffer.byteLength);
  }
});

Deno.test("readAt reads any document of any codec, with and without its size, and leaves the position", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = [
    ...numberedDocs(60),
    new Doc("large", randomBytes(300_000)),
    new Doc("k".repeat(1000), "long key"),
    new Doc("empty", ""),
    new Doc("", "no key"),
  ];
  for (const codec of codecNames) {
    writeBinFile(path, docs, { codec, force: true });
    using reader = new DocReader(path, { codec });
    const entries = [...reader.entries()];
    reader.position = 0;
    const sized = entries.toReversed().map(({ offset, end }) =>
      reader.readAt(offset, { size: end - offset })
    );
    const unsized = entries.map(({ offset }) => reader.readAt(offset));
    const wrong = entries.map(({ offset }, i) =>
      reader.readAt(offset, { size: 1 + i * 7919 % 100_000 })
    );
    assertEquals(outline(sized.toReversed()), outline(docs));
    assertEquals(outline(unsized), outline(docs));
    assertEquals(outline(wrong), outline(docs));
    assertEquals(reader.position, 0);
  }
});

Deno.test("readAt reads its record, and no window", () => {
  const docs = [
    ...numberedDocs(100),
    new Doc("large", randomBytes(2_000_000)),
    ...numberedDocs(100),
  ];
  const source = watched(binFile(docs));
  using reader = new DocReader(source, { codec: "none" });
  const entries = [...reader.entries()];
  for (const { offset, end, contentSize } of entries) {
    source.reads.length = 0;
    reader.readAt(offset, { size: end - offset });
    assertEquals(source.reads, [end - offset]);
    source.reads.length = 0;
    reader.readAt(offset);
    const first = Math.min(4096, source.size - offset);
    assertEquals(
      source.reads,
      contentSize > 4000 ? [first, end - offset - first] : [first],
    );
  }
});

Deno.test("readAt reads packages, also far apart, and finds their end", () => {
  const docs = [...numberedDocs(300), new Doc("last", randomBytes(100_000))];
  const plain = binFile(docs);
  using direct = new DocReader(plain);
  const entries = [...direct.entries()];
  for (const codec of ["gzip", "brotli"] as const) {
    using reader = new DocReader(compress(plain, codec));
    for (const i of [300, 0, 299, 5]) {
      assertEquals(reader.readAt(entries[i].offset).key, entries[i].key);
    }
    assertThrows(
      () => reader.readAt(plain.length),
      RecordError,
      "the file ends before it",
    );
    const short = plain.subarray(0, plain.length - 10);
    using cut = new DocReader(compress(short, codec), { codec: "none" });
    assertThrows(
      () => cut.readAt(entries[300].offset),
      RecordError,
      "truncated",
    );
  }
});

Deno.test("readAt of a place without a sound record is an error with offset and key", () => {
  const docs = numberedDocs(3);
  const bytes = binFile(docs, "gzip");
  using reader = new DocReader(bytes, { codec: "gzip", skipErrors: true });
  const [, second, third] = [...reader.entries()];
  assertThrows(() => reader.readAt(1), RecordError, "at offset 1");
  assertThrows(() => reader.readAt(bytes.length), RecordError, "ends before");
  assertThrows(() => reader.readAt(2 ** 40), RecordError, "ends before");
  using cut = new DocReader(bytes.subarray(0, third.end - 1), {
    codec: "gzip",
  });
  const truncated = assertThrows(
    () => cut.readAt(third.offset),
    RecordError,
    `truncated: ${third.end - third.offset - 1} of ${
      third.end - third.offset
    } bytes left`,
  ) as RecordError;
  assertEquals(truncated.key, "key-2");
  bytes[second.end - 6] ^= 1;
  const error = assertThrows(
    () => reader.readAt(second.offset),
    RecordError,
  ) as RecordError;
  assertEquals([error.offset, error.key], [second.offset, "key-1"]);
  assertEquals(reader.readAt(third.offset).name, "key-2");
  assertEquals(reader.skipped, []);
});

Deno.test("borrowed documents are the same as owned ones, for every codec", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = [
    ...numberedDocs(200),
    new Doc("large", randomBytes(400_000)),
    ...numberedDocs(200),
  ];
  for (const codec of codecNames) {
    writeBinFile(path, docs, { codec, force: true });
    using reader = new DocReader(path, { codec });
    let i = 0;
    for (const { key, content } of reader.borrowed()) {
      assertEquals(key, docs[i].key);
      assertSameBytes(content, docs[i++].content);
    }
    assertEquals(i, docs.length);
  }
});

Deno.test("a borrowed document stays valid while other documents are read by readAt", () => {
  const docs = numberedDocs(50);
  for (const codec of ["none", "zstd"]) {
    using reader = new DocReader(binFile(docs, codec));
    const offsets = Array.from(reader.entries(), ({ offset }) => offset);
    reader.position = 0;
    let i = 0;
    for (const doc of reader.borrowed()) {
      const other = 49 - i;
      assertEquals(reader.readAt(offsets[other]).text(), docs[other].text());
      assertEquals(doc.text(), docs[i++].text());
    }
    assertEquals(i, 50);
  }
});

Deno.test("borrowed and single documents take nothing from the pool per document", () => {
  const docs = numberedDocs(500);
  const pool = new MemoryPool();
  using reader = new DocReader(binFile(docs, "gzip"), { codec: "gzip", pool });
  const { offset } = [...reader.entries()][100];
  reader.readAt(offset);
  reader.position = 0;
  const documents = reader.borrowed();
  documents.next();
  const before = pool.statistics().total;
  for (const _ of documents) reader.readAt(offset);
  assertEquals(pool.statistics().total, before);
  reader.close();
  assertEquals(pool.statistics().total.inUse, 0);
});

Deno.test("a reader does not keep the memory of a very large document", () => {
  const large = new Doc("large", new Uint8Array(20_000_000));
  const bytes = binFile([large, ...numberedDocs(2)], "zstd");
  using reader = new DocReader(bytes);
  const pool = new MemoryPool();
  using pooled = new DocReader(bytes, { pool });
  const sizes = () => pool.outstanding().map(({ size }) => size);
  assertEquals(pooled.readAt(0).content.length, 20_000_000);
  assertEquals(pooled.read()?.content.length, 20_000_000);
  assert(sizes().some((size) => size > 20_000_000));
  assertEquals(pooled.read()?.name, "key-0");
  pooled.readAt([...reader.entries()][1].offset);
  assert(sizes().every((size) => size <= 2 ** 20), sizes().join());
});

Deno.test("with skipErrors, a reader gives every sound document and reports the rest", () => {
  const docs = numberedDocs(300);
  const clean = binFile(docs, "gzip");
  using reader = new DocReader(clean);
  const entries = [...reader.entries()];
  const anyDamage = fc.uniqueArray(fc.integer({ min: 20, max: 279 }), {
    minLength: 1,
    maxLength: 5,
    comparator: (a, b) => Math.abs(a - b) < 2,
  });
  fc.assert(
    fc.property(
      anyDamage,
      fc.boolean(),
      fc.boolean(),
      (damaged, inKey, own) => {
        const bytes = clean.slice();
        for (const i of damaged) {
          // The key's size, or a byte of the content.
          bytes[inKey ? entries[i].offset + 3 : entries[i].end - 12] ^= 0x55;
        }
        const reported: SkippedRegion[] = [];
        using reader = new DocReader(bytes, {
          codec: "gzip",
          skipErrors: true,
          onSkip: (region) => reported.push(region),
        });
        const names: string[] = [];
        const all = own ? reader : reader.borrowed();
        for (const { name } of all) names.push(name);
        const expected = docs.filter((_, i) => !damaged.includes(i));
        assertEquals(names, expected.map(({ name }) => name));
        assertEquals(reader.skipped, reported);
        assertEquals(
          reader.skipped.map(({ offset, size }) => [offset, size]),
          damaged.toSorted((a, b) => a - b).map((i) => {
            const { offset, end } = entries[i];
            return [offset, end - offset];
          }),
        );
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("with skipErrors, a truncated package gives what comes before the damage", () => {
  const docs = Array.from(
    { length: 100 },
    (_, i) => new Doc(`${i}`, randomBytes(5000, 2 * i + 1)),
  );
  const packed = compress(binFile(docs), "zstd");
  using reader = new DocReader(packed.subarray(0, packed.length - 200_000), {
    skipErrors: true,
  });
  const read = [...reader];
  assert(read.length > 20, `${read.length}`);
  assertEquals(outline(read), outline(docs.slice(0, read.length)));
  assert(reader.skipped.at(-1)!.reason.includes("the package is corrupt"));
});

Deno.test("without skipErrors, a corrupt content is an error, and the position is that of its record", () => {
  const bytes = binFile(numberedDocs(3), "gzip");
  using clean = new DocReader(bytes, { codec: "gzip" });
  const [, { offset, end }] = [...clean.entries()];
  bytes[end - 6] ^= 1;
  using reader = new DocReader(bytes, { codec: "gzip" });
  for (const read of [() => [...reader], () => [...reader.borrowed()]]) {
    reader.position = 0;
    assertThrows(read, RecordError);
    assertEquals(reader.position, offset);
  }
});

Deno.test("positions, offsets, sizes and limits are checked where they are given", () => {
  const bytes = binFile(numberedDocs(3));
  using reader = new DocReader(bytes);
  using scanner = new RecordScanner(memorySource(bytes));
  for (const position of [-1, NaN, 0.5, Infinity, 2 ** 60]) {
    for (const cursor of [reader, scanner]) {
      assertThrows(() => cursor.position = position, OptionError, "position");
      assertEquals(cursor.position, 0);
    }
    assertThrows(() => reader.readAt(position), OptionError, "offset");
  }
  for (const size of [-1, 0, NaN, 0.5]) {
    assertThrows(() => reader.readAt(0, { size }), OptionError, "size");
  }
  const invalid = [
    ...[-1, 0, NaN, 1.5, Infinity, 2 ** 31].map((keySizeLimit) => ({
      keySizeLimit,
    })),
    ...[-1, NaN, 0.5].map((maxSize) => ({ maxSize })),
  ];
  const source = memorySource(bytes);
  for (const options of invalid) {
    const [name] = Object.keys(options);
    const opened = [
      () => new DocReader(bytes, options),
      () => new DocReader("missing.bin", options),
      () => new RecordScanner(source, options),
      () => openInput("missing.bin", options as { keySizeLimit: number }),
    ];
    for (const open of opened.slice(0, "maxSize" in options ? 3 : 4)) {
      assertThrows(open, OptionError, name);
    }
  }
  assertEquals(reader.read()?.name, "key-0");
});

Deno.test("what is neither a path, bytes nor a source is a TypeError", () => {
  for (const input of [undefined, null, 5, {}, new ArrayBuffer(8), [1, 2]]) {
    assertThrows(() => new DocReader(input as string), TypeError, "input");
  }
  assertThrows(
    () => new DocReader(new Float64Array(3) as unknown as Uint8Array),
    TypeError,
    "input",
  );
});

Deno.test("a closed reader says that it is closed, and takes nothing from the pool", () => {
  const pool = new MemoryPool();
  for (const input of ["gzip.bin", "none.bin", "none.bin.xz"]) {
    for (const skipErrors of [false, true]) {
      const reader = new DocReader(fixture(input), { pool, skipErrors });
      const owned = reader[Symbol.iterator]();
      const borrowed = reader.borrowed();
      const entries = reader.entries();
      for (const iterator of [owned, borrowed, entries]) iterator.next();
      reader.readAt(0);
      reader.close();
      reader.close();
      reader[Symbol.dispose]();
      const before = pool.statistics().total;
      assertEquals(before.inUse, 0);
      const uses = [
        () => reader.read(),
        () => reader.readAt(0),
        () => [...reader],
        () => [...reader.borrowed()],
        () => [...reader.entries()],
        () => owned.next(),
        () => borrowed.next(),
        () => entries.next(),
      ];
      for (const use of uses) {
        assertThrows(use, ClosedError, "the reader is closed");
      }
      assertEquals(pool.statistics().total, before);
    }
  }
});

Deno.test("a closed scanner says that it is closed, and takes nothing from the pool", () => {
  const pool = new MemoryPool();
  const source = openFile(fixture("gzip.bin"));
  for (const skipErrors of [false, true]) {
    const scanner = new RecordScanner(source, { pool, skipErrors });
    scanner.next();
    scanner.close();
    scanner.close();
    scanner[Symbol.dispose]();
    const before = pool.statistics().total;
    assertEquals(before.inUse, 0);
    const uses = [
      () => scanner.next(),
      () => scanner.key(),
      () => scanner.name(),
      () => scanner.content(),
    ];
    for (const use of uses) {
      assertThrows(use, ClosedError, "the scanner is closed");
    }
    assertEquals(pool.statistics().total, before);
  }
  source.close();
});

Deno.test("a closed input says that it is closed", () => {
  for (const input of ["gzip.bin", "none.bin.gzip"]) {
    const { source } = openInput(fixture(input));
    source.close();
    source.close();
    assertThrows(
      () => source.read(new Uint8Array(9), 0, 9, 0),
      ClosedError,
      "is closed",
    );
  }
});

Deno.test("closing a reader releases everything, even if its source fails to close", () => {
  const pool = new MemoryPool();
  const source = {
    ...memorySource(binFile(numberedDocs(3), "zstd")),
    close() {
      throw new Error("no");
    },
  };
  const reader = new DocReader(source, { pool });
  reader.readAt(0);
  reader.read();
  assertThrows(() => reader.close(), Error, "no");
  reader.close();
  assertEquals(pool.statistics().total.inUse, 0);
});

Deno.test("reading the content of a large record leaves a position that was set meanwhile", () => {
  const docs = [new Doc("large", randomBytes(400_000)), ...numberedDocs(3)];
  using scanner = new RecordScanner(memorySource(binFile(docs)));
  assert(scanner.next());
  const { position } = scanner;
  scanner.position = 0;
  assertSameBytes(scanner.content(), docs[0].content);
  assertEquals(scanner.position, 0);
  scanner.position = position;
  assert(scanner.next());
  assertEquals(scanner.name(), "key-0");
});

Deno.test("a document keeps the bytes it is given, except those in shared memory", async () => {
  const own = new Uint8Array([1, 2, 3]);
  const shared: Uint8Array = new Uint8Array(new SharedArrayBuffer(3));
  shared.set(own);
  const doc = new Doc(own, shared);
  assert(doc.key === own);
  assertEquals(doc.content, own);
  assertSameBytes(await new Response(doc.content).bytes(), own);
});

Deno.test("a key or content that is neither a string nor bytes is a TypeError", () => {
  for (const value of [undefined, 5, new ArrayBuffer(3), new Float64Array(3)]) {
    const bytes = value as unknown as Uint8Array;
    assertThrows(() => new Doc(bytes, "content"), TypeError, "key");
    assertThrows(() => new Doc("key", bytes), TypeError, "content");
  }
});
