import process from "node:process";
import { Command, Option } from "commander";
import type { CodecName } from "../../codec/names.ts";
import type { MergeOptions, MergeResult } from "../../doc/merge.ts";
import { OptionError } from "../../pool/errors.ts";
import { ExitCode } from "../exit_code.ts";
import { describeCodecs, humanDuration, humanSize, plural } from "../format.ts";
import {
  addLimitOptions,
  addOutputOptions,
  addSkipErrorsOption,
  addTargetOptions,
  codecOption,
  type LimitOptions,
  packageCodecOption,
  type TargetArguments,
  workersOption,
} from "../options.ts";
import { noteSkipped, type OutputOptions, printerFor } from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends TargetArguments, LimitOptions, OutputOptions {
  targetCodec?: CodecName;
  packageCodec: CodecName;
  duplicates: MergeOptions["duplicates"];
  workers: number;
  skipErrors?: boolean;
}

/** Makes the `merge` command. */
export function mergeCommand(): Command {
  const command = new Command("merge")
    .description("merge bin files into one, whatever their codecs")
    .argument(
      "<files...>",
      "bin files to merge, then the target (- for standard output)",
    )
    .addOption(
      codecOption(
        "targetCodec",
        "-t, --target-compress-type",
        "set the codec of the target's contents (default: that of the first file)",
      ),
    )
    .addOption(packageCodecOption().default("none"))
    .addOption(
      new Option(
        "-d, --duplicates <which>",
        "choose which documents with the same key to keep",
      ).choices(["all", "first", "last"]).default("all"),
    )
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Documents keep the order of the files, and their order within each file.

Examples:
  binfiles merge monday.bin tuesday.bin week.bin
  binfiles merge old.bin new.bin docs.bin -d last   newer documents replace older ones
  binfiles merge a.bin b.bin.xz all.bin -t zstd`,
    )
    .action(mergeFiles);
  addTargetOptions(command);
  addLimitOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function mergeFiles(files: string[], options: Options): Promise<void> {
  const sources = files.slice(0, -1);
  const target = files.at(-1)!;
  if (sources.length === 0) {
    throw new OptionError(
      "Cannot merge: expected one or more bin files, and then the target",
    );
  }
  const { merge } = await import("../../doc/merge.ts");
  const result = await runJob(
    options,
    (job) => merge({ ...job, sources, target }),
  );
  const say = printerFor(target);
  if (options.json) say(JSON.stringify(result));
  else if (!options.quiet) describe(result, say);
  if (result.sources.some(({ skipped }) => skipped.length > 0)) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** Describes the result for people. */
function describe(result: MergeResult, say: (line: string) => void): void {
  for (const each of result.sources) {
    const { source, codec, packageCodec, documents, duplicates } = each;
    const omitted = duplicates === 0
      ? ""
      : `, ${plural(duplicates, "duplicate")} left out`;
    say(
      `${source} (${describeCodecs(codec, packageCodec)}): ${
        plural(documents, "document")
      }${omitted}`,
    );
    noteSkipped(each.skipped);
  }
  say(
    `→ ${result.target} (${
      describeCodecs(result.targetCodec, result.packageCodec)
    }): ${plural(result.documents, "document")}, ${
      humanSize(result.targetSize)
    } in ${humanDuration(result.seconds)}`,
  );
}
