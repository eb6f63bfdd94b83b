import { Command } from "commander";
import project from "../deno.json" with { type: "json" };
import { EXIT_CODES_HELP } from "./exit_code.ts";
import { print } from "./output.ts";

/** A command's name and aliases, and how to load it. */
type Entry = readonly [names: readonly string[], load: () => Promise<Command>];

/** All commands, in the order of the help. */
const commands: readonly Entry[] = [
  [
    ["list", "l", "ls"],
    () => import("./commands/list.ts").then((m) => m.listCommand()),
  ],
  [
    ["read", "r", "ra"],
    () => import("./commands/read.ts").then((m) => m.readCommand()),
  ],
  [
    ["cat"],
    () => import("./commands/cat.ts").then((m) => m.catCommand()),
  ],
  [
    ["search", "s"],
    () => import("./commands/search.ts").then((m) => m.searchCommand()),
  ],
  [
    ["seek", "k", "sk"],
    () => import("./commands/seek.ts").then((m) => m.seekCommand()),
  ],
  [
    ["repack", "a"],
    () => import("./commands/repack.ts").then((m) => m.repackCommand()),
  ],
  [
    ["merge"],
    () => import("./commands/merge.ts").then((m) => m.mergeCommand()),
  ],
  [
    ["count", "c"],
    () => import("./commands/count.ts").then((m) => m.countCommand()),
  ],
  [
    ["info"],
    () => import("./commands/info.ts").then((m) => m.infoCommand()),
  ],
  [
    ["verify"],
    () => import("./commands/verify.ts").then((m) => m.verifyCommand()),
  ],
  [
    ["recover"],
    () => import("./commands/recover.ts").then((m) => m.recoverCommand()),
  ],
  [
    ["package", "p"],
    () => import("./commands/package.ts").then((m) => m.packageCommand()),
  ],
  [
    ["unpack", "u"],
    () => import("./commands/unpack.ts").then((m) => m.unpackCommand()),
  ],
  [
    ["list-tar", "t"],
    () => import("./commands/list_tar.ts").then((m) => m.listTarCommand()),
  ],
  [
    ["completions"],
    () =>
      import("./commands/completions.ts").then((m) => m.completionsCommand()),
  ],
];

/** What prints the version, which needs no command. */
const versionArguments = ["-V", "--version", "version"];

/**
 * Makes the `binfiles` command. To start fast, it has only the subcommand that
 * the first argument names; for anything else, such as help, it has all.
 */
export async function program(args: readonly string[]): Promise<Command> {
  const program = new Command("binfiles")
    .description("Bin files: one file that holds millions of small documents.")
    .version(project.version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      `
${EXIT_CODES_HELP}

Every command has examples: binfiles help <command>`,
    );
  const loaded = entriesFor(args[0]).map(async ([[_name, ...aliases], load]) =>
    (await load()).aliases(aliases)
  );
  for (const command of await Promise.all(loaded)) program.addCommand(command);
  program.command("version").description("print the version")
    .action(() => print(project.version));
  return program;
}

function entriesFor(argument: string): readonly Entry[] {
  if (versionArguments.includes(argument)) return [];
  const named = commands.filter(([names]) => names.includes(argument));
  // The completion scripts cover all commands.
  return named.length === 0 || argument === "completions" ? commands : named;
}
