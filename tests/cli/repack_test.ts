import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { codecNames } from "../../codec/mod.ts";
import { Doc } from "../../doc/mod.ts";
import {
  type Outcome,
  runCommand,
  runShell,
  startCommand,
} from "../support/command.ts";
import {
  fixture,
  manifest,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Runs the `repack` command on its own. */
function run(
  args: string[],
  env?: Record<string, string>,
): Promise<Outcome> {
  return runCommand(args, { task: "repack", env });
}

Deno.test("repack rewrites a file, describes the result and exits with 0", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  const { code, stdout, stderr } = await run([
    fixture("gzip.bin"),
    target,
    ...["-t", "zstd", "-w", "2"],
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "(gzip) → ");
  assertStringIncludes(stdout, "32 documents, 32.6 kB → ");
  assertEquals(readBinFile(target, "zstd").length, manifest.length);
});

Deno.test("repack accepts the original's long and short options", async () => {
  using directory = new TemporaryDirectory();
  const plain = Deno.readFileSync(fixture("none.bin"));
  const long = directory.file("long.bin");
  const back = directory.file("back.bin");
  const runs = [
    [
      fixture("bzip2.bin"),
      long,
      "--source-compress-type=bz2",
      "--target-compress-type=br",
      "--package-compress-type=gzip",
      "--workers=3",
      "--mode=doc",
      "--optimized",
    ],
    [
      long,
      back,
      "-i",
      "br",
      "-t",
      "none",
      "-c",
      "none",
      "-w",
      "1",
      "-m",
      "file",
    ],
  ];
  for (const args of runs) assertEquals((await run(args)).code, 0);
  assertEquals(Deno.readFileSync(back), plain);
});

Deno.test("repack reads and writes every codec, of contents and of packages, given or detected", async () => {
  using directory = new TemporaryDirectory();
  const docs = readBinFile(fixture("none.bin"), "none");
  await Promise.all(codecNames.map(async (from, i) => {
    const [to, whole] = [1, 2].map((n) => codecNames[(i + n) % 8]);
    const [first, second, back] = ["first", "second", "back"].map((name) =>
      directory.file(`${from}.${name}`)
    );
    for (
      const args of [
        [fixture("none.bin"), first, "-i", "none", "-t", from],
        [first, second, "-i", from, "-t", to, "-c", whole],
        [second, back],
      ]
    ) assertEquals((await run([...args, "--quiet"])).stderr, "");
    assertEquals(readBinFile(back, "none"), docs);
  }));
});

Deno.test("repack --json prints one line of JSON and nothing else", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  const args = [fixture("lz4.bin"), target, "--json", "--limit", "5"];
  const { stdout, stderr } = await run(args);
  const result = JSON.parse(stdout);
  assertEquals(stderr, "");
  assertEquals(result.documents, 5);
  assertEquals(result.sourceCodec, "lz4");
  assertEquals(result.targets, [target]);
  assertEquals(result.targetSize, Deno.statSync(target).size);
});

Deno.test("repack --quiet prints nothing", async () => {
  using directory = new TemporaryDirectory();
  const args = [fixture("none.bin"), directory.file("t.bin"), "-q", "-t", "xz"];
  assertEquals(await run(args), { code: 0, stdout: "", stderr: "" });
});

Deno.test("repack refuses an existing target with one readable line, and replaces it with --force", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  Deno.writeTextFileSync(target, "precious");
  const refused = await run([fixture("none.bin"), target]);
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertEquals(
    refused.stderr,
    `error: Cannot write ${target}: it already exists. Use force (--force) to replace it.\n`,
  );
  assertEquals(Deno.readTextFileSync(target), "precious");
  assertEquals((await run([fixture("none.bin"), target, "-f"])).code, 0);
  assertEquals(readBinFile(target).length, manifest.length);
});

Deno.test("wrong usage of repack exits with 2 and says what was expected", async () => {
  using directory = new TemporaryDirectory();
  const source = fixture("none.bin");
  const target = directory.file("target.bin");
  const cases: [string[], string][] = [
    [[source], "missing required argument 'target'"],
    [[source, target, "-t", "rar"], "Expected one of gzip, none"],
    [[source, target, "--workers", "many"], "Expected 0 or a positive integer"],
    [[source, target, "--forse"], "Did you mean --force?"],
    [[source, target, "-m", "tree"], "Allowed choices are file, doc, path"],
    [[source, target, "-p", "("], "Invalid regular expression"],
    [[source, target, "-t", "gzip", "--level", "99"], "expected 0 to 9"],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await run(args);
    assertEquals(code, 2, args.join(" "));
    assertStringIncludes(stderr, message);
  }
  assertEquals(directory.list(), []);
});

Deno.test("repack --help shows options, exit codes and examples", async () => {
  const { code, stdout } = await run(["--help"]);
  assertEquals(code, 0);
  for (const part of ["--source-compress-type", "Exit codes", "Examples:"]) {
    assertStringIncludes(stdout, part);
  }
});

Deno.test("repack of a missing source exits with 1 and names it", async () => {
  using directory = new TemporaryDirectory();
  const missing = directory.file("missing.bin");
  const { code, stderr } = await run([missing, directory.file("t.bin")]);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `error: Cannot open ${missing}: no such file or directory\n`,
  );
});

Deno.test("repack of a corrupt file exits with 1 and writes nothing; with --skip-errors it exits with 3, reports the region and keeps all other documents", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(601);
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const offsets = writeBinFile(source, docs, { codec: "gzip" });
  const bytes = Deno.readFileSync(source);
  bytes[offsets[300] + 1] ^= 0x40;
  Deno.writeFileSync(source, bytes);

  const strict = await run([source, target, "-t", "none"]);
  assertEquals(strict.code, 1);
  assertStringIncludes(strict.stderr, `at offset ${offsets[300]} of ${source}`);
  assertEquals(directory.list(), ["source.bin"]);

  const lenient = await run([source, target, "-t", "none", "--skip-errors"]);
  assertEquals(lenient.code, 3);
  assertStringIncludes(lenient.stderr, `at offset ${offsets[300]}`);
  assertStringIncludes(lenient.stderr, "skipped ");
  const expected = docs.filter((_, i) => i !== 300);
  assertEquals(outline(readBinFile(target, "none")), outline(expected));
});

Deno.test("Ctrl-C stops repack, which leaves no files and exits with 130", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const noise = new Uint8Array(60_000).map((_, i) => i * i * 7919 % 251);
  writeBinFile(
    source,
    Array.from({ length: 400 }, (_, i) => new Doc(`${i}`, noise)),
  );
  const child = startCommand(
    [source, directory.file("target.bin"), "-t", "xz"],
    { task: "repack" },
  );
  // The temporary file shows that it has started.
  while (directory.list().length === 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assertEquals(code, 130);
  assertStringIncludes(new TextDecoder().decode(stderr), "Cancelled");
  assertEquals(directory.list(), ["source.bin"]);
});

Deno.test("path mode repacks a directory, skips existing targets and then exits with 3", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("out");
  const args = [
    fixture(""),
    target,
    ...["-m", "path", "-p", "^(gzip|xz)\\.bin$", "-t", "zstd", "-c", "bz2"],
  ];
  assertEquals((await run(args)).code, 0);
  const names = Array.from(Deno.readDirSync(target), ({ name }) => name);
  assertEquals(names.sort(), ["gzip.bin.bz2", "xz.bin.bz2"]);
  const again = await run(args);
  assertEquals(again.code, 3);
  assertStringIncludes(again.stderr, "gzip.bin.bz2 exists already");
});

Deno.test("BINFILES_POOL=off and --no-optimized run the originals, with the same result", async () => {
  using directory = new TemporaryDirectory();
  const pooled = directory.file("pooled.bin");
  await run([fixture("none.bin"), pooled, "-t", "gzip"]);
  const variants: [string[], Record<string, string>][] = [
    [["--no-optimized"], {}],
    [[], { BINFILES_POOL: "off" }],
  ];
  for (const [args, env] of variants) {
    const target = directory.file("original.bin");
    const all = [fixture("none.bin"), target, "-t", "gzip", "-f", ...args];
    assertEquals((await run(all, env)).code, 0);
    assertEquals(Deno.readFileSync(target), Deno.readFileSync(pooled));
  }
});

Deno.test("BINFILES_ENGINE=portable repacks with the portable engines", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  for (const codec of ["gzip", "lz4"]) {
    const args = [fixture("none.bin"), target, "-t", codec, "-f"];
    const { code, stderr } = await run(args, { BINFILES_ENGINE: "portable" });
    assertEquals([code, stderr], [0, ""]);
    const docs = readBinFile(target, codec);
    assertEquals(docs.map(({ name }) => name), manifest.map(({ key }) => key));
  }
});

Deno.test("a reader that closes the pipe of the help early is not an error", async () => {
  const { code, stdout, stderr } = await runShell(
    "binfiles repack --help | head -1",
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.split("\n").length, 2);
});

Deno.test("progress never appears on the standard output", async () => {
  using directory = new TemporaryDirectory();
  const args = [fixture("none.bin"), directory.file("t.bin"), "-t", "gzip"];
  const { stdout } = await run(args);
  assert(!stdout.includes("\r") && !stdout.includes("left"));
});
