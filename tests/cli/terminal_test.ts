/** The command line on a terminal, which `script` (of util-linux) provides. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Doc } from "../../doc/mod.ts";
import { commandLine } from "../support/command.ts";
import { TemporaryDirectory, writeBinFile } from "../support/files.ts";
import { isMissing } from "../support/is_missing.ts";

/** Moves the cursor to the start of the line and clears the line. */
const CLEAR_LINE = "\r\x1b[K";

/** Runs a command on a terminal. @returns Everything that was printed. */
async function runOnTerminal(
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const line = commandLine(args).map((part) => `'${part}'`).join(" ");
  const { stdout } = await new Deno.Command("script", {
    args: ["-q", "-e", "-c", line, "/dev/null"],
    stdin: "null",
    env: { TERM: "xterm", ...env },
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name:
    "on a terminal, progress is one line that is updated and cleared at the end",
  ignore: isMissing("script"),
  async fn() {
    using directory = new TemporaryDirectory();
    const source = directory.file("source.bin");
    const noise = new Uint8Array(60_000).map((_, i) => i * i * 7919 % 251);
    const docs = Array.from({ length: 120 }, (_, i) => new Doc(`${i}`, noise));
    writeBinFile(source, docs);
    const target = directory.file("target.bin");
    const args = ["repack", source, target, "-t", "xz"];
    const shown = await runOnTerminal(args);
    const states = shown.split(CLEAR_LINE);
    assert(states.length > 2, shown);
    for (const state of states.slice(1, -1)) {
      assert(
        /^[\d,]+ documents .* → .*\/s .*% .* left$/.test(state) || state === "",
      );
    }
    assert(states.at(-1)!.startsWith(source), shown);
    const quiet = await runOnTerminal([...args, "-f", "--quiet"]);
    assertEquals(quiet, "");
  },
});

Deno.test({
  name: "on a terminal, errors are coloured, unless NO_COLOR is set",
  ignore: isMissing("script"),
  async fn() {
    const args = ["count", "nosuch.bin"];
    const coloured = await runOnTerminal(args, { NO_COLOR: "", CI: "true" });
    assertStringIncludes(coloured, "\x1b[31merror:\x1b[39m Cannot open");
    for (const [name, value] of [["NO_COLOR", "1"], ["TERM", "dumb"]]) {
      const plain = await runOnTerminal(args, {
        NO_COLOR: "",
        FORCE_COLOR: "1",
        [name]: value,
      });
      assert(!plain.includes("\x1b[31m"));
      assertStringIncludes(plain, "error: Cannot open nosuch.bin");
    }
  },
});
