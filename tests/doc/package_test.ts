import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import { packTar } from "../support/modern_tar.ts";
import { compress } from "../../codec/mod.ts";
import {
  CancelledError,
  Doc,
  FileError,
  OptionError,
  packageFiles,
  type PackageOptions,
  TarError,
  TargetExistsError,
  unpack,
} from "../../mod.ts";
import { concat, randomBytes, text } from "../support/bytes.ts";
import {
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Creates files and their directories. */
function makeFiles(
  root: string,
  files: Record<string, string | Uint8Array>,
): string {
  for (const [name, content] of Object.entries(files)) {
    const path = `${root}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
  }
  return root;
}

/** Reads the keys and contents of a bin file. */
function read(path: string, codec?: string): string[] {
  return readBinFile(path, codec).map((doc) => `${doc.name}: ${doc.text()}`);
}

Deno.test("a directory's files become documents, in the order of their paths, with gzip", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), {
    "b.txt": "B",
    "a/z": "AZ",
    "a/b/c": "ABC",
    "a.txt": "A",
    "a-b": "A-B",
    "empty": "",
    "é/文.html": "<p>",
  });
  const target = directory.file("target.bin");
  const result = await packageFiles({ source, target });
  assertEquals(read(target, "gzip"), [
    "a-b: A-B",
    "a.txt: A",
    "a/b/c: ABC",
    "a/z: AZ",
    "b.txt: B",
    "empty: ",
    "é/文.html: <p>",
  ]);
  assertEquals([result.documents, result.targetCodec], [7, "gzip"]);
  assertEquals(result.skipped, []);
  assertEquals(result.bytesWritten, Deno.statSync(target).size);
  assertEquals(directory.list(), ["source", "target.bin"]);
});

Deno.test("the target is the same for any number of workers, and large files are complete", async () => {
  using directory = new TemporaryDirectory();
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 300; i++) files[`${i % 7}/${i}`] = text(i * 37, i + 1);
  files["3/large"] = randomBytes(5_000_000);
  files["3/middle"] = text(1024 * 1024);
  const source = makeFiles(directory.file("source"), files);
  const [one, three] = [directory.file("1.bin"), directory.file("3.bin")];
  await packageFiles({ source, target: one, workers: 1, targetCodec: "zstd" });
  await packageFiles({
    source,
    target: three,
    workers: 3,
    targetCodec: "zstd",
  });
  assertEquals(Deno.readFileSync(one), Deno.readFileSync(three));
  const names = Object.keys(files).sort();
  assertEquals(
    outline(readBinFile(one, "zstd")),
    outline(names.map((name) => new Doc(name, files[name]))),
  );
});

Deno.test("packaged files are unpacked unchanged", async () => {
  const name = fc.stringMatching(/^[a-z文 .]{1,6}$/)
    .filter((name) => /[^. ]/.test(name));
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.array(name, { minLength: 1, maxLength: 4 })
          .map((names) => names.join("/x/")),
        fc.uint8Array({ maxLength: 300 }),
        { maxKeys: 8 },
      ),
      fc.constantFrom("none", "gzip", "lz4"),
      async (files, targetCodec) => {
        using directory = new TemporaryDirectory();
        const source = directory.file("source");
        Deno.mkdirSync(source);
        // A name cannot be a file and a directory.
        const names = Object.keys(files).filter((name, _, all) =>
          !all.some((other) => other.startsWith(`${name}/`))
        );
        makeFiles(
          source,
          Object.fromEntries(names.map((name) => [name, files[name]])),
        );
        const file = directory.file("file.bin");
        const target = directory.file("target");
        await packageFiles({ source, target: file, targetCodec, workers: 1 });
        const { encoded, numbered } = await unpack({ source: file, target });
        assertEquals([encoded, numbered], [0, 0]);
        for (const name of names) {
          assertEquals(Deno.readFileSync(`${target}/${name}`), files[name]);
        }
      },
    ),
    { numRuns: 10 },
  );
});

Deno.test("pattern, limit and base name choose the files and their keys", async () => {
  using directory = new TemporaryDirectory();
  const files = {
    "a/1.html": "1",
    "a/2.txt": "2",
    "b/1.html": "3",
    "c.html": "4",
  };
  const source = makeFiles(directory.file("source"), files);
  const target = directory.file("target.bin");
  const take = async (options: Partial<PackageOptions>) => {
    const { skipped } = await packageFiles({
      source,
      target,
      force: true,
      targetCodec: "none",
      ...options,
    });
    assertEquals(skipped, []);
    return read(target, "none");
  };
  const pattern = /^[ab]\/.*html$/g;
  assertEquals(await take({ pattern }), ["a/1.html: 1", "b/1.html: 3"]);
  assertEquals(await take({ limit: 2 }), ["a/1.html: 1", "a/2.txt: 2"]);
  assertEquals(
    await take({ pattern, baseName: true }),
    ["1.html: 1", "1.html: 3"],
  );
});

Deno.test("links, special files and unreadable files are skipped and reported", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), { "a": "A", "d/b": "B" });
  Deno.symlinkSync("a", `${source}/link`);
  Deno.symlinkSync("..", `${source}/loop`);
  const long = "n".repeat(50);
  makeFiles(source, { [long]: "long" });
  await new Deno.Command("mkfifo", { args: [`${source}/pipe`] }).output();
  const target = directory.file("target.bin");
  const { documents, skipped } = await packageFiles({
    source,
    target,
    keySizeLimit: 40,
  });
  assertEquals(documents, 2);
  assertEquals(
    skipped.map(({ name, isLost }) => [name, isLost]),
    [["link", false], ["loop", false], [long, true], ["pipe", false]],
  );
  assertEquals(read(target), ["a: A", "d/b: B"]);
});

Deno.test({
  name: "the size of a content is what was read, not the size of the file",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using directory = new TemporaryDirectory();
    const target = directory.file("target.bin");
    // Files of size 0 that have contents.
    const names = ["status", "mounts", "limits"];
    assertEquals(Deno.statSync("/proc/self/limits").size, 0);
    await packageFiles({ source: "/proc/self", target, names });
    const docs = readBinFile(target);
    assertEquals(docs.map(({ name }) => name).sort(), names.toSorted());
    for (const doc of docs) assert(doc.content.length > 100);
  },
});

Deno.test("the target is not packaged into itself", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.path, { a: "A", b: "B" });
  const target = directory.file("target.bin");
  for (const options of [{}, { force: true }, { append: true }]) {
    const result = await packageFiles({ source, target, ...options });
    assertEquals(result.documents, 2);
  }
  assertEquals(read(target), ["a: A", "b: B", "a: A", "b: B"]);
  assertEquals(directory.list(), ["a", "b", "target.bin"]);
});

Deno.test("a list of names is packaged in its order, and missing files are reported", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), { "a/b": "B", c: "C" });
  const target = directory.file("target.bin");
  async function* names() {
    yield* ["c", "", "./a/b", "missing", "a", "c"];
  }
  const { skipped } = await packageFiles({ source, target, names: names() });
  assertEquals(read(target), ["c: C", "a/b: B", "c: C"]);
  assertEquals(skipped.map(({ name }) => name), ["missing", "a"]);
  assert(skipped.every(({ isLost }) => isLost));
  await assertRejects(
    () => packageFiles({ source: target, target: "x", names: ["a"] }),
    OptionError,
    "expected a directory",
  );
});

Deno.test("a tar archive becomes a bin file, compressed or not", async () => {
  using directory = new TemporaryDirectory();
  const archive = await packTar([
    { header: { name: "./d/", size: 0, type: "directory" } },
    { header: { name: "./d/a", size: 1 }, body: "A" },
    { header: { name: "link", size: 0, type: "symlink", linkname: "d/a" } },
    { header: { name: "other", size: 0, type: "link", linkname: "d/a" } },
    { header: { name: "large", size: 300_000 }, body: text(300_000) },
    { header: { name: "b", size: 0 }, body: "" },
  ]);
  for (const codec of ["none", "gzip", "brotli", "xz"] as const) {
    const source = directory.file(codec);
    Deno.writeFileSync(source, compress(archive, codec));
    const target = directory.file(`${codec}.bin`);
    const { skipped } = await packageFiles({ source, target });
    assertEquals(
      readBinFile(target).map(({ name, content }) => [name, content.length]),
      [["d/a", 1], ["large", 300_000], ["b", 0]],
    );
    assertEquals(
      skipped.map(({ name, isLost }) => [name, isLost]),
      [["link", false], ["other", true]],
    );
  }
});

Deno.test("a corrupt archive is an error; with skipErrors, the entries before the corruption are kept", async () => {
  using directory = new TemporaryDirectory();
  const archive = await packTar(
    ["a", "b", "c"].map((name) => ({
      header: { name, size: 2000 },
      body: name.repeat(2000),
    })),
  );
  const source = directory.file("cut.tar");
  Deno.writeFileSync(source, archive.subarray(0, 4000));
  const target = directory.file("target.bin");
  await assertRejects(() => packageFiles({ source, target }), TarError);
  assertEquals(directory.list(), ["cut.tar"]);
  const { documents, skipped } = await packageFiles({
    source,
    target,
    skipErrors: true,
  });
  assertEquals(documents, 1);
  assertEquals(skipped.map(({ name, isLost }) => [name, isLost]), [[
    "b",
    true,
  ]]);
  assertEquals(readBinFile(target).map(({ name }) => name), ["a"]);
});

Deno.test("compressed files are decompressed; one that is not compressed is an error, or skipped", async () => {
  using directory = new TemporaryDirectory();
  const pack = (text: string) =>
    compress(new TextEncoder().encode(text), "gzip");
  const files = { "a.gz": pack("A"), "b.gz": pack("B") };
  const source = makeFiles(directory.file("source"), files);
  const target = directory.file("target.bin");
  const options = {
    source,
    target,
    inputCodec: "gzip",
    force: true,
  } as const;
  await packageFiles({ ...options, targetCodec: "zstd" });
  assertEquals(read(target, "zstd"), ["a.gz: A", "b.gz: B"]);
  // Records within a corrupt file are not documents.
  const inner = directory.file("inner.bin");
  writeBinFile(inner, numberedDocs(5), { codec: "gzip" });
  makeFiles(source, { "b": Deno.readFileSync(inner) });
  // Even if contents would not have to be decompressed.
  for (const targetCodec of ["none", "gzip"] as const) {
    await assertRejects(
      () => packageFiles({ ...options, targetCodec }),
      FileError,
      `Cannot package "b" of ${source}: Cannot decompress gzip data`,
    );
    const { skipped } = await packageFiles({
      ...options,
      targetCodec,
      skipErrors: true,
    });
    assertEquals(skipped.map(({ name, isLost }) => [name, isLost]), [[
      "b",
      true,
    ]]);
    assertEquals(read(target, targetCodec), ["a.gz: A", "b.gz: B"]);
  }
});

Deno.test("appending adds to the end, with the codecs of the target", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), { a: "A".repeat(100) });
  const cases = [
    { targetCodec: "zstd" },
    { targetCodec: "gzip", packageCodec: "xz" },
    { targetCodec: "none", packageCodec: "gzip" },
  ] as const;
  for (const [i, codecs] of cases.entries()) {
    const target = directory.file(`${i}.bin`);
    await packageFiles({ source, target, append: true, ...codecs });
    const before = Deno.readFileSync(target);
    const result = await packageFiles({ source, target, append: true });
    assertEquals(result.targetCodec, codecs.targetCodec);
    const after = Deno.readFileSync(target);
    assertEquals(after, concat(before, before));
    const copy = directory.file(`copy-${i}`);
    const { documents, numbered } = await unpack({
      source: target,
      target: copy,
    });
    assertEquals([documents, numbered], [2, 1]);
  }
});

Deno.test("appending to a target that does not fit is rejected, and nothing is changed", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), { a: "A".repeat(100) });
  const target = directory.file("target.bin");
  const append = (options: Partial<PackageOptions>) =>
    packageFiles({ source, target, append: true, ...options });
  const refused = async (options: Partial<PackageOptions>, reason: string) => {
    const before = Deno.readFileSync(target);
    await assertRejects(() => append(options), FileError, reason);
    assertEquals(Deno.readFileSync(target), before);
  };
  await append({ targetCodec: "zstd" });
  await refused({ targetCodec: "gzip" }, "seem to have the codec zstd");
  await refused({ packageCodec: "gzip" }, "its package codec is none");
  const brotli = {
    targetCodec: "none",
    packageCodec: "brotli",
    force: true,
  } as const;
  await packageFiles({ source, target, ...brotli });
  await refused({}, "brotli package, to which nothing can be appended");
  await packageFiles({ source, target, force: true });
  Deno.truncateSync(target, Deno.statSync(target).size - 1);
  const { size } = Deno.statSync(target);
  assertEquals((await append({})).cut, { offset: 0, size });
  assertEquals(read(target, "gzip"), [`a: ${"A".repeat(100)}`]);
  Deno.writeFileSync(target, randomBytes(1000));
  await refused({}, "it is not a bin file");
  Deno.writeFileSync(target, new Uint8Array(0));
  await append({});
  assertEquals(read(target, "gzip"), [`a: ${"A".repeat(100)}`]);
  assertEquals(directory.list(), ["source", "target.bin"]);
});

Deno.test("an existing target is rejected", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), { a: "A" });
  const target = directory.file("target.bin");
  Deno.writeTextFileSync(target, "precious");
  await assertRejects(
    () => packageFiles({ source, target }),
    TargetExistsError,
  );
  assertEquals(Deno.readTextFileSync(target), "precious");
});

Deno.test("a cancelled job ends at once, whatever it waits for, and leaves no files", async () => {
  using directory = new TemporaryDirectory();
  const source = makeFiles(directory.file("source"), { a: "A", b: "B" });
  const target = directory.file("target.bin");
  const controller = new AbortController();
  async function* names() {
    yield "a";
    setTimeout(() => controller.abort(), 50);
    await new Promise(() => {});
    yield "b";
  }
  await assertRejects(
    () =>
      packageFiles({
        source,
        target,
        names: names(),
        signal: controller.signal,
      }),
    CancelledError,
  );
  assertEquals(directory.list(), ["source"]);
});

Deno.test("a missing source is an error that names it", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("missing");
  const error = await assertRejects(
    () => packageFiles({ source, target: directory.file("t.bin") }),
    FileError,
  );
  assertStringIncludes(
    error.message,
    `Cannot open ${source}: no such file`,
  );
});
