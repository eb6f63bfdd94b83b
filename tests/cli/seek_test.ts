import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand, runShell } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("seek finds the next record at or after an offset", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const docs = numberedDocs(40);
  for (const codec of ["none", "zstd"] as const) {
    const offsets = writeBinFile(path, docs, { codec, force: true });
    const runs: [string[], number][] = [
      [[], 0],
      [["0"], 0],
      [["1"], 1],
      [[String(offsets[7])], 7],
      [[String(offsets[7] + 1)], 8],
      [[String(offsets[7] + 30)], 8],
    ];
    for (const [args, i] of runs) {
      const { code, stdout, stderr } = await runCommand([
        "seek",
        path,
        ...args,
      ]);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `${offsets[i]}\tkey-${i}\t`);
    }
  }
});

Deno.test("seek prints the content with --content, and JSON with --json", async () => {
  const file = fixture("gzip.bin");
  const content = await runCommand(["k", file, "20", "--content"]);
  assertEquals(content.stdout, `${"39".padStart(10)}\tHello World\n`);
  const json = await runCommand(["sk", file, "20", "--json"]);
  const facts = { offset: 39, key: "hello.txt", keySize: 9, contentSize: 41 };
  assertEquals(JSON.parse(json.stdout), facts);
  const both = await runCommand(["sk", file, "20", "--json", "--content"]);
  const document = { offset: 39, key: "hello.txt", content: "Hello World\n" };
  assertEquals(JSON.parse(both.stdout), document);
});

Deno.test("seek accepts corrupt files, packages and the standard input", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const offsets = writeBinFile(path, numberedDocs(40), { codec: "gzip" });
  const bytes = Deno.readFileSync(path);
  bytes.fill(0xee, offsets[10], offsets[12] + 5);
  Deno.writeFileSync(path, bytes);
  const damaged = await runCommand(["seek", path, String(offsets[10])]);
  assertStringIncludes(damaged.stdout, `${offsets[13]}\tkey-13\t`);
  const script = 'cat "$1" | binfiles seek - 6; binfiles seek "$1" 6';
  for (const name of ["none.bin.gzip", "none.bin.bzip2", "xz.bin"]) {
    const { stdout } = await runShell(script, fixture(name));
    assertEquals(stdout.match(/hello\.txt/g)?.length, 2, name);
  }
});

Deno.test("seek exits with 1 if there is no record", async () => {
  const file = fixture("gzip.bin");
  const { size } = Deno.statSync(file);
  const runs: [string[], string][] = [
    [[file, String(size - 20)], "Cannot find a record at or after offset"],
    [[file, String(size + 1)], "Cannot find a record at or after offset"],
    [["nowhere.bin"], "no such file"],
  ];
  for (const [args, message] of runs) {
    const { code, stdout, stderr } = await runCommand(["seek", ...args]);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, message);
  }
});
