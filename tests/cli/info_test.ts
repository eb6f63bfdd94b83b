import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

Deno.test("info shows the codec, documents, sizes and largest documents", async () => {
  const { code, stdout } = await runCommand([
    "info",
    fixture("none.bin.brotli"),
  ]);
  assertEquals(code, 0);
  for (
    const text of [
      "none in brotli",
      "documents  32",
      "184 kB",
      '70 kB  "zeros" at offset 1158',
      "< 128 KiB",
    ]
  ) assertStringIncludes(stdout, text);
});

Deno.test("info --json has exact numbers that add up", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(500);
  const path = directory.file("docs.bin");
  writeBinFile(path, docs, { codec: "zstd" });
  const { stdout } = await runCommand(["info", path, "--json", "-w", "3"]);
  const { codec, packageCodec, documents, sourceSize, tally, engines } = JSON
    .parse(stdout);
  assertEquals([codec, packageCodec, documents], ["zstd", "none", 500]);
  assertEquals(sourceSize, Deno.statSync(path).size);
  const sizes = docs.map(({ content }) => content.length);
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  assertEquals(tally.contentBytes, sum(sizes));
  assertEquals(tally.keyBytes, sum(docs.map(({ key }) => key.length)));
  assertEquals(sum(tally.histogram), 500);
  assertEquals(tally.storedBytes + tally.keyBytes + 8 * 500, sourceSize);
  assertEquals(
    tally.largest.map(({ size }: { size: number }) => size),
    sizes.toSorted((a, b) => b - a).slice(0, 10),
  );
  assert(engines.length > 0);
});

Deno.test("info without a file lists the engines of every codec", async () => {
  const { code, stdout } = await runCommand(["info"]);
  assertEquals(code, 0);
  assert(/^lz4 +lz4js +portable/m.test(stdout));
  assert(
    /^xz +\S+ +built-in .*in use to compress and decompress$/m.test(stdout),
  );
  const json = JSON.parse((await runCommand(["info", "--json"])).stdout);
  assert(json.engines.length > 8);
});

Deno.test("info of a truncated file describes what can be read, and exits with 3", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(20), { codec: "gzip" });
  Deno.truncateSync(path, Deno.statSync(path).size - 1);
  const { code, stdout, stderr } = await runCommand(["info", path]);
  assertEquals(code, 3);
  assertStringIncludes(stdout, "documents  19");
  assertStringIncludes(stderr, "truncated");
  assertEquals((await runCommand(["info", directory.file("none")])).code, 1);
});

Deno.test("info of an empty file reports no documents", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("empty.bin");
  Deno.writeFileSync(path, new Uint8Array(0));
  const { code, stdout } = await runCommand(["info", path]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "documents  0");
});
