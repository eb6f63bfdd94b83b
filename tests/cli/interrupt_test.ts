import { assert, assertEquals } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { startCommand } from "../support/command.ts";
import { TemporaryDirectory, writeBinFile } from "../support/files.ts";

/** Patterns that take for ever to find out that they do not match the key. */
const PATTERN = "^(a+)+$";
const PATTERN_WITHOUT_GROUPS = "a*".repeat(30) + "b";
const KEY = `${"a".repeat(60)}!`;

Deno.test("Ctrl-C ends a command in the middle of a regular expression that takes for ever", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, [new Doc("first", "1"), new Doc(KEY, "2")]);
  const files = directory.file("files");
  Deno.mkdirSync(files);
  Deno.writeTextFileSync(`${files}/${KEY}`, "content");
  // One for each: who writes a target keeps others from it.
  const target = (command: string) => directory.file(`${command}-target`);
  await Promise.all([
    ["search", source, PATTERN],
    ["list", source, "-p", PATTERN],
    ["read", source, "-p", PATTERN, "-o", target("read")],
    ["unpack", source, target("unpack"), "-p", PATTERN],
    ["unpack", source, target("again"), "-p", PATTERN_WITHOUT_GROUPS],
    ["package", files, target("package"), "-p", PATTERN],
  ].map(async (args) => {
    const child = startCommand(args);
    const output = child.output();
    let ended = false;
    output.then(() => ended = true);
    // Starting takes well below that; matching takes centuries.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert(!ended, `${args[0]} is at work`);
    child.kill("SIGINT");
    const { code } = await output;
    assertEquals(code, 130, args[0]);
  }));
  assert(!directory.list().some((name) => name.endsWith("-target")));
});
