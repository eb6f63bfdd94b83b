import { assertEquals, assertStringIncludes } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { runCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("verify reads every document of every codec and reports that all are whole", async () => {
  for (
    const name of ["none", "gzip", "bzip2", "brotli", "lz4", "xz"]
      .flatMap((codec) => [`${codec}.bin`, `none.bin.${codec}`])
      .filter((name) => name !== "none.bin.none")
  ) {
    const { code, stdout, stderr } = await runCommand([
      "verify",
      fixture(name),
    ]);
    assertEquals([code, stderr], [0, ""], name);
    assertStringIncludes(stdout, "32 documents, 184 kB, all whole");
  }
});

Deno.test("verify reports all corrupted regions with offsets and keys, and exits with 1", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const offsets = writeBinFile(path, numberedDocs(100), { codec: "gzip" });
  const bytes = Deno.readFileSync(path);
  bytes[offsets[20] + 30] ^= 1;
  bytes[offsets[70]] ^= 0xff;
  Deno.writeFileSync(path, bytes.subarray(0, -3));
  const { code, stdout, stderr } = await runCommand(["verify", path]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "97 documents");
  assertStringIncludes(stdout, "3 corrupted regions");
  assertStringIncludes(stderr, `at offset ${offsets[20]} (key "key-20")`);
  assertStringIncludes(stderr, `at offset ${offsets[70]}`);
  assertStringIncludes(stderr, `at offset ${offsets[99]}`);
  const json = await runCommand(["verify", path, "--json"]);
  assertEquals(json.code, 1);
  assertEquals(
    JSON.parse(json.stdout).skipped.map(({ offset }: { offset: number }) =>
      offset
    ),
    [20, 70, 99].map((i) => offsets[i]),
  );
});

Deno.test("verify against another file compares keys and contents, whatever the codecs", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(40);
  const other = directory.file("other.bin");
  const same = await runCommand([
    "verify",
    fixture("xz.bin"),
    fixture("none.bin.gzip"),
    "-z",
    "xz",
  ]);
  assertEquals(same.code, 0);
  assertStringIncludes(same.stdout, "the same 32 documents");

  const path = directory.file("docs.bin");
  writeBinFile(path, docs, { codec: "lz4" });
  const changed = docs.toSpliced(5, 1).toSpliced(
    20,
    1,
    new Doc(docs[21].key, "something else"),
  );
  changed.push(new Doc("more", "at the end"));
  writeBinFile(other, changed, { codec: "zstd" });
  const { code, stdout, stderr } = await runCommand(["verify", path, other]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "38 the same, 3 different");
  assertStringIncludes(stderr, 'only in first: "key-5"');
  assertStringIncludes(stderr, 'content: "key-21"');
  assertStringIncludes(stderr, 'only in second: "more"');
  const json = await runCommand(["verify", path, other, "--json"]);
  assertEquals(JSON.parse(json.stdout).differences.length, 3);
});

Deno.test("verify fails on missing files and truncated packages", async () => {
  using directory = new TemporaryDirectory();
  const cut = directory.file("cut.bin.xz");
  const bytes = Deno.readFileSync(fixture("none.bin.xz"));
  Deno.writeFileSync(cut, bytes.subarray(0, bytes.length / 2));
  const result = await runCommand(["verify", cut]);
  assertEquals(result.code, 1);
  assertStringIncludes(result.stderr, "the package is corrupt");
  const missing = await runCommand(["verify", directory.file("none")]);
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.stderr, "no such file");
  const differs = await runCommand([
    "verify",
    fixture("gzip.bin"),
    directory.file("none"),
  ]);
  assertEquals(differs.code, 1);
});
