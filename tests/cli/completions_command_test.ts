import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../support/command.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";

/** Whether a shell is there to try the script in. */
async function has(shell: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(shell, {
      args: ["-c", "exit 0"],
    }).output();
    return success;
  } catch {
    return false;
  }
}

const isThere = {
  bash: await has("bash"),
  zsh: await has("zsh"),
  fish: await has("fish"),
};

/** A line that somebody types, and words that the shell must, or must not, offer. */
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

/** Writes the script of a shell to a file. @returns Its path. */
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

/** Runs something in a shell. @returns What it printed. */
async function runIn(
  shell: string,
  args: string[],
  env: Record<string, string>,
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(shell, {
    args,
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
  ignore: !isThere.bash,
  async fn() {
    const script = `
      source "$COMPLETIONS"
      read -ra COMP_WORDS <<< "$LINE"
      [[ $LINE == *" " ]] && COMP_WORDS+=("")
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _binfiles
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    using directory = new TemporaryDirectory();
    const COMPLETIONS = await writeScript("bash", directory);
    const complete = (LINE: string) => {
      const args = ["--norc", "--noprofile", "-c", script];
      return runIn("bash", args, { COMPLETIONS, LINE });
    };
    for (const each of cases) {
      check((await complete(each.line)).split("\n"), each);
    }
    // Where bash takes it apart at the equals sign.
    const separate = await complete("binfiles list --compress-type = bz");
    assertEquals(separate, "bzip2\n");
  },
});

Deno.test({
  name: "fish completes commands, aliases, options, codecs and files",
  ignore: !isThere.fish,
  async fn() {
    const script = 'source $COMPLETIONS; complete -C "$LINE"';
    using directory = new TemporaryDirectory();
    const COMPLETIONS = await writeScript("fish", directory);
    for (const each of cases) {
      const args = ["--no-config", "-c", script];
      const output = await runIn("fish", args, {
        COMPLETIONS,
        LINE: each.line,
      });
      check(output.split("\n").map((line) => line.split("\t")[0]), each);
    }
  },
});

Deno.test({
  name: "zsh completes commands, aliases, options, codecs and files",
  ignore: !isThere.zsh,
  async fn() {
    // An interactive shell in a terminal of its own, where somebody presses Tab.
    const script = `
      zmodload zsh/zpty
      zpty -b shell zsh -f -i
      zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source $COMPLETIONS"
      zpty -w shell "setopt NO_AUTO_MENU LIST_ROWS_FIRST; print REA''DY"
      zpty -r shell output '*READY*'
      zpty -n -w shell "$LINE"$'\\t'
      zpty -r shell output "*$EXPECTED*"
      print -r -- "found $EXPECTED"
      zpty -d shell`;
    using directory = new TemporaryDirectory();
    const COMPLETIONS = await writeScript("zsh", directory);
    for (const { line, offered: [EXPECTED] } of cases) {
      const env = { COMPLETIONS, LINE: line, EXPECTED };
      const output = await runIn("zsh", ["-f", "-c", script], env);
      assertStringIncludes(output, `found ${EXPECTED}`);
    }
  },
});

Deno.test("completions names the shells that it knows", async () => {
  const { code, stderr } = await runCommand(["completions", "tcsh"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Allowed choices are bash, zsh, fish");
});
