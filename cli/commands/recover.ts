import process from "node:process";
import { Command } from "commander";
import {
  describeCodecs,
  ExitCode,
  note,
  noteRanges,
  plural,
  print,
  withProgress,
} from "../output.ts";
import {
  addInputOptions,
  addOutputOptions,
  forceOption,
  type InputOptions,
  jobOptions,
  type OutputOptions,
  waitOption,
  workersOption,
} from "../options.ts";

/** The options as commander hands them over. */
interface Options extends InputOptions, OutputOptions {
  force?: boolean;
  wait: number;
  workers: number;
}

/** Makes the `recover` command. */
export function recoverCommand(): Command {
  const command = new Command("recover")
    .description(
      "save every document that can be read from a damaged or cut file",
    )
    .argument("<input>", "damaged bin file; - for standard input")
    .argument(
      "<target>",
      "bin file to make, of the same codec; - for standard output",
    )
    .addOption(workersOption())
    .addOption(forceOption())
    .addOption(waitOption())
    .addHelpText(
      "after",
      `
Documents keep their codec and their order. What was lost is reported as ranges
of bytes, with keys where they are known. Exits with 0 if nothing was lost, and
with 3 if something was.

Examples:
  binfiles recover damaged.bin saved.bin
  binfiles recover damaged.bin saved.bin --json > report.json
  binfiles recover cut.bin.xz saved.bin      a package, as far as it goes`,
    )
    .action(recoverAction);
  addInputOptions(command);
  return addOutputOptions(command, "print the report as one line of JSON");
}

async function recoverAction(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const { repack } = await import("../../doc/repack.ts");
  const result = await withProgress(options, (onProgress) =>
    repack({
      source,
      target,
      ...jobOptions(options),
      targetCodec: "same",
      skipErrors: true,
      force: options.force,
      lockWait: options.wait,
      onProgress,
    }));
  const { documents, skipped } = result;
  // What is said must not get into a file that is printed.
  const say = target === "-" ? note : print;
  if (options.json) say(JSON.stringify(result));
  else {
    noteRanges(skipped, "lost:");
    if (!options.quiet) {
      say(
        `${plural(documents, "document")} of ${source} (${
          describeCodecs(result.sourceCodec, result.sourcePackageCodec)
        }) saved in ${target}; ${
          skipped.length === 0
            ? "nothing was lost"
            : `${plural(skipped.length, "range")} lost`
        }`,
      );
    }
  }
  if (skipped.length > 0) process.exitCode = ExitCode.Skipped;
}
