import { Command } from "commander";
import { addReadOptions } from "./read.ts";

/** Makes the `cat` command, which is `read` without a limit. */
export function catCommand(): Command {
  const command = new Command("cat")
    .description("print all documents of a bin file")
    .addHelpText(
      "after",
      `
Contents are printed unchanged, one after the other.

Examples:
  binfiles cat docs.bin                        everything
  binfiles cat docs.bin.zst --json | jq .key   a line of JSON for each document
  binfiles cat docs.bin -p '^log/' -o log.gz -c gzip`,
    );
  return addReadOptions(command, 0);
}
