import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { packTar } from "../support/modern_tar.ts";
import { compress } from "../../codec/mod.ts";
import { runCommand, runShell, startCommand } from "../support/command.ts";
import { readBinFile, TemporaryDirectory } from "../support/files.ts";

/** A directory of three pages and a link. */
function makePages(directory: TemporaryDirectory): string {
  const source = directory.file("pages");
  Deno.mkdirSync(`${source}/sub`, { recursive: true });
  Deno.writeTextFileSync(`${source}/a.html`, "<p>a");
  Deno.writeTextFileSync(`${source}/sub/b.html`, "<p>b");
  Deno.writeTextFileSync(`${source}/notes.txt`, "notes");
  Deno.symlinkSync("a.html", `${source}/link`);
  return source;
}

function keys(path: string, codec?: string): string[] {
  return readBinFile(path, codec).map(({ name }) => name);
}

Deno.test("package packs a directory and describes it; a skipped link is noted and not an error", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("pages.bin");
  const { code, stdout, stderr } = await runCommand([
    "package",
    source,
    target,
  ]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, `${source} → ${target} (gzip)\n3 documents, `);
  assertEquals(stderr, "skipped link: it is a symbolic link\n");
  assertEquals(keys(target, "gzip"), ["a.html", "notes.txt", "sub/b.html"]);
});

Deno.test("package accepts the original's options", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("pages.bin");
  const args = ["p", source, target, "-w", "2", "-z", "br", "-c", "none"];
  const { code } = await runCommand([...args, "-p", "html$", "--base-name"]);
  assertEquals(code, 0);
  assertEquals(keys(target, "brotli"), ["a.html", "b.html"]);
});

Deno.test("package --json prints one line of JSON", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("pages.bin");
  const args = ["package", source, target, "--json", "-z", "none", "-l", "2"];
  const { code, stdout, stderr } = await runCommand(args);
  const result = JSON.parse(stdout);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(result.documents, 2);
  assertEquals(result.bytesWritten, Deno.statSync(target).size);
});

Deno.test("package reads a tar archive from a file or a pipe, and writes to the standard output", async () => {
  using directory = new TemporaryDirectory();
  const archive = await packTar([
    { header: { name: "a", size: 1 }, body: "A" },
    { header: { name: "d/b", size: 1 }, body: "B" },
  ]);
  const tar = directory.file("x.tar.xz");
  Deno.writeFileSync(tar, compress(archive, "xz"));
  const target = directory.file("x.bin");
  assertEquals((await runCommand(["package", tar, target, "-q"])).code, 0);
  const { code, stderr } = await runShell(
    'cat "$1" | binfiles package - - -t xz > "$2"',
    tar,
    directory.file("y.bin"),
  );
  assertEquals(code, 0);
  assertStringIncludes(stderr, "2 documents");
  assertEquals(
    Deno.readFileSync(directory.file("y.bin")),
    Deno.readFileSync(target),
  );
});

Deno.test("package --files-from takes names from lines or, with --null, up to zero bytes; a missing file exits with 3", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("pages.bin");
  const lines = await runShell(
    'cd "$1" && find . -name "*.html" | sort | binfiles package . "$2" --files-from -',
    source,
    target,
  );
  assertEquals([lines.code, keys(target)], [0, ["a.html", "sub/b.html"]]);
  const list = directory.file("list");
  Deno.writeTextFileSync(list, "sub/b.html\0missing\0notes.txt");
  const args = ["package", source, target, "-f", "--files-from", list, "-0"];
  const { code, stderr } = await runCommand(args);
  assertEquals([code, keys(target)], [3, ["sub/b.html", "notes.txt"]]);
  assertStringIncludes(stderr, "skipped missing: Cannot open");
});

Deno.test("package --files-from rejects a file that is not a list of names", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const args = [
    "package",
    source,
    directory.file("t.bin"),
    "--files-from",
    "-",
  ];
  const { code, stderr } = await runCommand(args, {
    stdin: "x".repeat(200_000),
  });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Write one name per line");
  assertEquals(directory.list(), ["pages"]);
});

Deno.test("package refuses an existing target, replaces it with --force, appends to it with --append", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("pages.bin");
  await runCommand(["package", source, target, "-z", "zstd"]);
  const refused = await runCommand(["package", source, target]);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stderr, "error: Cannot write");
  assertEquals((await runCommand(["p", source, target, "-a"])).code, 0);
  assertEquals(keys(target, "zstd").length, 6);
  const other = await runCommand(["p", source, target, "-a", "-z", "gzip"]);
  assertEquals(other.code, 1);
  assertStringIncludes(other.stderr, "seem to have the codec zstd");
  assertEquals((await runCommand(["p", source, target, "-f"])).code, 0);
  assertEquals(keys(target, "gzip").length, 3);
});

Deno.test("package exits with 2 for wrong usage and 1 for corrupt inputs, and leaves no files", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("t.bin");
  const notATar = `${source}/notes.txt`;
  const cases: [string[], number, string][] = [
    [[source], 2, "missing required argument 'target'"],
    [[source, target, "-z", "rar"], 2, "Expected one of gzip"],
    [[source, target, "--level", "99"], 2, "expected 0 to 9"],
    [[source, "-", "-a"], 2, "Cannot append to the standard output"],
    [[notATar, target, "--files-from", "-"], 2, "expected a directory"],
    [[notATar, target], 1, "unexpected end of data"],
    [[source, target, "-c", "gzip"], 1, 'Cannot package "a.html"'],
    [[`${source}/missing`, target], 1, "no such file"],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await runCommand(["package", ...args]);
    assertEquals(code, expected, args.join(" "));
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }
  assertEquals(directory.list(), ["pages"]);
});

Deno.test("Ctrl-C ends package while it waits for its input, and leaves no files", async () => {
  using directory = new TemporaryDirectory();
  const source = makePages(directory);
  const target = directory.file("t.bin");
  for (const args of [["-", target], [source, target, "--files-from", "-"]]) {
    const child = startCommand(["package", ...args], { stdin: "" });
    // The temporary file shows that it has started.
    while (directory.list().length === 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGINT");
    const { code } = await child.output();
    await child.stdin.close().catch(() => {});
    assertEquals(code, 130);
    assertEquals(directory.list(), ["pages"]);
  }
});

Deno.test("the help of package, unpack and list-tar has examples", async () => {
  for (const command of ["package", "unpack", "list-tar"]) {
    const { code, stdout } = await runCommand([command, "--help"]);
    assertEquals(code, 0);
    assert(stdout.includes(`Examples:\n  binfiles ${command} `), stdout);
  }
});
