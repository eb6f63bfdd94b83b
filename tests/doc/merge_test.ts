import { assertEquals, assertRejects } from "@std/assert";
import fc from "../support/fast_check.ts";
import { KeyTable } from "../../doc/key_table.ts";
import { Doc, merge, RecordError, TargetExistsError } from "../../doc/mod.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Documents of several files, with keys from a small set, so that many are duplicates. */
const files = fc.array(
  fc.array(
    fc.tuple(fc.constantFrom("a", "b", "c", "d", "e", ""), fc.string()),
    { maxLength: 12 },
  ),
  { minLength: 1, maxLength: 4 },
);

Deno.test("a merge keeps all documents, or the first or last of each key, in the order of the files", async () => {
  using directory = new TemporaryDirectory();
  const codecs = ["none", "gzip", "zstd", "lz4"] as const;
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.constantFrom("all", "first", "last"),
      async (contents, duplicates) => {
        const all: Doc[] = [];
        const sources = contents.map((pairs, i) => {
          const path = directory.file(`${i}.bin`);
          const docs = pairs.map(([key, text], j) =>
            new Doc(key, `${i} ${j} ${text}`)
          );
          all.push(...docs);
          writeBinFile(path, docs, { codec: codecs[i], force: true });
          return path;
        });
        const target = directory.file("target.bin");
        const result = await merge({
          sources,
          target,
          duplicates: duplicates as "all" | "first" | "last",
          targetCodec: "lz4",
          force: true,
          workers: 1,
        });
        const expected = all.filter(({ name }, i) =>
          duplicates === "all" ||
          (duplicates === "first"
            ? all.findIndex((doc) => doc.name === name) === i
            : all.findLastIndex((doc) => doc.name === name) === i)
        );
        assertEquals(outline(readBinFile(target, "lz4")), outline(expected));
        assertEquals(result.documents, expected.length);
        assertEquals(
          result.sources.reduce((sum, each) => sum + each.duplicates, 0),
          all.length - expected.length,
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("many duplicates across blocks and workers are omitted", async () => {
  using directory = new TemporaryDirectory();
  const one = directory.file("one.bin");
  const two = directory.file("two.bin");
  const target = directory.file("target.bin");
  const body = "x".repeat(2000);
  const docs = (from: number, to: number, mark: string) =>
    Array.from(
      { length: to - from },
      (_, i) => new Doc(`key ${from + i}`, `${mark} ${body}`),
    );
  writeBinFile(one, docs(0, 2000, "one"), { codec: "none" });
  writeBinFile(two, docs(1000, 3000, "two"), { codec: "none" });
  for (const workers of [1, 3]) {
    await merge({
      sources: [one, two],
      target,
      duplicates: "last",
      targetCodec: "zstd",
      workers,
      force: true,
    });
    assertEquals(
      outline(readBinFile(target)),
      outline([...docs(0, 1000, "one"), ...docs(1000, 3000, "two")]),
    );
  }
});

Deno.test("packages of every codec are merged like plain files", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  const packages = ["gzip", "bzip2", "brotli", "lz4", "xz"]
    .map((codec) => fixture(`none.bin.${codec}`));
  const result = await merge({
    sources: [fixture("gzip.bin"), ...packages],
    target,
    duplicates: "first",
    packageCodec: "zstd",
  });
  assertEquals([result.documents, result.packageCodec], [32, "zstd"]);
  assertEquals(
    result.sources.map(({ codec, packageCodec, documents, duplicates }) =>
      `${codec} ${packageCodec} ${documents} ${duplicates}`
    ),
    [
      "gzip none 32 0",
      "none gzip 0 32",
      "none bzip2 0 32",
      "none brotli 0 32",
      "none lz4 0 32",
      "none xz 0 32",
    ],
  );
});

Deno.test("a corrupt source fails a merge; with skipErrors, its corrupt documents do not suppress good duplicates", async () => {
  using directory = new TemporaryDirectory();
  const bad = directory.file("bad.bin");
  const good = directory.file("good.bin");
  const target = directory.file("target.bin");
  const docs = numberedDocs(50);
  const offsets = writeBinFile(bad, docs, { codec: "gzip" });
  writeBinFile(good, docs, { codec: "zstd" });
  const bytes = Deno.readFileSync(bad);
  bytes[offsets[10] + 30] ^= 1;
  Deno.writeFileSync(bad, bytes);
  const options = {
    sources: [bad, good],
    target,
    targetCodec: "zstd",
    duplicates: "first",
  } as const;
  await assertRejects(() => merge(options), RecordError, bad);
  assertEquals(directory.list(), ["bad.bin", "good.bin"]);
  const result = await merge({ ...options, skipErrors: true });
  assertEquals(result.sources[0].skipped.length, 1);
  assertEquals(
    readBinFile(target).map(({ name }) => name).sort(),
    docs.map(({ name }) => name).sort(),
  );
});

Deno.test("a merge does not replace a target, which cannot be a source", async () => {
  using directory = new TemporaryDirectory();
  const one = directory.file("one.bin");
  writeBinFile(one, numberedDocs(3));
  const before = Deno.readFileSync(one);
  const two = directory.file("two.bin");
  Deno.copyFileSync(one, two);
  await assertRejects(
    () => merge({ sources: [one], target: two }),
    TargetExistsError,
  );
  await assertRejects(
    () => merge({ sources: [two, one], target: one, force: true }),
    Error,
    "it is the source",
  );
  assertEquals(Deno.readFileSync(one), before);
});

Deno.test("a key table numbers keys as a map does, whatever their bytes and sizes", () => {
  const key = fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 0, max: 5 }).map((i) => new Uint8Array(3_000_000 + i)),
  );
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
      const table = new KeyTable();
      const map = new Map<string, number>();
      for (const bytes of keys) {
        const text = bytes.length > 1000 ? `${bytes.length}` : bytes.join();
        const expected = map.get(text) ?? map.size;
        map.set(text, expected);
        assertEquals(table.add(bytes, 0, bytes.length), expected);
      }
      assertEquals(table.size, map.size);
    }),
    { numRuns: 100 },
  );
  const table = new KeyTable();
  const encoder = new TextEncoder();
  for (const _ of [1, 2]) {
    for (let i = 0; i < 50_000; i++) {
      const bytes = encoder.encode(`key ${i}`);
      assertEquals(table.add(bytes, 0, bytes.length), i);
    }
  }
});

Deno.test("a key table finds all keys when they fill its slabs to the last byte", () => {
  // Powers of two fill slabs exactly, and so does a key with a slab of its own.
  for (const size of [16, 1024, 5_000_000]) {
    const table = new KeyTable();
    const count = size === 16 ? 600_000 : size === 1024 ? 9000 : 3;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    for (const _ of [1, 2]) {
      for (let i = 0; i < count; i++) {
        view.setUint32(size - 8, i);
        if (table.add(bytes, 0, size) !== i) throw new Error(`key ${i}`);
      }
    }
    assertEquals(table.size, count);
  }
});
