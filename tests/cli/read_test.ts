import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CodecName, codecNames, decompress } from "../../codec/mod.ts";
import { Doc } from "../../doc/mod.ts";
import { concat, randomBytes } from "../support/bytes.ts";
import {
  runCommand,
  runCommandRaw,
  runShell,
  startCommand,
} from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

const docs = [
  new Doc("greeting", "hello\n"),
  new Doc("data", '{"b":[1,{}],"a":1.50,"text":"x, [\\"y\\"]: é"}'),
  new Doc("blob", new Uint8Array([0, 255, 13, 10])),
  new Doc(new Uint8Array([0xff]), "key that is no text"),
  new Doc("empty", ""),
  new Doc("greeting", "again"),
];

/** Makes a bin file of `docs`. */
function makeFile(directory: TemporaryDirectory, codec: CodecName = "zstd") {
  const path = directory.file("docs.bin");
  return { path, offsets: writeBinFile(path, docs, { codec }) };
}

Deno.test("read and cat print contents unchanged: the first, at an offset, several, or all", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets } = makeFile(directory);
  const runs: [string[], Doc[]][] = [
    [["read", path], docs.slice(0, 1)],
    [["r", path, String(offsets[2])], docs.slice(2, 3)],
    [["ra", path, "-l", "3"], docs.slice(0, 3)],
    [["read", path, String(offsets[1]), "-l", "0"], docs.slice(1)],
    [["cat", path], docs],
    [["cat", path, "-l", "2"], docs.slice(0, 2)],
    [["cat", path, "-s", "1"], [docs[0], docs[2], docs[4]]],
    [["cat", path, "-p", "^gre"], [docs[0], docs[5]]],
    [["read", path, "--key-pattern", "^bl"], [docs[2]]],
  ];
  for (const [args, expected] of runs) {
    const { code, stdout, stderr } = await runCommandRaw(args);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    const contents = concat(...expected.map(({ content }) => content));
    assertEquals(stdout, contents, args.join(" "));
  }
});

Deno.test("read --key prints one document with the key, cat all of them", async () => {
  using directory = new TemporaryDirectory();
  const { path } = makeFile(directory);
  const runs: [string[], string][] = [
    [["read", path, "--key", "greeting"], "hello\n"],
    [["read", path, "--key", "greeting", "-l", "0"], "hello\nagain"],
    [["cat", path, "--key", "greeting"], "hello\nagain"],
    [["read", path, "--key", "greeting", "--key", "empty"], "hello\n"],
  ];
  for (const [args, expected] of runs) {
    const { code, stdout } = await runCommand(args);
    assertEquals([code, stdout], [0, expected], args.join(" "));
  }
  const args = ["read", path, "--key", "greeting", "--key", "a", "--key", "b"];
  const { code, stdout, stderr } = await runCommand(args);
  assertEquals([code, stdout], [1, "hello\n"]);
  assertStringIncludes(stderr, 'with these keys: "a", "b"');
  const nothing = await runCommand(["read", path, "-p", "nothing"]);
  assertEquals(nothing.code, 1);
  assertStringIncludes(nothing.stderr, "whose key matches /nothing/");
});

Deno.test("cat --json prints a line for each document, with Base64 for what is not UTF-8", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets } = makeFile(directory);
  const { stdout } = await runCommand(["cat", path, "--json"]);
  const found = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const [greeting, data, blob, notText, empty, again] = offsets;
  assertEquals(found, [
    { offset: greeting, key: "greeting", content: "hello\n" },
    { offset: data, key: "data", content: docs[1].text() },
    { offset: blob, key: "blob", contentBase64: "AP8NCg==" },
    { offset: notText, keyBase64: "/w==", content: "key that is no text" },
    { offset: empty, key: "empty", content: "" },
    { offset: again, key: "greeting", content: "again" },
  ]);
});

Deno.test("cat --pretty indents JSON, keeps its tokens, and leaves other contents unchanged", async () => {
  using directory = new TemporaryDirectory();
  const { path } = makeFile(directory);
  const { stdout } = await runCommand(["cat", path, "--pretty", "-l", "2"]);
  const pretty = '{\n  "b": [\n    1,\n    {}\n  ],\n  "a": 1.50,\n' +
    '  "text": "x, [\\"y\\"]: é"\n}\n';
  assertEquals(stdout, `hello\n${pretty}`);
});

Deno.test("cat compresses its output as one stream with every codec, to the standard output or a file", async () => {
  using directory = new TemporaryDirectory();
  const { path } = makeFile(directory);
  const contents = concat(...docs.map(({ content }) => content));
  for (const codec of codecNames) {
    const target = directory.file(`out.${codec}`);
    const args = ["cat", path, "-c", codec];
    const { stdout } = await runCommandRaw(args);
    assertEquals(decompress(stdout, codec), contents, codec);
    const { code } = await runCommand([...args, "-o", target]);
    assertEquals(code, 0);
    assertEquals(decompress(Deno.readFileSync(target), codec), contents);
  }
});

Deno.test("an output file is written whole or not at all, and replaced only with --force", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets } = makeFile(directory);
  const target = directory.file("out");
  Deno.writeTextFileSync(target, "precious");
  const refused = await runCommand(["cat", path, "-o", target]);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stderr, "it already exists");
  const itself = await runCommand(["cat", path, "-o", path, "--force"]);
  assertEquals(itself.code, 1);
  assertStringIncludes(itself.stderr, "it is the source");
  const forced = await runCommand(["read", path, "-o", target, "-f"]);
  assertEquals([forced.code, Deno.readTextFileSync(target)], [0, "hello\n"]);

  const bytes = Deno.readFileSync(path);
  bytes[offsets[2] + 3] = 0x55;
  Deno.writeFileSync(path, bytes);
  const damaged = await runCommand(["cat", path, "-o", target, "--force"]);
  assertEquals(damaged.code, 1);
  assertEquals(Deno.readTextFileSync(target), "hello\n");
  const nowhere = await runCommand(["cat", path, "-o", `${target}/no/such`]);
  assertEquals(nowhere.code, 1);
  assertEquals(directory.list(), ["docs.bin", "out"]);
});

Deno.test("Ctrl-C leaves no partial output", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const noise = randomBytes(100_000);
  const many = Array.from({ length: 500 }, (_, i) => new Doc(`${i}`, noise));
  writeBinFile(path, many);
  const target = directory.file("out.xz");
  const child = startCommand(["cat", path, "-o", target, "-c", "xz"]);
  while (directory.list().length === 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGINT");
  const { code } = await child.output();
  assertEquals(code, 130);
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("read and cat accept packages and the standard input", async () => {
  const expected = concat(
    ...readBinFile(fixture("none.bin"), "none").map(({ content }) => content),
  );
  for (const name of ["none.bin.xz", "none.bin.brotli", "bzip2.bin"]) {
    const { stdout } = await runCommandRaw(["cat", "-"], {
      stdin: Deno.readFileSync(fixture(name)),
    });
    assertEquals(stdout, expected, name);
    const one = await runCommand(["read", fixture(name), "--key", "hello.txt"]);
    assertEquals(one.stdout, "Hello World\n");
  }
});

Deno.test("cat stops at a corrupt content, or skips and reports it with --skip-errors", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const many = numberedDocs(50);
  const offsets = writeBinFile(path, many, { codec: "gzip" });
  const bytes = Deno.readFileSync(path);
  // In the middle of a content, whose checksum then fails.
  bytes[(offsets[20] + offsets[21]) >> 1] ^= 1;
  Deno.writeFileSync(path, bytes);
  const text = (docs: Doc[]) => docs.map((doc) => doc.text()).join("");
  const strict = await runCommand(["cat", path]);
  assertEquals([strict.code, strict.stdout], [1, text(many.slice(0, 20))]);
  assertStringIncludes(strict.stderr, `offset ${offsets[20]} of ${path} (key`);
  const tolerant = await runCommand(["cat", path, "--skip-errors"]);
  assertEquals(tolerant.code, 3);
  assertEquals(tolerant.stdout, text(many.filter((_, i) => i !== 20)));
  assertStringIncludes(tolerant.stderr, '(key "key-20")');
  const start = [String(offsets[20]), "--skip-errors"];
  const next = await runCommand(["read", path, ...start]);
  assertEquals([next.code, next.stdout], [3, many[21].text()]);
});

Deno.test("read reports invalid arguments and inputs", async () => {
  using directory = new TemporaryDirectory();
  const { path, offsets } = makeFile(directory);
  const cut = directory.file("cut.bin");
  Deno.writeFileSync(cut, Deno.readFileSync(path).slice(0, offsets[1] + 20));
  const runs: [string[], number, string][] = [
    [["read", directory.file("no.bin")], 1, "no such file"],
    [["cat", directory.path], 1, "received a directory"],
    [["cat", cut], 1, "truncated"],
    [["read", path, "99999"], 1, "it ends at "],
    [["read", path, "3"], 1, "the seek command finds the next one"],
    [["read", path, "-z", "gzip"], 1, "Cannot decompress gzip data"],
    [["read", path, "-c", "rar"], 2, "Expected one of gzip"],
    [["cat", path, "--max-size", "5"], 1, "exceeds the limit of 5 bytes"],
    [["read"], 2, "missing required argument 'input'"],
  ];
  for (const [args, code, message] of runs) {
    const outcome = await runCommand(args);
    assertEquals(outcome.code, code, args.join(" "));
    assertStringIncludes(outcome.stderr, message);
  }
});

Deno.test("a reader that closes the pipe of cat early is not an error", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, [
    new Doc("a", "first\n"),
    new Doc("b", randomBytes(5_000_000)),
  ]);
  for (const codec of ["none", "gzip"]) {
    const { stderr } = await runShell(
      '{ binfiles cat "$1" -c "$2"; echo "code $?" >&2; } | head -c 5',
      path,
      codec,
    );
    assertEquals(stderr, "code 0\n");
  }
});

Deno.test("the help of every reading command has examples", async () => {
  for (const command of ["list", "read", "cat", "search", "seek"]) {
    const { code, stdout } = await runCommand(["help", command]);
    assertEquals(code, 0);
    assert(stdout.includes(`Examples:\n  binfiles ${command} `), command);
  }
});
