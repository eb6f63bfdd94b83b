import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../support/command.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";
import { isMissing } from "../support/is_missing.ts";

/** A line that a user types, and words that the shell must, or must not, offer. */
interface Case {
  line: string;
  offered: string[];
  notOffered?: string[];
}

const cases: Case[] = [
  {
    line: "binfiles se",
    offered: ["search", "seek"],
    notOffered: ["list", "repack"],
  },
  {
    line: "binfiles list --co",
    offered: ["--compress-type"],
    notOffered: ["--output", "--content-only"],
  },
  { line: "binfiles ls -z br", offered: ["brotli"], notOffered: ["gzip"] },
  { line: "binfiles r docs.bin --output-compress-type x", offered: ["xz"] },
  {
    line: "binfiles completions ",
    offered: ["bash", "zsh", "fish"],
    notOffered: ["list"],
  },
  { line: "binfiles help rep", offered: ["repack"], notOffered: ["read"] },
  {
    line: `binfiles list ${fixture("gzip.b")}`,
    offered: [fixture("gzip.bin")],
    notOffered: ["--json"],
  },
  {
    line: `binfiles read docs.bin -o ${fixture("xz.b")}`,
    offered: [fixture("xz.bin")],
  },
];

/** Writes the completion script for a shell to a file. @returns Its path. */
async function writeScript(
  shell: string,
  directory: TemporaryDirectory,
): Promise<string> {
  const { code, stdout } = await runCommand(["completions", shell]);
  assertEquals(code, 0);
  const path = directory.file("completions");
  Deno.writeTextFileSync(path, stdout);
  return path;
}

/** Runs `complete.<shell>`, which is in this folder. @returns What it printed. */
async function complete(
  shell: "bash" | "zsh" | "fish",
  env: { COMPLETIONS: string; LINE: string; EXPECTED?: string },
): Promise<string> {
  const flags = {
    bash: ["--norc", "--noprofile"],
    zsh: ["-f"],
    fish: ["--no-config"],
  };
  const script = fileURLToPath(new URL(`complete.${shell}`, import.meta.url));
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: [...flags[shell], script],
    env: { TERM: "dumb", ...env },
    signal: AbortSignal.timeout(30_000),
  }).output();
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(stderr), "", env.LINE);
  return decoder.decode(stdout);
}

function check(offered: string[], { line, ...expected }: Case): void {
  for (const word of expected.offered) {
    assertEquals(offered.includes(word), true, `${line}: ${offered}`);
  }
  for (const word of expected.notOffered ?? []) {
    assertEquals(offered.includes(word), false, `${line}: ${offered}`);
  }
}

Deno.test({
  name: "bash completes commands, aliases, options, codecs and files",
  ignore: isMissing("bash"),
  async fn() {
    using directory = new TemporaryDirectory();
    const COMPLETIONS = await writeScript("bash", directory);
    for (const each of cases) {
      const output = await complete("bash", { COMPLETIONS, LINE: each.line });
      check(output.split("\n"), each);
    }
    // bash splits words at the equals sign.
    const LINE = "binfiles list --compress-type = bz";
    assertEquals(await complete("bash", { COMPLETIONS, LINE }), "bzip2\n");
  },
});

Deno.test({
  name: "fish completes commands, aliases, options, codecs and files",
  ignore: isMissing("fish"),
  async fn() {
    using directory = new TemporaryDirectory();
    const COMPLETIONS = await writeScript("fish", directory);
    for (const each of cases) {
      const output = await complete("fish", { COMPLETIONS, LINE: each.line });
      check(output.split("\n").map((line) => line.split("\t")[0]), each);
    }
  },
});

Deno.test({
  name: "zsh completes commands, aliases, options, codecs and files",
  ignore: isMissing("zsh"),
  async fn() {
    using directory = new TemporaryDirectory();
    const COMPLETIONS = await writeScript("zsh", directory);
    for (const { line, offered: [EXPECTED] } of cases) {
      const env = { COMPLETIONS, LINE: line, EXPECTED };
      const output = await complete("zsh", env);
      assertStringIncludes(output, `found ${EXPECTED}`);
    }
  },
});

Deno.test("completions rejects an unknown shell and names those it supports", async () => {
  const { code, stderr } = await runCommand(["completions", "tcsh"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Allowed choices are bash, zsh, fish");
});
