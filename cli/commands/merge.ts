import process from "node:process";
import { Command, Option } from "commander";
import type { MergeResult } from "../../doc/merge.ts";
import {
  describeCodecs,
  ExitCode,
  humanDuration,
  humanSize,
  note,
  noteRanges,
  plural,
  print,
  withProgress,
} from "../output.ts";
import {
  addOutputOptions,
  addSkipErrorsOption,
  codecOption,
  forceOption,
  keySizeLimitOption,
  maxSizeOption,
  type OutputOptions,
  parseCount,
  sumsOption,
  waitOption,
  workersOption,
} from "../options.ts";
import { interruptSignal, UsageError } from "../run.ts";

/** The options as commander hands them over. */
interface Options extends OutputOptions {
  targetCompressType?: string;
  packageCompressType: string;
  level?: number;
  duplicates: "all" | "first" | "last";
  workers: number;
  force?: boolean;
  wait: number;
  skipErrors?: boolean;
  sums?: boolean;
  keySizeLimit: number;
  maxSize: number;
}

/** Makes the `merge` command. */
export function mergeCommand(): Command {
  const command = new Command("merge")
    .description("make one bin file of several, whatever their codecs")
    .argument(
      "<files...>",
      "bin files, and at last the target; - for standard output",
    )
    .addOption(
      codecOption(
        "-t, --target-compress-type",
        "codec of the target's contents (default: that of the first file)",
      ),
    )
    .addOption(
      codecOption(
        "-c, --package-compress-type",
        "codec of the target as a whole",
      ).default("none"),
    )
    .option("--level <number>", "compression level of the target", parseCount)
    .addOption(
      new Option(
        "-d, --duplicates <which>",
        "which documents of the same key to keep",
      ).choices(["all", "first", "last"]).default("all"),
    )
    .addOption(workersOption())
    .addOption(forceOption())
    .addOption(waitOption())
    .addOption(sumsOption())
    .addOption(keySizeLimitOption())
    .addOption(maxSizeOption())
    .addHelpText(
      "after",
      `
Documents come in the order of the files, and within each in their own.

Examples:
  binfiles merge monday.bin tuesday.bin week.bin
  binfiles merge old.bin new.bin docs.bin -d last   the newer ones of the same key
  binfiles merge a.bin b.bin.xz all.bin -t zstd`,
    )
    .action(mergeAction);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function mergeAction(files: string[], options: Options): Promise<void> {
  const sources = files.slice(0, -1);
  const target = files.at(-1)!;
  if (sources.length === 0) {
    throw new UsageError(
      "Cannot merge: expected one or more bin files, and then the target",
    );
  }
  const { merge } = await import("../../doc/merge.ts");
  const result = await withProgress(options, (onProgress) =>
    merge({
      sources,
      target,
      targetCodec: options.targetCompressType,
      packageCodec: options.packageCompressType,
      level: options.level,
      duplicates: options.duplicates,
      workers: options.workers,
      force: options.force,
      lockWait: options.wait,
      sums: options.sums,
      skipErrors: options.skipErrors,
      keySizeLimit: options.keySizeLimit,
      maxSize: options.maxSize,
      signal: interruptSignal(),
      onProgress,
      onWarning: note,
    }));
  // What is said must not get into a file that is printed.
  const say = target === "-" ? note : print;
  if (options.json) say(JSON.stringify(result));
  else if (!options.quiet) describe(result, say);
  if (result.sources.some(({ skipped }) => skipped.length > 0)) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** Prints what was done, for people. */
function describe(result: MergeResult, say: (line: string) => void): void {
  for (const each of result.sources) {
    const { source, codec, packageCodec, documents, duplicates } = each;
    const left = duplicates === 0
      ? ""
      : `, ${plural(duplicates, "duplicate")} left out`;
    say(
      `${source} (${describeCodecs(codec, packageCodec)}): ${
        plural(documents, "document")
      }${left}`,
    );
    noteRanges(each.skipped);
  }
  say(
    `→ ${result.target} (${
      describeCodecs(result.targetCodec, result.packageCodec)
    }): ${plural(result.documents, "document")}, ${
      humanSize(result.targetSize)
    } in ${humanDuration(result.seconds)}`,
  );
}
