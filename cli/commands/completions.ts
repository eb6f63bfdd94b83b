import process from "node:process";
import { Argument, Command } from "commander";
import { completionScript, type Shell, shells } from "../completion_scripts.ts";

/** Makes the `completions` command. */
export function completionsCommand(): Command {
  return new Command("completions")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .addHelpText(
      "after",
      `
Examples:
  source <(binfiles completions bash)                               in ~/.bashrc
  source <(binfiles completions zsh)                                in ~/.zshrc
  binfiles completions fish > ~/.config/fish/completions/binfiles.fish`,
    )
    .action((shell: Shell, _options: unknown, command: Command) => {
      process.stdout.write(completionScript(command.parent!, shell));
    });
}
