import { Command } from "commander";
import project from "../deno.json" with { type: "json" };
import { print } from "./_output.ts";
import { completionsCommand } from "./_completions_command.ts";
import { countCommand } from "./_count_command.ts";
import { infoCommand } from "./_info_command.ts";
import { listCommand } from "./_list_command.ts";
import { mergeCommand } from "./_merge_command.ts";
import { catCommand, readCommand } from "./_read_command.ts";
import { recoverCommand } from "./_recover_command.ts";
import { listTarCommand } from "./_list_tar_command.ts";
import { packageCommand } from "./_package_command.ts";
import { repackCommand } from "./_repack_command.ts";
import { searchCommand } from "./_search_command.ts";
import { seekCommand } from "./_seek_command.ts";
import { unpackCommand } from "./_unpack_command.ts";
import { verifyCommand } from "./_verify_command.ts";

/** Makes the command with all its subcommands. */
export function program(): Command {
  const program = new Command("binfiles")
    .description("bin files: one file that holds millions of small documents")
    .version(project.version, "-V, --version", "print the version")
    .addHelpText(
      "after",
      `
Exit codes: 0 done, 1 failed, 2 bad usage, 3 done but something was skipped.

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
