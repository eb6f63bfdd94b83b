/** `docStream`: what it takes, what it detects, how it ends. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import fc from "../support/fast_check.ts";
import {
  Doc,
  DocReader,
  docStream,
  encodeRecord,
  RecordError,
} from "../../doc/mod.ts";
import { codecNames, compress } from "../../codec/mod.ts";
import { MemoryPool, OptionError } from "../../pool/mod.ts";
import { UnknownCodecError } from "../../codec/errors.ts";
import { concat, randomBytes, text } from "../support/bytes.ts";
import { fixture, numberedDocs, outline } from "../support/files.ts";

/** A bin file in memory. */
function binFile(docs: Doc[], codec = "none"): Uint8Array<ArrayBuffer> {
  return concat(
    ...docs.map(({ key, content }) =>
      encodeRecord(key, compress(content, codec as "none"))
    ),
  );
}

/** Chunks of a size, as an async iterable. */
async function* chunksOf(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.slice(at, at + size);
  }
}

/** Reads a stream to its end or to its error. */
async function readAll(stream: ReadableStream<Doc>) {
  const docs: Doc[] = [];
  try {
    for await (const doc of stream) docs.push(doc);
    return { docs };
  } catch (error) {
    return { docs, error: error as Error };
  }
}

Deno.test("a stream of every codec in every package reads as it is, in chunks of any size", async () => {
  for (const codec of codecNames) {
    for (const packageCodec of codecNames) {
      const docs = numberedDocs(codec === "none" ? 60 : 8);
      const bytes = compress(binFile(docs, codec), packageCodec);
      for (const size of [7, 1000, bytes.length]) {
        const found = await Array.fromAsync(docStream(chunksOf(bytes, size)));
        const what = `${codec} in ${packageCodec} by ${size}`;
        assertEquals(outline(found), outline(docs), what);
      }
    }
  }
});

Deno.test("a stream detects what a reader detects, whatever the bytes", async () => {
  const brotliText = new Doc("a", "\x0b\x02\x80hello\x03");
  const gzipped = new Doc("b", compress(text(100), "gzip"));
  const plain = numberedDocs(40);
  const files = [
    new Uint8Array(0),
    binFile([]),
    binFile([gzipped]),
    binFile([gzipped, ...plain]),
    binFile([brotliText, ...plain]),
    binFile([new Doc("empty", ""), ...plain], "zstd"),
    binFile([new Doc("large", randomBytes(600_000)), ...plain], "gzip"),
    compress(binFile([new Doc("large", randomBytes(600_000))], "lz4"), "xz"),
    compress(new Uint8Array(0), "gzip"),
    compress(new Uint8Array(0), "brotli"),
    binFile(plain, "gzip").subarray(0, 700),
    text(1000),
    randomBytes(5),
    randomBytes(300_000),
    compress(text(5000), "bzip2"),
    concat(randomBytes(100), binFile(plain, "gzip")),
  ];
  for (const [i, bytes] of files.entries()) {
    const read: Doc[] = [];
    let failure: string | undefined;
    try {
      using reader = new DocReader(bytes);
      for (const doc of reader) read.push(doc);
    } catch (error) {
      failure = (error as Error).name;
    }
    for (const size of [64, 5000, 1_000_000]) {
      const { docs, error } = await readAll(docStream(chunksOf(bytes, size)));
      assertEquals(outline(docs), outline(read), `file ${i} by ${size}`);
      assertEquals(error?.name, failure, `file ${i} by ${size}`);
    }
  }
});

Deno.test("the options override what would be detected", async () => {
  const gzipped = compress(text(100), "gzip");
  const records = binFile([new Doc("key", gzipped)]);
  const detected = await Array.fromAsync(docStream(chunksOf(records, 10)));
  assertEquals(detected[0].content, text(100));
  const [raw] = await Array.fromAsync(
    docStream(chunksOf(records, 10), { codec: "none" }),
  );
  assertEquals(raw.content, gzipped);
  const packed = compress(records, "lz4");
  const inside = docStream(chunksOf(packed, 10), {
    packageCodec: "lz4",
    codec: 1,
  });
  assertEquals((await Array.fromAsync(inside))[0].content, gzipped);
  await assertRejects(
    () => Array.fromAsync(docStream(chunksOf(packed, 9), { packageCodec: 1 })),
    RecordError,
    "invalid key size",
  );
});

Deno.test("with a codec, documents come as they arrive; without, when the codec is certain", async () => {
  const docs = numberedDocs(40);
  for (const [codec, expected] of [["zstd", 1], [undefined, 16]] as const) {
    let sent = 0;
    const slowly = async function* () {
      for (const doc of docs) {
        sent++;
        yield binFile([doc], "zstd");
      }
    };
    const reader = docStream(slowly(), codec && { codec }).getReader();
    for (let i = 0; i < docs.length; i++) {
      const { value } = await reader.read();
      assertEquals(value?.text(), docs[i].text());
      assertEquals(sent, Math.max(expected, i + 1));
    }
  }
});

Deno.test("a stream takes web streams, streams of Node and async iterables", async () => {
  const path = fixture("gzip.bin");
  const bytes = Deno.readFileSync(path);
  const streams = [
    new Blob([bytes]).stream(),
    new Response(bytes).body!,
    createReadStream(path, { highWaterMark: 1000 }),
    Readable.from([bytes.subarray(0, 99), bytes.subarray(99)]),
    chunksOf(bytes, 1234),
  ];
  for (const stream of streams) {
    assertEquals((await Array.fromAsync(docStream(stream))).length, 32);
  }
});

Deno.test("what is not a stream of bytes is a TypeError", async () => {
  for (const input of [undefined, null, "path", [], new Uint8Array(3)]) {
    assertThrows(
      () => docStream(input as unknown as ReadableStream<Uint8Array>),
      TypeError,
      "bytes",
    );
  }
  for (const chunk of ["text", 5, new ArrayBuffer(3), new Float64Array(2)]) {
    const chunks = Readable.from([chunk]);
    await assertRejects(
      () => Array.fromAsync(docStream(chunks, { codec: "none" })),
      TypeError,
      "chunk",
    );
  }
});

Deno.test("options of a stream are checked when it is created", () => {
  const stream = chunksOf(new Uint8Array(1), 1);
  for (
    const options of [{ keySizeLimit: 0 }, { keySizeLimit: NaN }, {
      maxSize: -1,
    }]
  ) {
    const [name] = Object.keys(options);
    assertThrows(() => docStream(stream, options), OptionError, name);
  }
  for (const name of ["codec", "packageCodec"]) {
    assertThrows(
      () => docStream(stream, { [name]: "snappy" }),
      UnknownCodecError,
      "snappy",
    );
  }
});

Deno.test("a damaged package gives every document before the damage, then an error with its offset", async () => {
  const docs = Array.from(
    { length: 120 },
    (_, i) => new Doc(`${i}`, randomBytes(5000, 2 * i + 1)),
  );
  for (const codec of ["gzip", "zstd", "xz", "lz4"] as const) {
    const packed = compress(binFile(docs), codec);
    const cut = packed.subarray(0, 0.75 * packed.length);
    for (const options of [{}, { packageCodec: codec, codec: "none" }]) {
      const found = await readAll(
        docStream(chunksOf(cut, 3000), options as { codec: "none" }),
      );
      using reader = new DocReader(cut);
      const expected: Doc[] = [];
      const error = assertThrows(() => {
        for (const doc of reader) expected.push(doc);
      }, RecordError) as RecordError;
      assertEquals(outline(found.docs), outline(expected), codec);
      const failure = found.error as RecordError;
      assertInstanceOf(failure, RecordError);
      assert(error.reason.includes("the package is corrupt"), error.reason);
      assertEquals(failure.reason, error.reason);
      assertEquals(failure.offset, error.offset);
    }
  }
});

/** A web stream that notes how it is cancelled. */
function cancellable(bytes: Uint8Array, reasons: unknown[], ends = false) {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      if (ends) controller.close();
    },
    cancel: (reason) => void reasons.push(reason),
  });
}

Deno.test("cancelling the documents cancels the bytes, even while they are awaited", async () => {
  const bytes = binFile(numberedDocs(3), "gzip");
  for (const options of [{}, { codec: "gzip" as const }]) {
    const reasons: unknown[] = [];
    const reader = docStream(cancellable(bytes, reasons), options).getReader();
    if (options.codec) await reader.read();
    const reason = new Error("enough");
    const pending = options.codec ? undefined : reader.read();
    await reader.cancel(reason);
    await pending;
    assertEquals(reasons, [reason]);
  }
});

Deno.test("leaving a loop or an error ends the source", async () => {
  const docs = numberedDocs(40);
  let ended = 0;
  async function* source(bytes: Uint8Array) {
    try {
      yield bytes;
      yield bytes;
    } finally {
      ended++;
    }
  }
  for await (const _ of docStream(source(binFile(docs)))) break;
  assertEquals(ended, 1);
  const corrupt = docStream(source(new Uint8Array(300_000)));
  await assertRejects(() => Array.fromAsync(corrupt), RecordError, "empty");
  assertEquals(ended, 2);
  const reasons: unknown[] = [];
  const web = cancellable(new Uint8Array(300_000), reasons);
  const error = await assertRejects(() => Array.fromAsync(docStream(web)));
  assertEquals(reasons, [error]);
  const file = createReadStream(fixture("gzip.bin"));
  for await (const _ of docStream(file)) break;
  assert(file.destroyed);
});

Deno.test("an error of the source is the error of the documents", async () => {
  const failure = new Error("connection lost");
  async function* source() {
    yield binFile(numberedDocs(20));
    throw failure;
  }
  const { docs, error } = await readAll(docStream(source()));
  assertEquals(docs.length, 20);
  assertEquals(error, failure);
});

Deno.test("a stream is read only as fast as its documents are", async () => {
  let sent = 0;
  async function* source() {
    for (const doc of numberedDocs(1000)) {
      sent++;
      yield binFile([doc]);
    }
  }
  const reader = docStream(source()).getReader();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(sent, 0);
  for (let i = 0; i < 20; i++) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(sent, 20);
  await reader.cancel();
});

Deno.test("a stream returns everything to the pool, however it ends", async () => {
  const bytes = binFile(numberedDocs(30), "gzip");
  const broken = bytes.slice();
  broken[bytes.length - 12] ^= 1;
  const pool = new MemoryPool();
  await Array.fromAsync(docStream(chunksOf(bytes, 100), { pool }));
  for await (const _ of docStream(chunksOf(bytes, 100), { pool })) break;
  await assertRejects(
    () => Array.fromAsync(docStream(chunksOf(broken, 100), { pool })),
    RecordError,
  );
  assertEquals(pool.statistics().total.inUse, 0);
});

Deno.test("any chunks of any documents give the same documents", async () => {
  const anyDoc = fc.record({
    key: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    content: fc.uint8Array({ maxLength: 3000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyDoc, { maxLength: 30 }),
      fc.constantFrom(...codecNames),
      fc.constantFrom(...codecNames),
      fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 9 }),
      async (docs, codec, packageCodec, sizes) => {
        const all = docs.map(({ key, content }) => new Doc(key, content));
        const bytes = compress(binFile(all, codec), packageCodec);
        async function* chunks() {
          let at = 0;
          for (const size of sizes) yield bytes.subarray(at, at += size);
          yield bytes.subarray(at);
        }
        const found = docStream(chunks(), { codec, packageCodec });
        assertEquals(
          outline(await Array.fromAsync(found)),
          outline(all),
        );
        // Detection may be misled by few random documents, as that of a reader.
        const detected = await readAll(docStream(chunks()));
        const expected: Doc[] = [];
        let failed = false;
        try {
          using reader = new DocReader(bytes);
          for (const doc of reader) expected.push(doc);
        } catch {
          failed = true;
        }
        assertEquals(outline(detected.docs), outline(expected));
        assertEquals(detected.error !== undefined, failed);
      },
    ),
    { numRuns: 60 },
  );
});
