import process from "node:process";
import { Command } from "commander";
import type { PackageResult } from "../../doc/package_files.ts";
import { namesIn } from "../name_list.ts";
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
  tarCodecOption,
  waitOption,
  workersOption,
} from "../options.ts";
import {
  describeCodecs,
  ExitCode,
  humanDuration,
  humanSize,
  note,
  noteCut,
  plural,
  print,
  printable,
  ratio,
  withProgress,
} from "../output.ts";
import { interruptSignal } from "../run.ts";

/** The options as commander hands them over. */
interface Options extends OutputOptions {
  filesFrom?: string;
  null?: boolean;
  inputCompressType: string;
  tarCompressType?: string;
  compressType?: string;
  packageCompressType?: string;
  level?: number;
  baseName?: boolean;
  append?: boolean;
  force?: boolean;
  sums?: boolean;
  wait: number;
  skipErrors?: boolean;
  workers: number;
  pattern?: RegExp;
  limit: number;
  keySizeLimit: number;
  maxSize: number;
}

/** How many files that were skipped are told of one by one. */
const MAX_FILES_SHOWN = 20;

/** Makes the `package` command. */
export function packageCommand(): Command {
  const command = new Command("package")
    .alias("p")
    .description("put files into a bin file: a directory's, or a tar archive's")
    .argument(
      "<source>",
      "directory, or tar archive, compressed or not (- for standard input)",
    )
    .argument("<target>", "bin file to make (- for standard output)")
    .addOption(
      codecOption(
        "-z, --compress-type",
        "codec of the target's contents; gzip when not told, or what the target has",
      ),
    )
    .addOption(
      codecOption(
        "-c, --input-compress-type",
        "codec of the files themselves, which are decompressed",
      ).default("none"),
    )
    .addOption(tarCodecOption("-t, --tar-compress-type"))
    .addOption(
      codecOption(
        "--package-compress-type",
        "codec of the target as a whole",
      ),
    )
    .option("--level <number>", "compression level of the target", parseCount)
    .addOption(workersOption())
    .addOption(patternOption("files to take, by their paths"))
    .addOption(limitOption("most files to take"))
    .option(
      "--files-from <list>",
      "take the files of the directory that a list names (- for standard input)",
    )
    .option("-0, --null", "names in the list end with a zero byte, not a line")
    .option("--base-name", "keys are names without directories")
    .option("-a, --append", "add to an existing target")
    .addOption(forceOption())
    .addOption(sumsOption())
    .addOption(waitOption())
    .addOption(keySizeLimitOption())
    .addOption(maxSizeOption())
    .addHelpText(
      "after",
      `
Keys are paths from the directory on. Symbolic links, pipes and devices are
skipped with a note; the exit code is 3 only if a file's content is missing.

Examples:
  binfiles package pages/ pages.bin                      all files, each with gzip
  binfiles package pages/ pages.bin -z zstd -p '\\.html$'  some of them, with zstd
  binfiles package pages.tar.xz pages.bin                from a tar archive
  binfiles package logs/ logs.bin -c gzip -z zstd        files that are .gz themselves
  binfiles package pages/ pages.bin -a                   add to what is there
  find . -name '*.md' | binfiles package . notes.bin --files-from -`,
    )
    .action(packageAction);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function packageAction(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const { packageFiles } = await import("../../doc/package_files.ts");
  const signal = interruptSignal(options.pattern);
  // Whatever ends the work also ends the reading of the list.
  const done = new AbortController();
  const stop = AbortSignal.any([done.signal, ...(signal ? [signal] : [])]);
  const result = await withProgress(
    options,
    async (onProgress) =>
      await packageFiles({
        source,
        target,
        names: await listOf(options, stop),
        targetCodec: options.compressType,
        inputCodec: options.inputCompressType,
        tarCodec: options.tarCompressType,
        packageCodec: options.packageCompressType,
        level: options.level,
        baseName: options.baseName,
        append: options.append,
        force: options.force,
        sums: options.sums,
        lockWait: options.wait,
        skipErrors: options.skipErrors,
        workers: options.workers,
        pattern: options.pattern,
        limit: options.limit,
        keySizeLimit: options.keySizeLimit,
        maxSize: options.maxSize,
        signal,
        onProgress,
      }),
  ).finally(() => done.abort());
  if (result.cut !== undefined) noteCut(target, result.cut);
  // What is said must not get into a file that is printed.
  const say = target === "-" ? note : print;
  if (options.json) say(JSON.stringify(result));
  else if (!options.quiet) describe(result, say);
  if (result.skipped.some(({ isLost }) => isLost)) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** The names of files that a list has, if there is one. */
async function listOf(
  { filesFrom, null: endsWithZero }: Options,
  stop: AbortSignal,
): Promise<AsyncIterable<string> | undefined> {
  if (filesFrom === undefined) return undefined;
  const { standardInputChunks } = await import(
    "../../doc/source/standard_input.ts"
  );
  const { fileChunks } = await import("../../doc/source/file_chunks.ts");
  const chunks = filesFrom === "-"
    ? standardInputChunks(stop)
    : fileChunks(filesFrom);
  return namesIn(chunks, endsWithZero ? 0 : NEWLINE);
}

const NEWLINE = 10;

/** Tells what was done, for people. */
function describe(
  { source, target, targetCodec, packageCodec, ...result }: PackageResult,
  say: (line: string) => void,
): void {
  const { documents, bytesRead, bytesWritten, seconds, skipped } = result;
  say(`${source} → ${target} (${describeCodecs(targetCodec, packageCodec)})`);
  say(
    `${plural(documents, "document")}, ${humanSize(bytesRead)} → ` +
      `${humanSize(bytesWritten)} (${ratio(bytesRead, bytesWritten)}) in ${
        humanDuration(seconds)
      }, ${humanSize(bytesRead / seconds)}/s`,
  );
  for (const { name, reason } of skipped.slice(0, MAX_FILES_SHOWN)) {
    note(`skipped ${printable(name)}: ${reason}`);
  }
  if (skipped.length > MAX_FILES_SHOWN) {
    note(`skipped ${plural(skipped.length, "file")} in all`);
  }
}
