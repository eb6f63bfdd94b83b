import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CodecName } from "../../codec/mod.ts";
import { Doc } from "../../doc/mod.ts";
import { runCommand, runShell } from "../support/command.ts";
import { fixture, TemporaryDirectory, writeBinFile } from "../support/files.ts";

/** Makes a bin file of a few documents. */
function makeFile(directory: TemporaryDirectory, codec: CodecName = "gzip") {
  const path = directory.file("docs.bin");
  const docs = [
    new Doc("user/1", '{"id":1,"big":12345678901234567890,"tags":[]}'),
    new Doc("page/1", "first page"),
    new Doc("user/2", '{"id":2}'),
    new Doc("page/2", "second page"),
    new Doc("blob", new Uint8Array([0, 255, 10])),
  ];
  const offsets = writeBinFile(path, docs, { codec });
  const line = (i: number) =>
    `${String(offsets[i]).padStart(10)}\t${docs[i].text()}\n`;
  return { path, docs, offsets, line };
}

Deno.test("search prints offset and content of the first match, the n-th, or all", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets, line } = makeFile(directory);
  const runs: [string[], string][] = [
    [["page"], line(1)],
    [["^user/2$"], line(2)],
    [["page", "-n", "2"], line(3)],
    // The original's option for the same.
    [["page", "-s", "1"], line(3)],
    [["page", "--all"], line(1) + line(3)],
    [["page", "--all", "--step", "1"], line(3)],
    [["page", String(offsets[2])], line(3)],
    [
      ["[12]$", "--all", "-k"],
      ["user/1\t65", "page/1\t30", "user/2\t28", "page/2\t31"].map((rest, i) =>
        `${offsets[i]}\t${rest}\n`
      ).join(""),
    ],
  ];
  for (const [args, expected] of runs) {
    const all = ["search", path, ...args];
    const { code, stdout, stderr } = await runCommand(all);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    // Without stored sizes, which depend on the version of zlib.
    const plain = (text: string) => text.replace(/\t\d+$/gm, "");
    assertEquals(plain(stdout), plain(expected), args.join(" "));
    if (!args.includes("-k")) assertEquals(stdout, expected);
  }
});

Deno.test("search -p indents JSON, keeps its tokens, and leaves other contents unchanged", async () => {
  using directory = new TemporaryDirectory();
  const { path } = makeFile(directory);
  const json = await runCommand(["s", path, "user/1", "-p"]);
  assertEquals(
    json.stdout,
    '{\n  "id": 1,\n  "big": 12345678901234567890,\n  "tags": []\n}\n',
  );
  const text = await runCommand(["s", path, "page/1", "--pretty"]);
  assertEquals(text.stdout, "first page\n");
});

Deno.test("search --json prints a line for each match, with Base64 for binary contents", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets, docs } = makeFile(directory);
  const args = ["search", path, "blob|page/1", "--all", "--json"];
  const { stdout } = await runCommand(args);
  assertEquals(stdout.trim().split("\n").map((line) => JSON.parse(line)), [
    { offset: offsets[1], key: "page/1", content: docs[1].text() },
    { offset: offsets[4], key: "blob", contentBase64: "AP8K" },
  ]);
});

Deno.test("search exits with 1 if nothing matches, and with 2 for wrong usage", async () => {
  using directory = new TemporaryDirectory();
  const { path } = makeFile(directory);
  const runs: [string[], number, string][] = [
    [[path, "nobody"], 1, `whose key matches /nobody/ in ${path}`],
    [[path, "page", "-n", "3"], 1, "Cannot find match number 3"],
    [[path, "page", "-n", "0"], 2, "the first is number 1"],
    [[path, "("], 2, "Invalid regular expression"],
    [[path], 2, "missing required argument 'key'"],
    [[directory.file("no.bin"), "x"], 1, "no such file"],
    [[path, "page", "-z", "xz"], 1, '(key "page/1"): Cannot decompress xz'],
  ];
  for (const [args, code, message] of runs) {
    const outcome = await runCommand(["search", ...args]);
    assertEquals([outcome.code, outcome.stdout], [code, ""], args.join(" "));
    assertStringIncludes(outcome.stderr, message);
  }
});

Deno.test("search accepts packages and the standard input", async () => {
  const script =
    'cat "$1" | binfiles search - hello; binfiles search "$1" hello';
  for (const name of ["none.bin.brotli", "gzip.bin", "none.bin.lz4"]) {
    const { stdout } = await runShell(script, fixture(name));
    assertEquals(stdout.match(/\tHello World\n/g)?.length, 2, name);
  }
});

Deno.test("search skips corrupted regions only with --skip-errors", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets, line } = makeFile(directory);
  const bytes = Deno.readFileSync(path);
  bytes[offsets[1] + 2] = 0x7f;
  Deno.writeFileSync(path, bytes);
  const strict = await runCommand(["search", path, "page/2"]);
  assertEquals([strict.code, strict.stdout], [1, ""]);
  const tolerant = await runCommand([
    "search",
    path,
    "page/2",
    "--skip-errors",
  ]);
  assertEquals([tolerant.code, tolerant.stdout], [3, line(3)]);
  assertStringIncludes(tolerant.stderr, `at offset ${offsets[1]}`);
});
