import { assertEquals, assertStringIncludes } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { runCommand, runShell, startCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("unpack writes each document to a file, and package makes the same bin file again", async () => {
  using directory = new TemporaryDirectory();
  const file = directory.file("docs.bin");
  const names = ["a/1", "a/2", "b", "c/d/e"];
  writeBinFile(file, names.map((name) => new Doc(name, `content of ${name}`)));
  const target = directory.file("docs");
  const { code, stdout, stderr } = await runCommand(["unpack", file, target]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, `${file} → ${target}: 4 documents, 56 B in `);
  assertEquals(Deno.readTextFileSync(`${target}/c/d/e`), "content of c/d/e");
  const again = directory.file("again.bin");
  await runCommand(["package", target, again, "-z", "none"]);
  assertEquals(Deno.readFileSync(again), Deno.readFileSync(file));
});

Deno.test("unpack accepts packages, the standard input, a pattern and a limit", async () => {
  using directory = new TemporaryDirectory();
  const source = fixture("none.bin.xz");
  const target = directory.file("docs");
  const { code, stdout } = await runShell(
    'cat "$1" | binfiles unpack - "$2" -p "^hello" -l 3 --json',
    source,
    target,
  );
  const result = JSON.parse(stdout);
  assertEquals([code, result.documents, result.packageCodec], [0, 1, "xz"]);
  assertEquals(Deno.statSync(`${target}/hello.txt`).size, 12);
});

Deno.test("unpack reports documents whose files have other names, and exits with 3 if it skipped some", async () => {
  using directory = new TemporaryDirectory();
  const file = directory.file("docs.bin");
  const keys = ["../up", "a", "a", "https://example.org/"];
  writeBinFile(file, keys.map((key) => new Doc(key, "x")));
  const all = await runCommand(["unpack", file, directory.file("all")]);
  assertEquals(all.code, 0);
  assertEquals(
    all.stderr,
    '../up written to %2E.%2Fup: it has the path component ".."\n' +
      "a written to a.2: an earlier document has the same file\n" +
      "https://example.org/ written to https%3A%2F%2Fexample.org%2F: " +
      "it has an empty path component\n",
  );
  assertStringIncludes(all.stdout, "2 documents with an encoded name");
  assertStringIncludes(all.stdout, "1 document with a numbered name");
  const choices = ["--unsafe-keys", "skip", "--duplicates", "overwrite"];
  const some = directory.file("some");
  const { code, stdout } = await runCommand(["u", file, some, ...choices]);
  assertEquals(code, 3);
  assertStringIncludes(stdout, "2 documents skipped");
  assertEquals(Array.from(Deno.readDirSync(some), ({ name }) => name), ["a"]);
});

Deno.test("unpack refuses existing files, and replaces them with --force", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs");
  Deno.mkdirSync(target);
  Deno.writeTextFileSync(`${target}/hello.txt`, "precious");
  const args = ["unpack", fixture("gzip.bin"), target, "-p", "^hello"];
  const { code, stderr } = await runCommand(args);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `error: Cannot write ${target}/hello.txt: it already exists. Use force (--force) to replace it.\n`,
  );
  assertEquals((await runCommand([...args, "-f", "-q"])).code, 0);
  assertEquals(Deno.statSync(`${target}/hello.txt`).size, 12);
});

Deno.test("unpack exits with 2 for wrong usage and 1 for corrupt inputs, and leaves no files", async () => {
  using directory = new TemporaryDirectory();
  const file = directory.file("docs.bin");
  writeBinFile(file, numberedDocs(20));
  Deno.truncateSync(file, Deno.statSync(file).size - 1);
  const target = directory.file("docs");
  const cases: [string[], number, string][] = [
    [[file], 2, "missing required argument 'directory'"],
    [[file, target, "--duplicates", "lose"], 2, "Allowed choices are number"],
    [[file, target], 1, "truncated"],
    [[file, target, "-z", "xz"], 1, "Cannot decompress xz data"],
    [[file, file], 1, "it is not a directory"],
    [[directory.file("missing"), target], 1, "no such file"],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await runCommand(["unpack", ...args]);
    assertEquals(code, expected, args.join(" "));
    assertStringIncludes(stderr, message);
  }
  assertEquals(directory.list(), ["docs.bin"]);
  const { code } = await runCommand(["unpack", file, target, "--skip-errors"]);
  assertEquals([code, [...Deno.readDirSync(target)].length], [3, 19]);
});

Deno.test("Ctrl-C ends unpack, which leaves no files", async () => {
  using directory = new TemporaryDirectory();
  const file = directory.file("docs.bin");
  writeBinFile(file, numberedDocs(100_000));
  const child = startCommand(["unpack", file, directory.file("docs")]);
  while (directory.list().length === 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill("SIGINT");
  const { code } = await child.output();
  assertEquals([code, directory.list()], [130, ["docs.bin"]]);
});
