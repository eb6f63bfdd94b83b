import process from "node:process";
import { Command } from "commander";
import { ExitCode, noteRanges, print, withProgress } from "../output.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSkipErrorsOption,
  type InputOptions,
  jobOptions,
  type OutputOptions,
  parseCount,
  workersOption,
} from "../options.ts";

/** The options as commander hands them over. */
interface Options extends InputOptions, OutputOptions {
  keyOnly?: boolean;
  workers: number;
  skipErrors?: boolean;
}

/** Makes the `count` command. */
export function countCommand(): Command {
  const command = new Command("count")
    .alias("c")
    .description("count the documents of a bin file")
    .argument("<input>", "bin file; - for standard input")
    .argument("[offset]", "count records from this offset on", parseCount, 0)
    .argument(
      "[end]",
      "count records that start before this offset",
      parseCount,
    )
    .option("-k, --key-only", "count records, without decompressing contents")
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Contents are decompressed, so that only whole documents count; -k is faster.

Examples:
  binfiles count docs.bin                documents that can be read
  binfiles count -k docs.bin             records, whatever is in them
  binfiles count docs.bin 4096 1000000   those that start between two offsets
  curl -s $url | binfiles count -        of the standard input`,
    )
    .action(countAction);
  addInputOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function countAction(
  source: string,
  start: number,
  end: number | undefined,
  options: Options,
): Promise<void> {
  const { scan } = await import("../../doc/scan.ts");
  const { documents, bytesRead, skipped } = await withProgress(
    options,
    (onProgress) =>
      scan({
        source,
        start,
        end,
        ...jobOptions(options),
        keysOnly: options.keyOnly,
        skipErrors: options.skipErrors,
        onProgress,
      }),
  );
  if (options.json) {
    print(JSON.stringify({ source, documents, bytesRead, skipped }));
  } else {
    print(String(documents));
    noteRanges(skipped);
  }
  if (skipped.length > 0) process.exitCode = ExitCode.Skipped;
}
