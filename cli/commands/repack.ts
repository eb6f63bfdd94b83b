import process from "node:process";
import { Command, Option } from "commander";
import type { CodecName } from "../../codec/names.ts";
import type { RepackResult } from "../../doc/repack.ts";
import { EXIT_CODES_HELP, ExitCode } from "../exit_code.ts";
import {
  describeCodecs,
  humanDuration,
  humanSize,
  plural,
  ratio,
} from "../format.ts";
import {
  addLimitOptions,
  addOutputOptions,
  addSkipErrorsOption,
  addTargetOptions,
  codecOption,
  limitOption,
  type LimitOptions,
  packageCodecOption,
  parseCount,
  patternOption,
  type TargetArguments,
  workersOption,
} from "../options.ts";
import {
  note,
  noteSkipped,
  type OutputOptions,
  print,
  printerFor,
} from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends TargetArguments, LimitOptions, OutputOptions {
  sourceCodec?: CodecName;
  targetCodec: CodecName | "same";
  packageCodec: CodecName;
  workers: number;
  mode: "file" | "doc" | "path";
  pattern?: RegExp;
  limit: number;
  split: number;
  contentOnly?: boolean;
  optimized?: boolean;
  skipErrors?: boolean;
}

/** Makes the `repack` command. */
export function repackCommand(): Command {
  const command = new Command("repack")
    .description("change the compression of a bin file, on all cores")
    .argument(
      "<source>",
      "bin file (- for standard input), or a directory of bin files in path mode",
    )
    .argument(
      "<target>",
      "file to write (- for standard output), or a directory in path mode",
    )
    .addOption(
      codecOption(
        "sourceCodec",
        "-i, --source-compress-type",
        "set the codec of the source's contents (default: detected)",
      ),
    )
    .addOption(
      codecOption(
        "targetCodec",
        "-t, --target-compress-type",
        "set the codec of the target's contents; same keeps that of the source",
        ["same"],
      ).default("none"),
    )
    .addOption(packageCodecOption().default("none"))
    .addOption(workersOption())
    .addOption(
      new Option(
        "-m, --mode <mode>",
        "repack one file (file or doc), or all files of a directory (path)",
      ).choices(["file", "doc", "path"]).default("file"),
    )
    .addOption(patternOption("files whose names"))
    .addOption(limitOption("documents"))
    .option(
      "--split <number>",
      "start a new target (.1, .2, …) after this many documents; 0 for never",
      parseCount,
      0,
    )
    .option(
      "-o, --content-only",
      "write only contents, uncompressed, each followed by a newline",
    )
    .option("--optimized", "use pooled memory (the default)")
    .option("--no-optimized", "use no pooled memory, for comparison")
    .addHelpText(
      "after",
      `
${EXIT_CODES_HELP}

Examples:
  repack docs.bin docs.gz.bin -t gzip          compress every document
  repack docs.gz.bin docs.bin                  decompress every document
  repack docs.bin docs.bin.zst -c zstd         compress the file as a whole
  repack -m path archive/ packed/ -t zstd      repack every file of a directory
  repack damaged.bin saved.bin --skip-errors   keep everything that can be read`,
    )
    .action(repackSource);
  addTargetOptions(command);
  addLimitOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function repackSource(
  source: string,
  target: string,
  { optimized, ...options }: Options,
): Promise<void> {
  const { MemoryPool } = await import("../../pool/memory_pool.ts");
  const paths = {
    source,
    target,
    // BINFILES_POOL=off wins over --optimized.
    pool: optimized === false ? new MemoryPool({ enabled: false }) : undefined,
  };
  if (options.mode !== "path") {
    const { repack } = await import("../../doc/repack.ts");
    const result = await runJob(options, (job) => repack({ ...job, ...paths }));
    const say = printerFor(target);
    if (options.json) say(JSON.stringify(result));
    else if (!options.quiet) describe(result, say);
    if (result.skipped.length > 0) process.exitCode = ExitCode.Skipped;
    return;
  }
  const { repackDirectory } = await import("../../doc/repack_directory.ts");
  const { results, passedOver } = await runJob(
    options,
    (job) => repackDirectory({ ...job, ...paths }),
  );
  if (options.json) print(JSON.stringify({ results, passedOver }));
  else if (!options.quiet) {
    for (const result of results) describe(result, print);
    for (const { file, reason } of passedOver) {
      note(`skipped ${file}: ${reason}`);
    }
  }
  if (passedOver.length > 0 || results.some((r) => r.skipped.length > 0)) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** Describes the result for people. */
function describe(result: RepackResult, say: (line: string) => void): void {
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
  noteSkipped(skipped);
}
