import process from "node:process";
import { Argument, Command } from "commander";

/** The shells that completion scripts are made for. */
const shells = ["bash", "zsh", "fish"] as const;

/** The name of a shell. */
export type Shell = (typeof shells)[number];

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
    .action(async (shell: Shell, _options: unknown, command: Command) => {
      const { completionScript } = await import("../completion_scripts.ts");
      process.stdout.write(completionScript(command.parent!, shell));
    });
}
