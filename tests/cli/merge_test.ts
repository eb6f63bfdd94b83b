import { assertEquals, assertStringIncludes } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { runCommand, runShell } from "../support/command.ts";
import {
  fixture,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("merge makes one file of several and reports each source", async () => {
  using directory = new TemporaryDirectory();
  const one = directory.file("one.bin");
  const two = directory.file("two.bin");
  const target = directory.file("all.bin");
  writeBinFile(one, [new Doc("a", "1"), new Doc("b", "2")], { codec: "gzip" });
  writeBinFile(two, [new Doc("b", "3"), new Doc("c", "4")], { codec: "xz" });
  const { code, stdout } = await runCommand(["merge", one, two, target]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, `${two} (xz): 2 documents`);
  assertStringIncludes(stdout, `→ ${target} (gzip): 4 documents`);
  const texts = (...args: string[]) =>
    runCommand(["merge", one, two, target, "-f", "-t", "none", ...args])
      .then(() => readBinFile(target, "none").map((doc) => doc.text()));
  assertEquals(await texts(), ["1", "2", "3", "4"]);
  assertEquals(await texts("-d", "first"), ["1", "2", "4"]);
  assertEquals(await texts("--duplicates", "last"), ["1", "3", "4"]);
  const json = await runCommand(
    ["merge", one, two, target, "-f", "-d", "last", "--json"],
  );
  const { documents, sources } = JSON.parse(json.stdout);
  assertEquals([documents, sources[0].duplicates], [3, 1]);
});

Deno.test("merge writes only the bin file to the standard output", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("all.bin");
  const { code } = await runShell(
    'binfiles merge "$1" "$1" - -c zstd > "$2"',
    fixture("bzip2.bin"),
    target,
  );
  assertEquals(code, 0);
  const plain = directory.file("plain.bin");
  await runCommand(["repack", target, plain]);
  const docs = readBinFile(fixture("none.bin"));
  assertEquals(outline(readBinFile(plain)), outline([...docs, ...docs]));
});

Deno.test("merge reports invalid arguments and inputs", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("all.bin");
  const good = fixture("gzip.bin");
  const cases: [string[], number, string][] = [
    [[], 2, "missing required argument"],
    [[good], 2, "and then the target"],
    [["nosuch.bin", target], 1, "no such file"],
    [[good, target, "-d", "some"], 2, "Allowed choices are all, first, last"],
    [["-", target], 2, "expected the paths"],
    [[good, directory.path], 1, "a directory"],
    [[good, fixture("manifest.json"), target], 1, "manifest.json"],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await runCommand(["merge", ...args]);
    assertEquals(code, expected, args.join(" "));
    assertStringIncludes(stderr, message);
  }
  assertEquals(directory.list(), []);
});
