import { assert, assertEquals } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { startCommand } from "../support/command.ts";
import { TemporaryDirectory, writeBinFile } from "../support/files.ts";

/** Patterns that take practically forever to fail on `KEY`. */
const PATTERN = "^(a+)+$";
const PATTERN_WITHOUT_GROUPS = "a*".repeat(30) + "b";
const KEY = `${"a".repeat(60)}!`;

Deno.test("Ctrl-C ends every command, even while a regular expression runs forever", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  writeBinFile(source, [new Doc("first", "1"), new Doc(KEY, "2")]);
  const files = directory.file("files");
  Deno.mkdirSync(files);
  Deno.writeTextFileSync(`${files}/${KEY}`, "content");
  // A target each, because a target is locked while it is written.
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
    // Far longer than a start takes; matching would take centuries.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert(!ended, `${args[0]} is at work`);
    child.kill("SIGINT");
    const { code } = await output;
    assertEquals(code, 130, args[0]);
  }));
  assert(!directory.list().some((name) => name.endsWith("-target")));
});
