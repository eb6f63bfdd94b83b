import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "../support/fast_check.ts";
import { codecNames } from "../../codec/mod.ts";
import {
  CancelledError,
  Doc,
  FileError,
  RecordError,
  RecordLimitError,
  repack,
  repackDirectory,
  type RepackOptions,
  scan,
  TargetExistsError,
} from "../../doc/mod.ts";
import { globalMemoryPool, MemoryPool, OptionError } from "../../pool/mod.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Creates documents for several blocks, some of them larger than a block. */
function manyDocs(): Doc[] {
  const docs = numberedDocs(4000);
  docs.splice(1000, 0, new Doc("large", "long ".repeat(600_000)));
  docs.splice(3000, 0, new Doc("zeros", new Uint8Array(2_500_000)));
  return docs;
}

function same(a: string, b: string): void {
  // For large arrays, the message of assertEquals takes minutes.
  const [left, right] = [Deno.readFileSync(a), Deno.readFileSync(b)];
  assertEquals(left.length, right.length);
  assert(left.every((byte, i) => byte === right[i]), `${a} differs from ${b}`);
}

for (const from of codecNames) {
  Deno.test(`documents in ${from} repack into every codec and back`, async () => {
    using directory = new TemporaryDirectory();
    const docs = numberedDocs(60);
    const source = directory.file("source.bin");
    writeBinFile(source, docs, { codec: from });
    for (const to of codecNames) {
      const target = directory.file(`${to}.bin`);
      const result = await repack({ source, target, targetCodec: to });
      assertEquals(result.documents, 60);
      assertEquals(outline(readBinFile(target, to)), outline(docs));
    }
  });
}

Deno.test("the target is the same bytes for 1, 2 and 7 workers, whatever the codecs", async () => {
  using directory = new TemporaryDirectory();
  const docs = manyDocs();
  const plain = directory.file("plain.bin");
  writeBinFile(plain, docs);
  const jobs: Partial<RepackOptions>[] = [
    { targetCodec: "none" },
    { targetCodec: "gzip" },
    { targetCodec: "lz4" },
    { targetCodec: "zstd" },
    { targetCodec: "none", packageCodec: "zstd" },
    { targetCodec: "lz4", packageCodec: "gzip" },
    { targetCodec: "none", packageCodec: "brotli" },
    { contentOnly: true },
    { targetCodec: "gzip", limit: 2500 },
    { targetCodec: "lz4", skipErrors: true },
  ];
  for (const job of jobs) {
    const targets = [];
    for (const workers of [1, 2, 7]) {
      const target = directory.file(`${workers}.bin`);
      await repack({ ...job, source: plain, target, workers, force: true });
      targets.push(target);
    }
    same(targets[0], targets[1]);
    same(targets[0], targets[2]);
    if (job.contentOnly || job.limit) continue;
    const back = directory.file("back.bin");
    await repack({ source: targets[2], target: back, force: true });
    same(back, plain);
  }
});

Deno.test("without the pool, the same documents are written", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(300);
  const pool = new MemoryPool({ enabled: false });
  const source = directory.file("plain.bin");
  writeBinFile(source, docs);
  for (const codec of codecNames) {
    const target = directory.file(codec);
    await repack({ source, target, targetCodec: codec, pool });
    const back = directory.file(`${codec}.back`);
    await repack({ source: target, target: back, pool });
    same(back, source);
  }
});

Deno.test("every codec works as a package codec and is detected", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("plain.bin");
  writeBinFile(source, numberedDocs(500));
  for (const codec of codecNames) {
    const target = directory.file(codec);
    const back = directory.file(`${codec}.back`);
    await repack({ source, target, packageCodec: codec, targetCodec: "lz4" });
    const result = await repack({ source: target, target: back });
    assertEquals(result.sourcePackageCodec, codec === "zip" ? "gzip" : codec);
    same(back, source);
  }
});

Deno.test("a file without documents is repacked to one without documents, as a package or not", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("empty.bin");
  Deno.writeFileSync(source, new Uint8Array(0));
  for (const codec of codecNames) {
    const target = directory.file(codec);
    const back = directory.file(`${codec}.back`);
    await repack({ source, target, packageCodec: codec });
    const result = await repack({ source: target, target: back });
    assertEquals([result.documents, result.targetSize], [0, 0]);
  }
});

Deno.test("a split of a file without documents makes one part", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("empty.bin");
  Deno.writeFileSync(source, new Uint8Array(0));
  const target = directory.file("target.bin");
  const { targets } = await repack({ source, target, split: 5, sums: true });
  assertEquals(targets, [`${target}.1`]);
  assertEquals(Deno.statSync(targets[0]).size, 0);
  assertEquals(directory.list(), [
    "empty.bin",
    "target.bin.1",
    "target.bin.1.sums",
  ]);
});

Deno.test("the same codec on both sides copies records unchanged", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("copy.bin");
  const source = fixture("gzip.bin");
  await repack({ source, target, targetCodec: "gzip" });
  same(source, target);
  await repack({ source, target, targetCodec: "zip", force: true });
  same(source, target);
});

Deno.test("a level is used even if the codec stays the same", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("1.bin");
  const target = directory.file("9.bin");
  const docs = [
    new Doc("text", numberedDocs(300).map((doc) => doc.text()).join("\n")),
  ];
  writeBinFile(source, docs, { codec: "gzip", level: 1 });
  const result = await repack({
    source,
    target,
    targetCodec: "gzip",
    level: 9,
  });
  assert(result.targetSize < 0.95 * result.sourceSize);
  assertEquals(outline(readBinFile(target)), outline(docs));
  await assertRejects(
    () => repack({ source, target, targetCodec: "gzip", level: 10 }),
    OptionError,
    "expected 0 to 9",
  );
});

Deno.test("a limit takes only the first documents", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("plain.bin");
  const docs = numberedDocs(200);
  writeBinFile(source, docs);
  for (const limit of [1, 7, 199, 200, 500]) {
    const target = directory.file(`${limit}.bin`);
    const result = await repack({ source, target, limit, targetCodec: "lz4" });
    assertEquals(result.documents, Math.min(limit, 200));
    assertEquals(outline(readBinFile(target)), outline(docs.slice(0, limit)));
  }
});

Deno.test("a limit applies to packages, too", async () => {
  using directory = new TemporaryDirectory();
  const plain = directory.file("plain.bin");
  const source = directory.file("source.bin.lz4");
  const target = directory.file("target.bin");
  const docs = manyDocs();
  writeBinFile(plain, docs);
  await repack({ source: plain, target: source, packageCodec: "lz4" });
  const result = await repack({ source, target, limit: 3, workers: 2 });
  assertEquals(result.documents, 3);
  assertEquals(outline(readBinFile(target, "none")), outline(docs.slice(0, 3)));
});

Deno.test("a split writes parts of that many documents each, and none is lost", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("plain.bin");
  const docs = manyDocs();
  writeBinFile(source, docs);
  for (const packageCodec of ["none", "zstd", "brotli"] as const) {
    const { targets } = await repack({
      source,
      target: directory.file(`${packageCodec}.bin`),
      targetCodec: "lz4",
      packageCodec,
      split: 1500,
      workers: 3,
    });
    const expected = ["1", "2", "3"]
      .map((part) => directory.file(`${packageCodec}.bin.${part}`));
    assertEquals(targets, expected);
    for (const [part, path] of targets.entries()) {
      const plain = directory.file("part.bin");
      await repack({ source: path, target: plain, force: true });
      assertEquals(
        outline(readBinFile(plain, "none")),
        outline(docs.slice(1500 * part, 1500 * (part + 1))),
      );
    }
  }
});

Deno.test("contents without keys are written as lines", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("docs.bin");
  const target = directory.file("docs.txt");
  const docs = ["one", "", "three"].map((text, i) => new Doc(`${i}`, text));
  writeBinFile(source, docs, { codec: "xz" });
  await repack({ source, target, contentOnly: true, targetCodec: "gzip" });
  assertEquals(Deno.readTextFileSync(target), "one\n\nthree\n");
});

Deno.test("an existing target is replaced only with force", async () => {
  using directory = new TemporaryDirectory();
  const source = fixture("none.bin");
  const target = directory.file("target.bin");
  Deno.writeTextFileSync(target, "precious", { mode: 0o640 });
  await assertRejects(
    () => repack({ source, target }),
    TargetExistsError,
    "--force",
  );
  assertEquals(Deno.readTextFileSync(target), "precious");
  await repack({ source, target, force: true });
  same(source, target);
  assertEquals(Deno.statSync(target).mode! & 0o777, 0o640);
  assertEquals(directory.list(), ["target.bin"]);
});

Deno.test("an invalid source or target is a clear error", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  writeBinFile(source, numberedDocs(3));
  const link = directory.file("link.bin");
  Deno.symlinkSync(source, link);
  const cases: [Partial<RepackOptions>, string][] = [
    [{ target: source }, "it is the source"],
    [{ target: link }, "it is the source"],
    [{ target: directory.path }, "it is a directory"],
    [{ target: directory.file("no/target.bin") }, "no such file or directory"],
    [{ source: directory.file("none") }, "no such file or directory"],
    [{ source: directory.path }, "a directory"],
    [{ source: "/dev/null" }, "a pipe or device"],
  ];
  for (const [options, message] of cases) {
    await assertRejects(
      () => repack({ source, target, force: true, ...options }),
      FileError,
      message,
    );
  }
  assertEquals(directory.list(), ["link.bin", "source.bin"]);
  assertEquals(readBinFile(source).length, 3);
});

/** Writes a file of many blocks whose record `index` has a corrupt size field. */
function breakHeader(
  path: string,
  index: number,
): { offset: number; docs: Doc[] } {
  const docs = manyDocs();
  const offsets = writeBinFile(path, docs, { force: true });
  const bytes = Deno.readFileSync(path);
  bytes[offsets[index] + 3] = 0x7f;
  Deno.writeFileSync(path, bytes);
  return { offset: offsets[index], docs };
}

Deno.test("a corrupt record stops the job with its offset and leaves no files", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const { offset } = breakHeader(source, 3210);
  for (const workers of [1, 3]) {
    for (const targetCodec of ["none", "lz4"] as const) {
      const target = directory.file("target.bin");
      const error = await assertRejects(
        () =>
          repack({ source, target, sourceCodec: "none", targetCodec, workers }),
        RecordError,
        "invalid key size",
      ) as RecordError;
      assertEquals([error.offset, error.file], [offset, source]);
      assertEquals(directory.list(), ["source.bin"]);
    }
  }
});

Deno.test("with skipErrors, only the corrupt record is lost, and its region is reported", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const { offset, docs } = breakHeader(source, 3210);
  for (const workers of [1, 3]) {
    const target = directory.file(`${workers}.bin`);
    const result = await repack({
      source,
      target,
      sourceCodec: "none",
      targetCodec: "lz4",
      workers,
      skipErrors: true,
    });
    const [lost] = docs.splice(3210, workers === 1 ? 1 : 0);
    const broken = lost ?? manyDocs()[3210];
    assertEquals(result.skipped.length, 1);
    assertEquals(result.skipped[0].offset, offset);
    assertEquals(
      result.skipped[0].size,
      8 + broken.key.length + broken.content.length,
    );
    assertEquals(result.documents, docs.length);
    assertEquals(outline(readBinFile(target)), outline(docs));
  }
});

Deno.test("the first corrupt record of the file is reported, however many workers find others", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const docs = manyDocs();
  const offsets = writeBinFile(source, docs, { codec: "gzip" });
  const bytes = Deno.readFileSync(source);
  for (const index of [900, 2000, 3900]) bytes[offsets[index] + 30] ^= 0xff;
  Deno.writeFileSync(source, bytes);
  for (let i = 0; i < 5; i++) {
    const target = directory.file("target.bin");
    const error = await assertRejects(
      () => repack({ source, target, workers: 4 }),
      RecordError,
    ) as RecordError;
    assertEquals(error.offset, offsets[900]);
  }
});

for (const codec of ["gzip", "bzip2", "lz4", "xz", "zstd"] as const) {
  Deno.test(`flipping any byte of a file of ${codec} documents costs at most the record it touches`, async () => {
    using directory = new TemporaryDirectory();
    const docs = numberedDocs(12);
    const source = directory.file("source.bin");
    const offsets = writeBinFile(source, docs, { codec });
    const original = Deno.readFileSync(source);
    offsets.push(original.length);
    const target = directory.file("target.bin");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(original.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, mask) => {
          const bytes = original.slice();
          bytes[at] ^= mask;
          Deno.writeFileSync(source, bytes);
          const result = await repack({
            source,
            target,
            sourceCodec: codec,
            skipErrors: true,
            force: true,
          });
          const hit = offsets.findLastIndex((offset) => offset <= at);
          const expected = outline(docs.filter((_, i) => i !== hit));
          const found = outline(
            readBinFile(target, "none")
              // A flip within a key, or in the time of a gzip header, leaves the content intact.
              .filter((doc) => doc.text() !== docs[hit].text()),
          );
          assertEquals(found, expected);
          if (result.documents < docs.length) {
            assert(
              result.skipped.some(({ offset, size }) =>
                offset <= at && at < offset + size
              ),
            );
          }
        },
      ),
      { numRuns: 120 },
    );
  });
}

Deno.test("a corrupt size field does not cost the documents that it overlaps", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(400);
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const offsets = writeBinFile(source, docs);
  const original = Deno.readFileSync(source);
  for (const lie of [5000, 300, -3, 1_000_000]) {
    const bytes = original.slice();
    const sizeAt = offsets[100] + 4 + docs[100].key.length;
    const size = docs[100].content.length;
    new DataView(bytes.buffer).setInt32(sizeAt, size + lie, true);
    Deno.writeFileSync(source, bytes);
    await repack({
      source,
      target,
      sourceCodec: "none",
      skipErrors: true,
      force: true,
    });
    const others = docs.filter((_, i) => i !== 100);
    const found = outline(readBinFile(target, "none"))
      .filter((line) => !line.startsWith("key-100:"));
    assertEquals(found, outline(others), `size off by ${lie}`);
  }
});

Deno.test("with skipErrors, contents are checked even if their codec stays the same", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(40);
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const offsets = writeBinFile(source, docs, { codec: "xz" });
  const bytes = Deno.readFileSync(source);
  bytes[offsets[20] + 50] ^= 1;
  Deno.writeFileSync(source, bytes);
  const result = await repack({
    source,
    target,
    targetCodec: "xz",
    skipErrors: true,
  });
  assertEquals(result.skipped.map(({ key }) => key), ["key-20"]);
  docs.splice(20, 1);
  assertEquals(outline(readBinFile(target, "xz")), outline(docs));
});

Deno.test("many small files of a directory are repacked by several threads", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("in");
  Deno.mkdirSync(source);
  for (let i = 0; i < 12; i++) {
    const codec = codecNames[i % codecNames.length];
    writeBinFile(`${source}/${i}.bin`, numberedDocs(i + 1), { codec });
  }
  Deno.writeTextFileSync(`${source}/99.txt`, "this is no bin file, to be sure");
  const { results, passedOver } = await repackDirectory({
    source,
    target: directory.file("out"),
    targetCodec: "lz4",
    workers: 3,
  });
  assertEquals(passedOver.map(({ file }) => file), [`${source}/99.txt`]);
  assertEquals(results.length, 12);
  for (const { source, targets, documents } of results) {
    const docs = readBinFile(targets[0], "lz4");
    assertEquals(outline(docs), outline(readBinFile(source)));
    assertEquals(docs.length, documents);
  }
});

Deno.test("a content that looks like records is not taken for records", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const inner = directory.file("inner.bin");
  writeBinFile(inner, numberedDocs(30));
  const docs = [
    new Doc("first", "1"),
    new Doc("nested", Deno.readFileSync(inner)),
    new Doc("corrupt", "to be lost"),
    ...numberedDocs(9),
  ];
  const offsets = writeBinFile(source, docs);
  const bytes = Deno.readFileSync(source);
  bytes[offsets[2] + 3] = 0x80;
  Deno.writeFileSync(source, bytes);
  await repack({ source, target, sourceCodec: "none", skipErrors: true });
  docs.splice(2, 1);
  assertEquals(outline(readBinFile(target, "none")), outline(docs));
});

Deno.test("with skipErrors, every complete document of a truncated file is kept", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(20);
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const offsets = writeBinFile(source, docs, { codec: "zstd" });
  const original = Deno.readFileSync(source);
  for (
    const length of [offsets[19] + 2, offsets[19] + 20, original.length - 1]
  ) {
    Deno.writeFileSync(source, original.subarray(0, length));
    await assertRejects(
      () => repack({ source, target, force: true }),
      RecordError,
    );
    const result = await repack({
      source,
      target,
      skipErrors: true,
      force: true,
    });
    assertEquals(outline(readBinFile(target)), outline(docs.slice(0, 19)));
    assertEquals(result.skipped.map(({ offset, size }) => [offset, size]), [
      [offsets[19], length - offsets[19]],
    ]);
  }
});

Deno.test("a corrupt package is an error; with skipErrors, the documents before the corruption are kept", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const whole = Deno.readFileSync(fixture("none.bin.gzip"));
  Deno.writeFileSync(source, whole.subarray(0, whole.length - 5000));
  await assertRejects(() => repack({ source, target }), Error, "gzip");
  assertEquals(directory.list(), ["source.bin"]);
  const result = await repack({ source, target, skipErrors: true });
  assert(result.documents > 10);
  assert(result.skipped.some(({ reason }) => reason.includes("package")));
});

Deno.test("a document that exceeds the size limit is an error", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  writeBinFile(source, [new Doc("bomb", new Uint8Array(9_000_000))], {
    codec: "gzip",
  });
  for (const targetCodec of ["none", "lz4"] as const) {
    await assertRejects(
      () =>
        repack({
          source,
          target,
          targetCodec,
          maxSize: 8_999_999,
          force: true,
        }),
      RecordLimitError,
      "exceeds the limit",
    );
    await repack({ source, target, targetCodec, maxSize: 9e6, force: true });
  }
});

Deno.test("a cancelled repack leaves no target and no temporary files", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, manyDocs());
  for (const workers of [1, 3]) {
    const controller = new AbortController();
    const job = repack({
      source,
      target: directory.file("target.bin"),
      targetCodec: "bzip2",
      signal: controller.signal,
      workers,
    });
    setTimeout(() => controller.abort(), 20);
    await assertRejects(
      () => job,
      CancelledError,
      `Cancelled. ${directory.file("target.bin")} was not changed.`,
    );
    assertEquals(directory.list(), ["source.bin"]);
  }
  // A job without a target does not mention one.
  const error = await assertRejects(
    () => scan({ source, signal: AbortSignal.abort() }),
    CancelledError,
  );
  assertEquals(error.message, "Cancelled.");
});

Deno.test("progress increases up to the total", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const docs = manyDocs();
  writeBinFile(source, docs);
  const seen: number[] = [];
  const result = await repack({
    source,
    target: directory.file("target.bin"),
    targetCodec: "gzip",
    onProgress: ({ documents }) => seen.push(documents),
  });
  assertEquals(seen.toSorted((a, b) => a - b), seen);
  assertEquals(seen.at(-1), docs.length);
  assertEquals(result.bytesRead, result.sourceSize);
  assertEquals(result.bytesWritten, result.targetSize);
});

Deno.test("failing jobs leave nothing in use in the pool", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, numberedDocs(5), { codec: "gzip" });
  const bytes = Deno.readFileSync(source);
  bytes[60] ^= 0xff;
  Deno.writeFileSync(source, bytes);
  const before = globalMemoryPool.statistics().total.inUse;
  for (let i = 0; i < 100; i++) {
    const target = directory.file("target.bin");
    await assertRejects(
      () => repack({ source, target, sourceCodec: "gzip", targetCodec: "lz4" }),
      RecordError,
    );
  }
  assertEquals(globalMemoryPool.statistics().total.inUse, before);
});

Deno.test("the files of a directory that match are repacked to another, with suffixes", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("in");
  const target = directory.file("out");
  Deno.mkdirSync(source);
  for (const name of ["a.bin", "b.bin", "notes.txt"]) {
    writeBinFile(`${source}/${name}`, numberedDocs(10), { codec: "gzip" });
  }
  const options = {
    source,
    target,
    pattern: /\.bin$/,
    targetCodec: "zstd",
    packageCodec: "xz",
  } as const;
  const { results, passedOver } = await repackDirectory(options);
  assertEquals(results.map(({ documents }) => documents), [10, 10]);
  assertEquals(passedOver, []);
  assertEquals(
    Array.from(Deno.readDirSync(target), ({ name }) => name).sort(),
    ["a.bin.xz", "b.bin.xz"],
  );
  const again = await repackDirectory(options);
  assertEquals(again.results, []);
  assertEquals(again.passedOver.length, 2);
  await assertRejects(
    () => repackDirectory({ source, target: source }),
    FileError,
    "it is the source",
  );
});
