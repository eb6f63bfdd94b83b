import process from "node:process";
import { Command, Option } from "commander";
import { ExitCode } from "../exit_code.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSkipErrorsOption,
  INPUT,
  type InputOptions,
  parseCount,
  storedAs,
  workersOption,
} from "../options.ts";
import { noteSkipped, type OutputOptions, print } from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends InputOptions, OutputOptions {
  keysOnly?: boolean;
  workers: number;
  skipErrors?: boolean;
}

/** Makes the `count` command. */
export function countCommand(): Command {
  const command = new Command("count")
    .description("count the documents of a bin file")
    .argument("<input>", INPUT)
    .argument("[offset]", "count records from this offset", parseCount, 0)
    .argument(
      "[end]",
      "count records that start before this offset (default: end of file)",
      parseCount,
    )
    .addOption(
      storedAs(
        "keysOnly",
        new Option(
          "-k, --key-only",
          "count records without decompressing their contents",
        ),
      ),
    )
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Contents are decompressed, so only intact documents count; -k is faster.

Examples:
  binfiles count docs.bin                documents that can be read
  binfiles count -k docs.bin             records, whatever their contents
  binfiles count docs.bin 4096 1000000   records that start between two offsets
  curl -s $url | binfiles count -        from the standard input`,
    )
    .action(count);
  addInputOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function count(
  source: string,
  start: number,
  end: number | undefined,
  options: Options,
): Promise<void> {
  const { scan } = await import("../../doc/scan.ts");
  const { documents, bytesRead, skipped } = await runJob(
    options,
    (job) => scan({ ...job, source, start, end }),
  );
  if (options.json) {
    print(JSON.stringify({ source, documents, bytesRead, skipped }));
  } else {
    print(String(documents));
    noteSkipped(skipped);
  }
  if (skipped.length > 0) process.exitCode = ExitCode.Skipped;
}
