import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand, runShell } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("recover saves all documents but the corrupt ones, keeps their codec, and reports what was lost", async () => {
  using directory = new TemporaryDirectory();
  for (const codec of ["none", "gzip", "brotli", "xz"] as const) {
    const docs = numberedDocs(60);
    const source = directory.file(`${codec}.bin`);
    const target = directory.file(`${codec}.saved.bin`);
    const offsets = writeBinFile(source, docs, { codec });
    const bytes = Deno.readFileSync(source);
    bytes[offsets[30] + 1] ^= 0x40;
    Deno.writeFileSync(source, bytes.subarray(0, -5));
    const { code, stdout, stderr } = await runCommand([
      "recover",
      source,
      target,
    ]);
    assertEquals(code, 3, codec);
    assertStringIncludes(stdout, `58 documents of ${source} (${codec})`);
    assertStringIncludes(stdout, "2 regions lost");
    assertStringIncludes(stderr, `at offset ${offsets[30]}`);
    assertStringIncludes(stderr, `at offset ${offsets[59]}`);
    assertEquals(
      outline(readBinFile(target, codec)),
      outline(docs.filter((_, i) => i !== 30 && i !== 59)),
    );
  }
});

Deno.test("recover detects the codec of a file that is corrupt at its start", async () => {
  using directory = new TemporaryDirectory();
  for (const codec of ["gzip", "zstd", "bzip2"] as const) {
    const docs = numberedDocs(60);
    const source = directory.file(`${codec}.bin`);
    const target = directory.file(`${codec}.saved.bin`);
    writeBinFile(source, docs, { codec });
    const bytes = Deno.readFileSync(source);
    bytes[3] ^= 0x40;
    Deno.writeFileSync(source, bytes);
    const { code, stdout } = await runCommand(["recover", source, target]);
    assertEquals(code, 3);
    assertStringIncludes(stdout, `(${codec})`);
    assertEquals(
      outline(readBinFile(target)),
      outline(docs.slice(1)),
    );
  }
});

Deno.test("recover of an intact file copies it and exits with 0", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("saved.bin");
  const { code, stdout } = await runCommand([
    "recover",
    fixture("gzip.bin"),
    target,
  ]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "nothing was lost");
  assertEquals(
    Deno.readFileSync(target),
    Deno.readFileSync(fixture("gzip.bin")),
  );
  const again = await runCommand(["recover", fixture("gzip.bin"), target]);
  assertEquals(again.code, 1);
  assertStringIncludes(again.stderr, "--force");
});

Deno.test("recover saves the documents before the damage of a package", async () => {
  using directory = new TemporaryDirectory();
  const cut = directory.file("cut.bin.gz");
  const target = directory.file("saved.bin");
  const bytes = Deno.readFileSync(fixture("none.bin.gzip"));
  Deno.writeFileSync(cut, bytes.subarray(0, bytes.length - 1000));
  const { code, stdout } = await runCommand([
    "recover",
    cut,
    target,
    "--json",
  ]);
  assertEquals(code, 3);
  const report = JSON.parse(stdout);
  const docs = readBinFile(fixture("none.bin"));
  assertEquals(
    outline(readBinFile(target, "none")),
    outline(docs.slice(0, report.documents)),
  );
  assertStringIncludes(JSON.stringify(report.skipped), "package is corrupt");
});

Deno.test("recover reads the standard input and writes the standard output", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("saved.bin");
  const { stderr } = await runShell(
    'cat "$1" | binfiles recover - - > "$2"',
    fixture("lz4.bin"),
    target,
  );
  assertStringIncludes(stderr, "nothing was lost");
  assertEquals(
    Deno.readFileSync(target),
    Deno.readFileSync(fixture("lz4.bin")),
  );
});
