import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  Doc,
  FileError,
  merge,
  packageFiles,
  repack,
  scan,
} from "../../doc/mod.ts";
import { MemoryPool, OptionError } from "../../pool/mod.ts";
import { runCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** What the sums beside a file say of it. */
async function compareWithSums(source: string) {
  return (await scan({ source, sums: true, skipErrors: true })).sums;
}

Deno.test("sums are the same whatever the codecs, the workers and the package, and match what was written", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, numberedDocs(3000), { codec: "none" });
  const target = directory.file("target.bin");
  let first: Uint8Array | undefined;
  for (
    const options of [
      { targetCodec: "none" },
      { targetCodec: "gzip", workers: 1 },
      { targetCodec: "zstd", workers: 3 },
      { targetCodec: "lz4", packageCodec: "xz" },
      { targetCodec: "brotli", packageCodec: "brotli" },
      { targetCodec: "none", pool: new MemoryPool({ enabled: false }) },
    ] as const
  ) {
    await repack({ source, target, sums: true, force: true, ...options });
    const sums = Deno.readFileSync(`${target}.sums`);
    assertEquals(sums.length, 8 + 8 * 3000);
    first ??= sums;
    assertEquals(sums, first);
    assertEquals(await compareWithSums(target), {
      same: 3000,
      different: 0,
      differences: [],
    });
  }
  assertEquals(directory.list(), [
    "source.bin",
    "target.bin",
    "target.bin.sums",
  ]);
});

Deno.test("a flip of any byte of uncompressed documents is found by their sums", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  await repack({ source: fixture("none.bin"), target: path, sums: true });
  const bytes = Deno.readFileSync(path);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const damaged = bytes.slice();
        damaged[at] ^= mask;
        Deno.writeFileSync(path, damaged);
        const { skipped, sums } = await scan({
          source: path,
          sums: true,
          skipErrors: true,
          workers: 1,
        });
        assert(sums!.different > 0, `${at} ${mask}`);
        // Others are not suspected: only what was hit, or was lost with it.
        assert(sums!.same >= 30 || skipped.length > 0, `${sums!.same}`);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("sums tell which documents have changed, are missing, or were added, and where", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(3000);
  const path = directory.file("docs.bin");
  const source = directory.file("source.bin");
  writeBinFile(source, docs, { codec: "none" });
  await repack({ source, target: path, targetCodec: "gzip", sums: true });
  const written = Deno.readFileSync(`${path}.sums`);
  const rewrite = (changed: Doc[]) => {
    const offsets = writeBinFile(path, changed, { codec: "lz4", force: true });
    // A file that is written anew loses its sums; here, it is to be checked by them.
    Deno.writeFileSync(`${path}.sums`, written);
    return offsets;
  };

  const offsets = rewrite(docs.with(7, new Doc("key-7", "something else")));
  assertEquals(await compareWithSums(path), {
    same: 2999,
    different: 1,
    differences: [
      { kind: "content", index: 7, key: "key-7", offset: offsets[7] },
    ],
  });
  rewrite(docs.with(2999, new Doc("other", docs[2999].content)));
  assertEquals(
    (await compareWithSums(path))!.differences.map(({ kind, key }) =>
      `${kind} ${key}`
    ),
    ["key other"],
  );
  rewrite(docs.toSpliced(100, 50));
  const missing = await compareWithSums(path);
  assertEquals([missing?.same, missing?.different], [2950, 50]);
  assertEquals(missing?.differences[0], { kind: "missing", index: 100 });
  rewrite(docs.toSpliced(100, 0, new Doc("new", "one")));
  const added = await compareWithSums(path);
  assertEquals([added?.same, added?.different], [3000, 1]);
  assertEquals(added?.differences[0].key, "new");
  // Documents that were appended since have no sums, which is no difference.
  rewrite([...docs, new Doc("new", "one")]);
  assertEquals((await compareWithSums(path))?.different, 0);
  rewrite(docs.slice(0, -1));
  assertEquals((await compareWithSums(path))?.differences, [
    { kind: "missing", index: 2999 },
  ]);
});

Deno.test("every part of a split target, and a merge without duplicates, has its sums", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  writeBinFile(source, numberedDocs(250), { codec: "gzip" });
  const { targets } = await repack({ source, target, split: 100, sums: true });
  assertEquals(targets.length, 3);
  for (const part of targets) {
    const sums = await compareWithSums(part);
    assertEquals([sums?.same, sums?.different], [
      part === targets[2] ? 50 : 100,
      0,
    ]);
  }
  const merged = directory.file("merged.bin");
  await merge({
    sources: [...targets, source],
    target: merged,
    duplicates: "last",
    sums: true,
  });
  const sums = await compareWithSums(merged);
  assertEquals([sums?.same, sums?.different], [250, 0]);
});

Deno.test("a package has sums, and documents that are added to it later have none", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const options = { source: fixture("../../pool"), target };
  const { documents } = await packageFiles({ ...options, sums: true });
  assertEquals((await compareWithSums(target))?.same, documents);
  await assertRejects(
    () => packageFiles({ ...options, append: true, sums: true }),
    OptionError,
  );
  await packageFiles({ ...options, append: true });
  const sums = await compareWithSums(target);
  assertEquals([sums?.same, sums?.different], [documents, 0]);
});

Deno.test("a target that is replaced loses its old sums", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  const options = { source: fixture("gzip.bin"), target };
  await repack({ ...options, sums: true });
  assertEquals(directory.list(), ["target.bin", "target.bin.sums"]);
  await repack({ ...options, force: true });
  assertEquals(directory.list(), ["target.bin"]);
  assertEquals(await compareWithSums(target), undefined);
});

Deno.test("sums that are damaged themselves, or cannot be had, are errors", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  const options = { source: fixture("gzip.bin"), target };
  await assertRejects(
    () => repack({ ...options, sums: true, contentOnly: true }),
    OptionError,
  );
  await repack({ ...options, sums: true });
  for (const bytes of ["", "binsums1x", "something else"]) {
    Deno.writeTextFileSync(`${target}.sums`, bytes);
    await assertRejects(
      () => compareWithSums(target),
      FileError,
      "not a complete checksum file",
    );
  }
});

Deno.test("verify compares with sums, names what has changed and exits with 1", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  await runCommand(["repack", fixture("gzip.bin"), target, "--sums"]);
  const good = await runCommand(["verify", target]);
  assertEquals(good.code, 0);
  assert(good.stdout.includes("all whole, checksums match"));
  const bytes = Deno.readFileSync(target);
  bytes[100_000] ^= 1;
  Deno.writeFileSync(target, bytes);
  const bad = await runCommand(["verify", target]);
  assertEquals(bad.code, 1);
  assert(bad.stdout.includes("1 difference from the checksums"));
  assert(
    bad.stderr.includes(
      'content differs from its checksum: "doc/0000.txt" at offset 81257',
    ),
  );
});
