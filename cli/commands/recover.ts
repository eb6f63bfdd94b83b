import process from "node:process";
import { Command } from "commander";
import { ExitCode } from "../exit_code.ts";
import { describeCodecs, plural } from "../format.ts";
import {
  addInputOptions,
  addOutputOptions,
  forceOption,
  INPUT,
  type InputOptions,
  waitOption,
  workersOption,
} from "../options.ts";
import { noteSkipped, type OutputOptions, printerFor } from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends InputOptions, OutputOptions {
  force?: boolean;
  lockWait: number;
  workers: number;
}

/** Makes the `recover` command. */
export function recoverCommand(): Command {
  const command = new Command("recover")
    .description(
      "save all readable documents of a corrupt or truncated bin file",
    )
    .argument("<input>", INPUT)
    .argument(
      "<target>",
      "bin file to write, with the same codec; - for standard output",
    )
    .addOption(workersOption())
    .addOption(forceOption())
    .addOption(waitOption())
    .addHelpText(
      "after",
      `
Documents keep their codec and their order. Lost regions are reported with their
offsets, and with keys where they are known. Exits with 0 if nothing was lost,
and with 3 if something was.

Examples:
  binfiles recover damaged.bin saved.bin
  binfiles recover damaged.bin saved.bin --json > report.json
  binfiles recover truncated.bin.xz saved.bin   a package, up to its damage`,
    )
    .action(recover);
  addInputOptions(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function recover(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const { repack } = await import("../../doc/repack.ts");
  const result = await runJob(
    options,
    ({ codec, ...job }) =>
      repack({
        ...job,
        source,
        target,
        sourceCodec: codec,
        targetCodec: "same",
        skipErrors: true,
      }),
  );
  const { documents, skipped } = result;
  const say = printerFor(target);
  if (options.json) say(JSON.stringify(result));
  else {
    noteSkipped(skipped, "lost:");
    if (!options.quiet) {
      say(
        `${plural(documents, "document")} of ${source} (${
          describeCodecs(result.sourceCodec, result.sourcePackageCodec)
        }) saved in ${target}; ${
          skipped.length === 0
            ? "nothing was lost"
            : `${plural(skipped.length, "region")} lost`
        }`,
      );
    }
  }
  if (skipped.length > 0) process.exitCode = ExitCode.Skipped;
}
