import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  CancelledError,
  Doc,
  FileError,
  KeyError,
  OptionError,
  RecordError,
  TargetExistsError,
  unpack,
  type UnpackOptions,
} from "../../mod.ts";
import { encodedName, pathProblem } from "../../doc/target/file_name.ts";
import {
  fixture,
  manifest,
  numberedDocs,
  sha256,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

const encoder = new TextEncoder();

/** Files below a directory, with their contents. */
function files(root: string, prefix = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory, isFile } of Deno.readDirSync(root)) {
    const path = `${root}/${name}`;
    if (isDirectory) Object.assign(found, files(path, `${prefix}${name}/`));
    else if (isFile) found[prefix + name] = Deno.readTextFileSync(path);
  }
  return found;
}

/** Unpacks documents with the given keys; the content of each is its index. */
async function unpackKeys(
  directory: TemporaryDirectory,
  keys: (string | Uint8Array)[],
  options: Partial<UnpackOptions> = {},
) {
  const source = directory.file("source.bin");
  const target = directory.file("inside");
  writeBinFile(source, keys.map((key, i) => new Doc(key, `${i}`)), {
    force: true,
  });
  const detours: [string, string | undefined][] = [];
  const result = await unpack({
    source,
    target,
    onDetour: (key, path) => detours.push([key, path]),
    ...options,
  });
  return { ...result, detours, files: files(target) };
}

Deno.test("every document of a plain file or package becomes a file, whatever the codec", async () => {
  for (
    const name of ["gzip.bin", "brotli.bin", "none.bin.xz", "none.bin.brotli"]
  ) {
    using directory = new TemporaryDirectory();
    const target = directory.file("new/target");
    const result = await unpack({ source: fixture(name), target });
    assertEquals(result.documents, manifest.length);
    assertEquals(result.leftOut, 0);
    for (const { key, sha256: expected } of manifest) {
      const path = pathProblem(encoder.encode(key), false) === undefined
        ? key
        : encodedName(encoder.encode(key));
      assertEquals(
        await sha256(Deno.readFileSync(`${target}/${path}`)),
        expected,
      );
    }
  }
});

Deno.test("keys of 100,000 bytes are errors; with a higher limit they get encoded names", async () => {
  using directory = new TemporaryDirectory();
  const keys = ["/".repeat(100_000), "k".repeat(100_000)];
  const source = directory.file("source.bin");
  const target = directory.file("inside");
  const keySizeLimit = 100_000;
  writeBinFile(source, keys.map((key, i) => new Doc(key, `${i}`)), {
    codec: "none",
    keySizeLimit,
  });
  await assertRejects(
    () => unpack({ source, target, codec: "none" }),
    RecordError,
    "invalid key size 100000 (limit 1000)",
  );
  assertEquals(directory.list(), ["source.bin"]);
  const result = await unpack({ source, target, keySizeLimit });
  assertEquals([result.documents, result.encoded], [2, 2]);
  assertEquals(Object.values(files(target)).sort(), ["0", "1"]);
});

Deno.test("no key escapes the directory, and no document is lost", async () => {
  using directory = new TemporaryDirectory();
  const keys = [
    "../up",
    "a/../../up",
    "/etc/passwd",
    "C:/x",
    "C:\\x",
    "..\\up",
    "..",
    ".",
    "",
    "a//b",
    "a/",
    "a/./b",
    "nul\0",
    "line\nbreak",
    "\x9b31m",
    "https://example.org/?q=1",
    "n".repeat(256),
    "long/".repeat(150) + "x".repeat(200),
    new Uint8Array([0x63, 0xe9]),
    "safe/key.txt",
  ];
  const result = await unpackKeys(directory, keys);
  assertEquals(result.documents, keys.length);
  assertEquals(result.encoded, keys.length - 2);
  assertEquals(directory.list(), ["inside", "source.bin"]);
  assertEquals(
    Object.values(result.files).map(Number).sort((a, b) => a - b),
    keys.map((_, i) => i),
  );
  assertEquals(result.files["safe/key.txt"], "19");
  assertEquals(result.files["%2E.%2Fup"], "0");
  assertEquals(result.files["https%3A%2F%2Fexample.org%2F%3Fq%3D1"], "15");
  assertEquals(result.detours[0], ["../up", "%2E.%2Fup"]);
});

Deno.test("any keys make as many files as documents, all within the directory", async () => {
  const part = fc.constantFrom(
    "a",
    "b",
    "..",
    ".",
    "",
    "/",
    "//",
    "\\",
    "é",
    "%",
    ".2",
    "\0",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.array(part, { maxLength: 5 }).map((parts) => parts.join("")),
          fc.uint8Array({ maxLength: 300 }),
        ),
        { maxLength: 20 },
      ),
      async (keys) => {
        using directory = new TemporaryDirectory();
        const result = await unpackKeys(directory, keys);
        assertEquals(
          Object.values(result.files).map(Number).sort((a, b) => a - b),
          keys.map((_, i) => i),
        );
        assertEquals(directory.list(), ["inside", "source.bin"]);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("encoded names are safe on every system, and distinct for distinct keys", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 400 }),
    fc.uint8Array({ maxLength: 400 }),
    (key, other) => {
      const name = encodedName(key);
      assertEquals(pathProblem(encoder.encode(name), true), undefined);
      assert(name.length <= 240 && !name.includes("/"));
      assertEquals(name === encodedName(other), key.join() === other.join());
    },
  ));
  for (const name of ["con", "NUL.txt", "com1", ".", "..", "...", "a.", ""]) {
    const encoded = encodedName(encoder.encode(name));
    assertEquals(pathProblem(encoder.encode(encoded), true), undefined);
  }
});

Deno.test("names that only Windows refuses are safe elsewhere", () => {
  for (
    const name of ["con", "a/NUL.txt", "a?", "xx:y", "end.", "end ", "<a>"]
  ) {
    const key = encoder.encode(name);
    assert(pathProblem(key, true) !== undefined, name);
    assertEquals(pathProblem(key, false), undefined);
  }
});

Deno.test("with unsafeKeys, keys that are not safe paths are skipped or an error", async () => {
  using directory = new TemporaryDirectory();
  const keys = ["a", "../b", "c"];
  const skipped = await unpackKeys(directory, keys, { unsafeKeys: "skip" });
  assertEquals(skipped.files, { a: "0", c: "2" });
  assertEquals([skipped.documents, skipped.leftOut], [2, 1]);
  assertEquals(skipped.detours, [["../b", undefined]]);
  const target = directory.file("other");
  const error = await assertRejects(
    () => unpackKeys(directory, keys, { unsafeKeys: "error", target }),
    KeyError,
    'it has the path component ".."',
  );
  assertEquals([error.key, error.offset], ["../b", 10]);
  assertEquals(directory.list(), ["inside", "source.bin"]);
});

Deno.test("documents with the same key are numbered, overwritten, skipped or an error", async () => {
  const keys = ["a", "b", "a", "a", "a.2"];
  const expected = {
    number: { a: "0", b: "1", "a.2": "2", "a.3": "3", "a.2.2": "4" },
    overwrite: { a: "3", b: "1", "a.2": "4" },
    skip: { a: "0", b: "1", "a.2": "4" },
  };
  for (const duplicates of ["number", "overwrite", "skip"] as const) {
    using directory = new TemporaryDirectory();
    const result = await unpackKeys(directory, keys, { duplicates });
    assertEquals(result.files, expected[duplicates]);
    assertEquals(result.documents, Object.keys(result.files).length);
    assertEquals(result.leftOut, duplicates === "skip" ? 2 : 0);
  }
  using directory = new TemporaryDirectory();
  await assertRejects(
    () => unpackKeys(directory, keys, { duplicates: "error" }),
    KeyError,
    'Cannot unpack "a" at offset 20',
  );
  assertEquals(directory.list(), ["source.bin"]);
});

Deno.test("a thousand documents with one key become a thousand files", async () => {
  using directory = new TemporaryDirectory();
  const result = await unpackKeys(directory, new Array(1000).fill("key"));
  assertEquals(Object.keys(result.files).length, 1000);
  assertEquals(result.files["key.1000"], "999");
});

Deno.test("a key that is a directory of another key does not conflict with it, in either order", async () => {
  using directory = new TemporaryDirectory();
  const { files } = await unpackKeys(directory, [
    "a",
    "a/b",
    "c/d",
    "c",
    "a/b/e",
  ]);
  assertEquals(files, {
    a: "0",
    "a%2Fb": "1",
    "c/d": "2",
    "c.2": "3",
    "a%2Fb%2Fe": "4",
  });
});

Deno.test("names that a number makes too long are encoded", async () => {
  using directory = new TemporaryDirectory();
  const key = "n".repeat(255);
  const { files } = await unpackKeys(directory, [key, key, key]);
  assertEquals(Object.values(files).sort(), ["0", "1", "2"]);
});

Deno.test("symbolic links in the directory are not followed", async () => {
  using directory = new TemporaryDirectory();
  const outside = directory.file("outside");
  const inside = directory.file("inside");
  Deno.mkdirSync(outside);
  Deno.mkdirSync(inside);
  Deno.writeTextFileSync(`${outside}/precious`, "precious");
  Deno.symlinkSync(outside, `${inside}/link`);
  Deno.symlinkSync(`${outside}/precious`, `${inside}/file`);
  for (const force of [false, true]) {
    await assertRejects(
      () => unpackKeys(directory, ["link/new"], { force }),
      FileError,
      "it exists and is not a directory",
    );
  }
  await assertRejects(() => unpackKeys(directory, ["file"]), TargetExistsError);
  await unpackKeys(directory, ["file"], { force: true });
  assertEquals(Deno.readTextFileSync(`${inside}/file`), "0");
  assertEquals(files(outside), { precious: "precious" });
});

Deno.test("without force, an existing file stops the job before any file changes", async () => {
  using directory = new TemporaryDirectory();
  await unpackKeys(directory, ["a", "d/b", "d/e/c"]);
  const keys = ["new", "d/new", "d/b"];
  await assertRejects(
    () => unpackKeys(directory, keys),
    TargetExistsError,
    "d/b",
  );
  const before = { a: "0", "d/b": "1", "d/e/c": "2" };
  assertEquals(files(directory.file("inside")), before);
  const { files: after } = await unpackKeys(directory, keys, { force: true });
  assertEquals(after, { ...before, new: "0", "d/new": "1", "d/b": "2" });
  await assertRejects(
    () => unpackKeys(directory, ["d"], { force: true }),
    FileError,
    "it exists and is a directory",
  );
  assertEquals(files(directory.file("inside")), after);
});

Deno.test("damage leaves nothing behind; with skipErrors every other document is written", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const offsets = writeBinFile(source, numberedDocs(50), { codec: "gzip" });
  const bytes = Deno.readFileSync(source);
  bytes[offsets[20] + 30] ^= 0xff;
  Deno.writeFileSync(source, bytes);
  const target = directory.file("target");
  await assertRejects(() => unpack({ source, target }), RecordError, "key-20");
  assertEquals(directory.list(), ["source.bin"]);
  const result = await unpack({ source, target, skipErrors: true });
  assertEquals(result.documents, 49);
  assertEquals(result.skipped.map(({ key }) => key), ["key-20"]);
  assertEquals(Object.keys(files(target)).length, 49);
});

Deno.test("pattern and limit select the documents that are written", async () => {
  using directory = new TemporaryDirectory();
  const { files, documents } = await unpackKeys(
    directory,
    ["a1", "b1", "a2", "a3"],
    { pattern: /^a/g, limit: 2 },
  );
  assertEquals([files, documents], [{ a1: "0", a2: "2" }, 2]);
  await assertRejects(
    () => unpackKeys(directory, ["x"], { limit: -1 }),
    OptionError,
  );
});

Deno.test("a cancelled job leaves nothing behind", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, numberedDocs(5000));
  const controller = new AbortController();
  await assertRejects(
    () =>
      unpack({
        source,
        target: directory.file("target"),
        signal: controller.signal,
        onProgress: () => controller.abort(),
      }),
    CancelledError,
  );
  assertEquals(directory.list(), ["source.bin"]);
});

Deno.test("a target that is not a directory is refused", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target");
  Deno.writeTextFileSync(target, "precious");
  await assertRejects(
    () => unpack({ source: fixture("gzip.bin"), target }),
    FileError,
    "it is not a directory",
  );
  assertEquals(Deno.readTextFileSync(target), "precious");
});
