import { Command } from "commander";
import project from "../deno.json" with { type: "json" };
import { catCommand } from "./commands/cat.ts";
import { completionsCommand } from "./commands/completions.ts";
import { countCommand } from "./commands/count.ts";
import { infoCommand } from "./commands/info.ts";
import { listCommand } from "./commands/list.ts";
import { listTarCommand } from "./commands/list_tar.ts";
import { mergeCommand } from "./commands/merge.ts";
import { packageCommand } from "./commands/package.ts";
import { readCommand } from "./commands/read.ts";
import { recoverCommand } from "./commands/recover.ts";
import { repackCommand } from "./commands/repack.ts";
import { searchCommand } from "./commands/search.ts";
import { seekCommand } from "./commands/seek.ts";
import { unpackCommand } from "./commands/unpack.ts";
import { verifyCommand } from "./commands/verify.ts";
import { EXIT_CODES_HELP } from "./exit_code.ts";
import { print } from "./output.ts";

/** Makes the `binfiles` command with all its subcommands. */
export function program(): Command {
  const program = new Command("binfiles")
    .description("Bin files: one file that holds millions of small documents.")
    .version(project.version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      `
${EXIT_CODES_HELP}

Every command has examples: binfiles help <command>`,
    );
  const commands = [
    listCommand(),
    readCommand(),
    catCommand(),
    searchCommand(),
    seekCommand(),
    repackCommand(),
    mergeCommand(),
    countCommand(),
    infoCommand(),
    verifyCommand(),
    recoverCommand(),
    packageCommand(),
    unpackCommand(),
    listTarCommand(),
    completionsCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  program.command("version").description("print the version")
    .action(() => print(project.version));
  return program;
}
