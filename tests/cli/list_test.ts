import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { codecs, compress } from "../../codec/mod.ts";
import { Doc, DocReader } from "../../doc/mod.ts";
import { randomBytes } from "../support/bytes.ts";
import { runCommand, runShell, startCommand } from "../support/command.ts";
import {
  fixture,
  manifest,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** The lines that `list` has to print, made with the library. */
function expectedLines(path: string): string[] {
  using reader = new DocReader(path);
  const decoder = new TextDecoder();
  return Array.from(
    reader.entries(),
    ({ offset, key, contentSize }) =>
      `${offset}\t${decoder.decode(key)}\t${contentSize}`,
  );
}

/** Splits text into lines. */
function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

const keys = manifest.map(({ key }) => key);

Deno.test("list prints offset, key and stored size of every document", async () => {
  for (const name of ["gzip.bin", "none.bin"]) {
    const { code, stdout, stderr } = await runCommand(["list", fixture(name)]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(lines(stdout), expectedLines(fixture(name)));
  }
});

Deno.test("list accepts the original's names and options", async () => {
  const file = fixture("gzip.bin");
  const all = expectedLines(file);
  const [offset] = all[5].split("\t");
  const runs: [string[], string[]][] = [
    [["l", file, "-k"], keys],
    [["ls", file, "--key-only", "--limit=3"], keys.slice(0, 3)],
    [["list", file, offset, "-l", "2"], all.slice(5, 7)],
    [["list", file, "-k", "-s", "9"], [0, 10, 20, 30].map((i) => keys[i])],
    [["list", file, "-k", "--step", "9", "-l2"], [keys[0], keys[10]]],
    [
      ["list", file, "-kp", "^doc/002"],
      keys.filter((key) => key.startsWith("doc/002")),
    ],
    [["list", file, "-k", "--key-pattern", "0021"], ["doc/0021.txt"]],
    [
      ["list", file, "-k", "-p", "键"],
      keys.filter((key) => key.includes("键")),
    ],
    [["list", file, "-k", "-z", "gz", "-L", "20", "-l", "1"], [keys[0]]],
    [["list", file, "-k", "--skip-error", "-l", "1"], [keys[0]]],
    [["list", file, "-p", "no such key"], []],
  ];
  for (const [args, expected] of runs) {
    const { code, stdout, stderr } = await runCommand(args);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    assertEquals(lines(stdout), expected, args.join(" "));
  }
});

Deno.test("list --json has exact numbers and keys", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const notText = new Uint8Array([0xff, 0xfe]);
  writeBinFile(path, [
    new Doc("a\nb\x1b", "12345"),
    new Doc(notText, "x"),
  ]);
  const { stdout } = await runCommand(["list", path, "--json"]);
  assertEquals(lines(stdout).map((line) => JSON.parse(line)), [
    { offset: 0, key: "a\nb\x1b", keySize: 4, contentSize: 5 },
    { offset: 17, keyBase64: "//4=", keySize: 2, contentSize: 1 },
  ]);
});

Deno.test("control characters in keys never reach the terminal", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const names = ["a\x1b[31m", "line\nfeed\ttab\r", "c\u009b1", "back\\slash"];
  writeBinFile(path, [
    ...names.map((name) => new Doc(name, "x")),
    new Doc(new Uint8Array([0x41, 0x9b, 0x0a]), "x"),
  ]);
  const { stdout } = await runCommand(["list", "-k", path]);
  assertEquals(lines(stdout), [
    "a\\x1b[31m",
    "line\\nfeed\\ttab\\r",
    "c\\x9b1",
    "back\\\\slash",
    "A\\x9b\\n",
  ]);
  const search = await runCommand(["search", path, "^a", "-k"]);
  assert(!search.stdout.includes("\x1b"));
  const missing = await runCommand(["read", path, "--key", "\x1b[2J"]);
  assert(!missing.stderr.includes("\x1b"), missing.stderr);
});

Deno.test("list detects packages of every codec, in files and on the standard input", async () => {
  using directory = new TemporaryDirectory();
  const plain = Deno.readFileSync(fixture("none.bin"));
  const expected = expectedLines(fixture("none.bin"));
  for (const { name, suffix } of codecs) {
    const path = directory.file(`docs.bin${suffix}`);
    Deno.writeFileSync(path, compress(plain, name));
    const script = 'binfiles list "$1"; cat "$1" | binfiles list -';
    const { stdout, stderr } = await runShell(script, path);
    assertEquals(
      [lines(stdout), stderr],
      [[...expected, ...expected], ""],
      name,
    );
  }
  const path = fixture("none.bin.xz");
  const redirected = await runShell('binfiles list - < "$1"', path);
  assertEquals(lines(redirected.stdout), expected);
  const [offset] = expected[9].split("\t");
  const middle = await runShell(
    'cat "$1" | binfiles list - $2 -l 1',
    path,
    offset,
  );
  assertEquals(lines(middle.stdout), [expected[9]]);
});

Deno.test("list exits with 1 for invalid inputs and 2 for wrong usage, with one line that says why", async () => {
  using directory = new TemporaryDirectory();
  const empty = directory.file("empty.bin");
  const noise = directory.file("noise.bin");
  const cut = directory.file("cut.bin");
  Deno.writeFileSync(empty, new Uint8Array(0));
  Deno.writeFileSync(noise, randomBytes(5000, 3));
  Deno.writeFileSync(cut, Deno.readFileSync(fixture("gzip.bin")).slice(0, 900));
  const good = fixture("gzip.bin");
  const { size } = Deno.statSync(good);
  const runs: [string[], number, string][] = [
    [[directory.file("no.bin")], 1, "no such file or directory"],
    [[directory.path], 1, "expected a regular file, received a directory"],
    [[noise], 1, "Cannot read the record at offset 0"],
    [[cut], 1, "truncated"],
    [[good, "5"], 1, "the seek command finds the next one"],
    [[good, "7"], 1, "the seek command finds the next one"],
    [[good, String(size + 1)], 1, `it ends at ${size}`],
    [[fixture("none.bin.xz"), "99999999"], 1, "it ends at "],
    [[], 2, "missing required argument 'input'"],
    [[good, "minus"], 2, "Expected 0 or a positive integer"],
    [[good, "-z", "rar"], 2, "Expected one of gzip"],
    [[good, "-p", "("], 2, "Invalid regular expression"],
    [[good, "--lmit", "3"], 2, "Did you mean --limit?"],
  ];
  for (const [args, code, message] of runs) {
    const outcome = await runCommand(["list", ...args]);
    assertEquals(outcome.code, code, args.join(" "));
    assertStringIncludes(outcome.stderr, message);
    assert(!outcome.stderr.includes("    at "), outcome.stderr);
  }
  for (const args of [[empty], [good, String(size)]]) {
    const outcome = await runCommand(["list", ...args]);
    assertEquals(outcome, { code: 0, stdout: "", stderr: "" });
  }
  const nothing = await runCommand(["list", "-"], { stdin: "" });
  assertEquals(nothing, { code: 0, stdout: "", stderr: "" });
  const verbose = await runCommand(["list", noise, "-v"]);
  assertStringIncludes(verbose.stderr, "    at ");
  const unknown = await runCommand(["lst"]);
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.stderr, "Did you mean list?");
});

Deno.test("list prints the records before a corrupted region; with --skip-errors also those after it, and exits with 3", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  for (const codec of ["none", "gzip"] as const) {
    const docs = numberedDocs(300);
    const offsets = writeBinFile(path, docs, { codec, force: true });
    const bytes = Deno.readFileSync(path);
    bytes[offsets[200] + 1] ^= 0x40;
    Deno.writeFileSync(path, bytes);
    const names = docs.map(({ name }) => name);
    const strict = await runCommand(["list", "-k", path]);
    assertEquals(strict.code, 1);
    assertEquals(lines(strict.stdout), names.slice(0, 200));
    assertStringIncludes(strict.stderr, `at offset ${offsets[200]} of ${path}`);
    const skipping = 'binfiles list -k --skip-errors "$1"; code=$?;' +
      'cat "$1" | binfiles list -k --skip-errors -; exit $code';
    const { code, stdout, stderr } = await runShell(skipping, path);
    assertEquals(code, 3, stderr);
    const rest = names.filter((_, i) => i !== 200);
    assertEquals(lines(stdout), [...rest, ...rest]);
    const size = offsets[201] - offsets[200];
    assertStringIncludes(stderr, `skipped ${size} bytes at offset`);
  }
});

Deno.test("a reader that closes the pipe of list early is not an error", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, Array.from({ length: 30_000 }, () => numberedDocs(1)[0]));
  const { code, stdout, stderr } = await runShell(
    '{ binfiles list "$1"; echo "code $?" >&2; } | head -1',
    path,
  );
  assertEquals([code, stdout, stderr], [0, "0\tkey-0\t40\n", "code 0\n"]);
});

Deno.test("list fails if the standard output is on a full disk", async () => {
  if (Deno.build.os !== "linux") return;
  const script = 'binfiles list "$1" > /dev/full';
  const { code, stderr } = await runShell(script, fixture("gzip.bin"));
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Cannot write standard output: the disk is full",
  );
});

Deno.test("Ctrl-C kills list at once, even while a regular expression runs forever", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, [new Doc("a".repeat(60), "x")]);
  const child = startCommand(["list", path, "-p", "^(a+)+$|b"]);
  const stuck = startCommand(["list", path, "-p", "^(a+)+b"]);
  const { stdout } = await child.output();
  assertStringIncludes(new TextDecoder().decode(stdout), "aaa");
  await new Promise((resolve) => setTimeout(resolve, 500));
  stuck.kill("SIGINT");
  const { signal } = await stuck.output();
  assertEquals(signal, "SIGINT");
});
