import { assertEquals, assertStringIncludes } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { runCommand, runShell } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("count prints the number of documents of a file, a package or the standard input", async () => {
  for (const name of ["gzip.bin", "none.bin.brotli", "none.bin.xz"]) {
    for (const flags of [[], ["-k"], ["-w", "3"]]) {
      const { code, stdout } = await runCommand(
        ["count", fixture(name), ...flags],
      );
      assertEquals([code, stdout], [0, "32\n"], `${name} ${flags}`);
    }
  }
  const { stdout } = await runShell(
    'binfiles c - < "$1"; cat "$2" | binfiles count -k -',
    fixture("lz4.bin"),
    fixture("none.bin.lz4"),
  );
  assertEquals(stdout, "32\n32\n");
});

Deno.test("count takes exactly the records that start between two offsets, for any number of workers", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const offsets = writeBinFile(path, numberedDocs(1000), { codec: "gzip" });
  const ranges: [number, number, number][] = [
    [offsets[10], offsets[20], 10],
    [offsets[10], offsets[20] + 1, 11],
    [offsets[999], offsets[999] + 1, 1],
    [0, offsets[1], 1],
  ];
  for (const [start, end, expected] of ranges) {
    for (const flags of [["-k"], ["-w", "1"], ["-w", "3"]]) {
      const { stdout } = await runCommand(
        ["count", path, `${start}`, `${end}`, ...flags, "--json"],
      );
      assertEquals(JSON.parse(stdout).documents, expected);
    }
  }
  const { stdout } = await runCommand(["count", path, `${offsets[400]}`]);
  assertEquals(stdout, "600\n");
});

Deno.test("count of a corrupt file fails and names the offset, or skips the record with --skip-errors", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const offsets = writeBinFile(path, numberedDocs(50), { codec: "gzip" });
  const bytes = Deno.readFileSync(path);
  bytes[offsets[20] + 30] ^= 1;
  Deno.writeFileSync(path, bytes);
  const strict = await runCommand(["count", path]);
  assertEquals([strict.code, strict.stdout], [1, ""]);
  assertStringIncludes(strict.stderr, `offset ${offsets[20]} of ${path}`);
  const lenient = await runCommand(["count", path, "--skip-errors"]);
  assertEquals([lenient.code, lenient.stdout], [3, "49\n"]);
  assertStringIncludes(lenient.stderr, `offset ${offsets[20]}`);
  // Only the content is corrupt, so the keys can be counted.
  const keys = await runCommand(["count", path, "-k"]);
  assertEquals([keys.code, keys.stdout], [0, "50\n"]);
});

Deno.test("count -k notices a truncated file, even within a large document that it does not read", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const large = new Doc("large", new Uint8Array(5_000_000));
  writeBinFile(path, [...numberedDocs(3), large, large], { codec: "none" });
  assertEquals((await runCommand(["count", "-k", path])).stdout, "5\n");
  Deno.truncateSync(path, Deno.statSync(path).size - 1);
  const { code, stderr } = await runCommand(["count", "-k", path]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "truncated");
  const lenient = await runCommand(["count", "-k", path, "--skip-errors"]);
  assertEquals([lenient.code, lenient.stdout], [3, "4\n"]);
});

Deno.test("count reports invalid arguments and inputs", async () => {
  const cases: [string[], number, string][] = [
    [[], 2, "missing required argument"],
    [["nosuch.bin"], 1, "no such file"],
    [["."], 1, "a directory"],
    [[fixture("gzip.bin"), "x"], 2, "Expected 0 or a positive integer"],
    [[fixture("gzip.bin"), "-z", "rar"], 2, "Expected one of"],
    [[fixture("manifest.json")], 1, "invalid key size"],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stdout, stderr } = await runCommand(["count", ...args]);
    assertEquals([code, stdout], [expected, ""], args.join(" "));
    assertStringIncludes(stderr, message);
  }
});
