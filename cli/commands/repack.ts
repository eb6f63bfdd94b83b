import process from "node:process";
import { Command, Option } from "commander";
import type { RepackOptions, RepackResult } from "../../doc/repack.ts";
import {
  describeCodecs,
  ExitCode,
  humanDuration,
  humanSize,
  note,
  noteRanges,
  plural,
  print,
  ratio,
  withProgress,
} from "../output.ts";
import {
  addOutputOptions,
  addSkipErrorsOption,
  codecOption,
  forceOption,
  keySizeLimitOption,
  limitOption,
  maxSizeOption,
  type OutputOptions,
  parseCount,
  patternOption,
  sumsOption,
  waitOption,
  workersOption,
} from "../options.ts";
import { interruptSignal } from "../run.ts";

/** The options as commander hands them over. */
interface Options extends OutputOptions {
  sourceCompressType?: string;
  targetCompressType: string;
  packageCompressType: string;
  workers: number;
  mode: "file" | "doc" | "path";
  pattern?: RegExp;
  limit: number;
  split: number;
  contentOnly?: boolean;
  optimized: boolean;
  level?: number;
  force?: boolean;
  wait: number;
  skipErrors?: boolean;
  sums?: boolean;
  keySizeLimit: number;
  maxSize: number;
}

/** Makes the `repack` command. */
export function repackCommand(): Command {
  const command = new Command("repack")
    .alias("a")
    .description("change the compression of a bin file, on all cores")
    .argument(
      "<source>",
      "bin file (- for standard input), or directory of bin files in path mode",
    )
    .argument(
      "<target>",
      "file (- for standard output), or directory in path mode, to make",
    )
    .addOption(
      codecOption(
        "-i, --source-compress-type",
        "codec of the source's contents; detected when not told",
      ),
    )
    .addOption(
      codecOption(
        "-t, --target-compress-type",
        "codec of the target's contents; same for that of the source",
        ["same"],
      ).default("none"),
    )
    .addOption(
      codecOption(
        "-c, --package-compress-type",
        "codec of the target as a whole",
      ).default("none"),
    )
    .addOption(workersOption())
    .addOption(
      new Option(
        "-m, --mode <mode>",
        "file and doc: a bin file into a bin file; path: a directory of bin files into a directory",
      ).choices(["file", "doc", "path"]).default("file"),
    )
    .addOption(patternOption("names of the files to take in path mode"))
    .addOption(limitOption("most documents to take"))
    .option(
      "--split <number>",
      "begin a new target (.1, .2, …) after so many documents; 0 for never",
      parseCount,
      0,
    )
    .option(
      "-o, --content-only",
      "write contents only, uncompressed, each followed by a newline",
    )
    .option("--optimized", "work with pooled memory (the default)")
    .option("--no-optimized", "work without pooled memory, for comparison")
    .option("--level <number>", "compression level of the target", parseCount)
    .addOption(forceOption())
    .addOption(waitOption())
    .addOption(sumsOption())
    .addOption(keySizeLimitOption())
    .addOption(maxSizeOption())
    .addHelpText(
      "after",
      `
Exit codes: 0 done, 1 failed, 2 bad usage, 3 done but something was skipped.

Examples:
  repack docs.bin docs.gz.bin -t gzip          compress every document
  repack docs.gz.bin docs.bin                  and back, source codec detected
  repack docs.bin docs.bin.zst -c zstd         compress the file as a whole
  repack -m path archive/ packed/ -t zstd      every file of a directory
  repack damaged.bin saved.bin --skip-errors   keep all that can be read`,
    )
    .action(repackAction);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function repackAction(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const common: Omit<RepackOptions, "source" | "target"> = {
    sourceCodec: options.sourceCompressType,
    targetCodec: options.targetCompressType,
    packageCodec: options.packageCompressType,
    workers: options.workers,
    limit: options.limit,
    split: options.split,
    contentOnly: options.contentOnly,
    // Commander cannot tell "not given" from "given" here, but only "no" matters.
    optimized: options.optimized === false ? false : undefined,
    level: options.level,
    force: options.force,
    lockWait: options.wait,
    sums: options.sums,
    skipErrors: options.skipErrors,
    keySizeLimit: options.keySizeLimit,
    maxSize: options.maxSize,
    signal: interruptSignal(options.pattern),
    onWarning: note,
  };
  if (options.mode !== "path") {
    const { repack } = await import("../../doc/repack.ts");
    const result = await withProgress(
      options,
      (onProgress) => repack({ ...common, source, target, onProgress }),
    );
    // What is said must not get into a file that is printed.
    const say = target === "-" ? note : print;
    if (options.json) say(JSON.stringify(result));
    else if (!options.quiet) describe(result, say);
    if (result.skipped.length > 0) process.exitCode = ExitCode.Skipped;
    return;
  }
  const { repackDirectory } = await import("../../doc/repack_directory.ts");
  const { results, passedOver } = await withProgress(
    options,
    (onProgress) =>
      repackDirectory({
        ...common,
        source,
        target,
        pattern: options.pattern,
        onProgress,
      }),
  );
  if (options.json) print(JSON.stringify({ results, passedOver }));
  else if (!options.quiet) {
    for (const result of results) describe(result, print);
    for (const { file, reason } of passedOver) {
      note(`skipped ${file}: ${reason}`);
    }
  }
  if (passedOver.length + results.flatMap((r) => r.skipped).length > 0) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** Prints what was done, for people. */
function describe(
  result: RepackResult,
  say: (line: string) => void,
): void {
  const { documents, sourceSize, targetSize, seconds, skipped } = result;
  const targets = result.targets.length === 1
    ? result.targets[0]
    : `${result.targets.length} files from ${result.targets[0]} on`;
  say(
    `${result.source} (${
      describeCodecs(result.sourceCodec, result.sourcePackageCodec)
    }) → ` +
      `${targets} (${describeCodecs(result.targetCodec, result.packageCodec)})`,
  );
  say(
    `${plural(documents, "document")}, ${humanSize(sourceSize)} → ` +
      `${humanSize(targetSize)} (${ratio(sourceSize, targetSize)}) in ${
        humanDuration(seconds)
      }, ${humanSize(result.bytesRead / seconds)}/s`,
  );
  noteRanges(skipped);
}
