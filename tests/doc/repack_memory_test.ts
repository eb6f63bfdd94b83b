/** Repacks whose source or target is not a file. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { codecNames } from "../../codec/mod.ts";
import {
  type ByteSink,
  type ByteSource,
  CancelledError,
  Doc,
  MemorySink,
  memorySource,
  RecordError,
  RecordLimitError,
  repack,
  type RepackOptions,
} from "../../doc/mod.ts";
import { globalMemoryPool, OptionError } from "../../pool/mod.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Documents of several blocks, one of them larger than a block. */
function manyDocs(): Doc[] {
  const docs = numberedDocs(4000);
  docs.splice(1000, 0, new Doc("large", "long ".repeat(600_000)));
  return docs;
}

/** A source in memory that counts how often it is closed. */
class WatchedSource implements ByteSource {
  readonly #source: ByteSource;
  closed = 0;

  constructor(bytes: Uint8Array) {
    this.#source = memorySource(bytes);
  }
  get size(): number {
    return this.#source.size;
  }
  read(dst: Uint8Array, offset: number, length: number, at: number): number {
    return this.#source.read(dst, offset, length, at);
  }
  close(): void {
    this.closed++;
  }
}

/** A slow sink that needs its bytes to stay the same until they are written. */
class SlowSink extends MemorySink implements ByteSink {
  readonly calls: string[] = [];
  #end = 0;

  override async write(bytes: Uint8Array, position: number): Promise<void> {
    assertEquals(position, this.#end);
    this.#end += bytes.length;
    await new Promise((resolve) => setTimeout(resolve, 1));
    super.write(bytes, position);
  }
  override close(): void {
    this.calls.push("close");
  }
  override abort(): void {
    this.calls.push("abort");
  }
}

Deno.test("from memory to memory the same bytes come out as from file to file", async () => {
  using directory = new TemporaryDirectory();
  const plain = directory.file("plain.bin");
  writeBinFile(plain, manyDocs());
  const jobs: Partial<RepackOptions>[] = [
    { targetCodec: "none" },
    { targetCodec: "gzip", level: 1 },
    { targetCodec: "zstd" },
    { targetCodec: "lz4", packageCodec: "gzip" },
    { packageCodec: "zstd" },
    { targetCodec: "lz4", limit: 2500 },
    { contentOnly: true },
    { targetCodec: "lz4", skipErrors: true },
  ];
  const target = directory.file("target.bin");
  const copy = directory.file("copy.bin");
  for (const job of jobs) {
    const expected = await repack({
      ...job,
      source: plain,
      target,
      force: true,
    });
    const bytes = Deno.readFileSync(target);
    const source = new WatchedSource(Deno.readFileSync(plain));
    const sink = new SlowSink();
    const result = await repack({ ...job, source, target: sink });
    assert(bytes.every((byte, i) => byte === sink.bytes[i]));
    assertEquals(sink.bytes.length, bytes.length);
    assertEquals([source.closed, sink.calls], [1, ["close"]]);
    assertEquals({ ...result, seconds: 0 }, {
      ...expected,
      source: "memory",
      targets: [],
      seconds: 0,
    });
    // From a file to memory, and from memory to a file.
    const fromFile = new MemorySink();
    await repack({ ...job, source: plain, target: fromFile });
    assertEquals(fromFile.bytes.length, bytes.length);
    const toFile = { source: Deno.readFileSync(plain), target: copy };
    const { targets } = await repack({ ...job, ...toFile, force: true });
    assertEquals(targets, [copy]);
    assertEquals(Deno.readFileSync(copy).length, bytes.length);
  }
});

Deno.test("packages of every codec are read from memory and written to memory", async () => {
  const documents = outline(readBinFile(fixture("none.bin"), "none"));
  for (const packageCodec of codecNames) {
    for (const source of [fixture("gzip.bin"), new Uint8Array(0)]) {
      const packed = new MemorySink();
      const written = await repack({ source, target: packed, packageCodec });
      assertEquals(written.targetSize, packed.bytes.length);
      const target = new MemorySink();
      const result = await repack({ source: packed.bytes, target });
      const isEmpty = source instanceof Uint8Array;
      assertEquals(result.documents, isEmpty ? 0 : documents.length);
      using directory = new TemporaryDirectory();
      Deno.writeFileSync(directory.file("docs.bin"), target.bytes);
      const docs = readBinFile(directory.file("docs.bin"), "none");
      assertEquals(outline(docs), isEmpty ? [] : documents);
    }
  }
});

Deno.test("corruption in memory is an error, or is skipped and reported, as in files", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("source.bin");
  const offsets = writeBinFile(path, numberedDocs(40), { codec: "gzip" });
  const whole = Deno.readFileSync(path);
  const source = whole.slice();
  source[offsets[20] + 60] ^= 0xff;
  const sink = new SlowSink();
  const error = await assertRejects(
    () => repack({ source, target: sink }),
    RecordError,
  );
  assertEquals([error.offset, sink.calls], [offsets[20], ["abort"]]);
  const target = new MemorySink();
  const result = await repack({ source, target, skipErrors: true });
  assertEquals(result.documents, 39);
  assertEquals(result.skipped.map(({ offset, key }) => [offset, key]), [
    [offsets[20], "key-20"],
  ]);
  // Of a package, everything before the corruption is kept.
  const packed = new MemorySink();
  await repack({
    ...{ source: whole, target: packed, targetCodec: "none" },
    packageCodec: "gzip",
  });
  const cut = packed.bytes.slice(0, -200);
  for (let lost = 1; lost < packed.bytes.length - 50; lost += 17) {
    const source = packed.bytes.slice(0, -lost);
    await assertRejects(
      () => repack({ source, target: new MemorySink() }),
      RecordError,
      "the package is corrupt",
    );
  }
  const kept = new MemorySink();
  const saved = await repack({ source: cut, target: kept, skipErrors: true });
  Deno.writeFileSync(path, cut);
  const copy = directory.file("copy.bin");
  const ofFile = await repack({ source: path, target: copy, skipErrors: true });
  assert(saved.documents > 10);
  assertEquals(saved.documents, ofFile.documents);
  assertEquals(saved.skipped, ofFile.skipped);
  assertEquals(kept.bytes.slice(), Deno.readFileSync(copy));
});

Deno.test("what fails aborts the sink and closes the source, once", async () => {
  const bytes = Deno.readFileSync(fixture("gzip.bin"));
  const { inUse } = globalMemoryPool.statistics().total;
  const failing = new SlowSink();
  failing.write = () => Promise.reject(new Error("no connection"));
  const cases: [
    Partial<RepackOptions>,
    // deno-lint-ignore no-explicit-any
    new (...args: any[]) => Error,
    string,
  ][] = [
    [{ split: 5 }, OptionError, "Specify the path of a target"],
    [{ sums: true }, OptionError, "Specify the path of a target"],
    [{ level: 10, targetCodec: "gzip" }, OptionError, "level 10"],
    [{ limit: -1 }, OptionError, "limit -1"],
    [{ maxSize: 100 }, RecordLimitError, "exceeds the limit"],
    [{ signal: AbortSignal.abort() }, CancelledError, "Cancelled."],
    [{ target: failing }, Error, "no connection"],
    [{ target: failing, packageCodec: "brotli" }, Error, "no connection"],
  ];
  for (const [options, kind, message] of cases) {
    const source = new WatchedSource(bytes);
    const target = (options.target ?? new SlowSink()) as SlowSink;
    target.calls.length = 0;
    await assertRejects(
      () => repack({ ...options, source, target }),
      kind,
      message,
    );
    assertEquals([source.closed, target.calls], [1, ["abort"]], message);
  }
  assertEquals(globalMemoryPool.statistics().total.inUse, inUse);
});

Deno.test("progress of a repack in memory grows to the whole, and other events are handled", async () => {
  const memory = new MemorySink();
  using directory = new TemporaryDirectory();
  writeBinFile(directory.file("docs.bin"), manyDocs());
  const source = Deno.readFileSync(directory.file("docs.bin"));
  const seen: (number | undefined)[][] = [];
  let events = 0;
  const timer = setInterval(() => events++, 1);
  await repack({
    ...{ source, target: memory, targetCodec: "gzip" },
    onProgress: ({ bytesRead, totalBytes }) =>
      seen.push([bytesRead, totalBytes]),
  }).finally(() => clearInterval(timer));
  assertEquals(seen.at(-1), [source.length, source.length]);
  assert(seen.every(([, total]) => total === source.length));
  assert(events > 3);
});

Deno.test("a memory sink that is used again holds the output of the last job", async () => {
  const source = Deno.readFileSync(fixture("gzip.bin"));
  const target = new MemorySink();
  for (const targetCodec of ["none", "zstd"] as const) {
    const { targetSize } = await repack({ source, target, targetCodec });
    assertEquals(target.bytes.length, targetSize);
  }
});

Deno.test("a progress callback that throws at the end leaves the old target", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  Deno.writeTextFileSync(target, "old");
  await assertRejects(
    () =>
      repack({
        source: fixture("gzip.bin"),
        target,
        force: true,
        onProgress() {
          throw new Error("mine");
        },
      }),
    Error,
    "mine",
  );
  assertEquals(Deno.readTextFileSync(target), "old");
  assertEquals(directory.list(), ["docs.bin"]);
});
