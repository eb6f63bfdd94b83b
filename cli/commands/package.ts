import process from "node:process";
import { Command } from "commander";
import type { CodecName } from "../../codec/names.ts";
import type { PackageResult } from "../../doc/package_files.ts";
import { ExitCode } from "../exit_code.ts";
import {
  describeCodecs,
  humanDuration,
  humanSize,
  plural,
  printable,
  ratio,
} from "../format.ts";
import { inputChunks } from "../input_chunks.ts";
import { readNameList } from "../name_list.ts";
import {
  addLimitOptions,
  addOutputOptions,
  addSkipErrorsOption,
  addTargetOptions,
  codecOption,
  limitOption,
  type LimitOptions,
  packageCodecOption,
  patternOption,
  tarCodecOption,
  type TargetArguments,
  workersOption,
} from "../options.ts";
import { note, type OutputOptions, printerFor } from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends TargetArguments, LimitOptions, OutputOptions {
  filesFrom?: string;
  null?: boolean;
  inputCodec: CodecName;
  tarCodec?: CodecName;
  targetCodec?: CodecName;
  packageCodec?: CodecName;
  baseName?: boolean;
  append?: boolean;
  skipErrors?: boolean;
  workers: number;
  pattern?: RegExp;
  limit: number;
}

/** Most skipped files that are listed one by one. */
const MAX_FILES_SHOWN = 20;

const NEWLINE = 10;

/** Makes the `package` command. */
export function packageCommand(): Command {
  const command = new Command("package")
    .description("pack a directory or a tar archive into a bin file")
    .argument(
      "<source>",
      "directory, or tar archive, compressed or not; - for standard input",
    )
    .argument("<target>", "bin file to write; - for standard output")
    .addOption(
      codecOption(
        "targetCodec",
        "-z, --compress-type",
        "set the codec of the target's contents (default: gzip, or what --append finds)",
      ),
    )
    .addOption(
      codecOption(
        "inputCodec",
        "-c, --input-compress-type",
        "decompress the files with this codec before packing",
      ).default("none"),
    )
    .addOption(tarCodecOption("-t, --tar-compress-type"))
    .addOption(packageCodecOption("--package-compress-type"))
    .addOption(workersOption())
    .addOption(patternOption("files whose paths"))
    .addOption(limitOption("files"))
    .option(
      "--files-from <list>",
      "take only files of the directory that this list names; - for standard input",
    )
    .option(
      "-0, --null",
      "end names in the list with a zero byte, not a newline",
    )
    .option("--base-name", "use names without directories as keys")
    .option("-a, --append", "append to an existing target")
    .addHelpText(
      "after",
      `
Keys are paths relative to the directory. Symbolic links, pipes and devices are
skipped with a note; the exit code is 3 only if a file's content is missing.

Examples:
  binfiles package pages/ pages.bin                      all files, with gzip
  binfiles package pages/ pages.bin -z zstd -p '\\.html$'  some files, with zstd
  binfiles package pages.tar.xz pages.bin                a tar archive
  binfiles package logs/ logs.bin -c gzip -z zstd        files that are gzip themselves
  binfiles package pages/ pages.bin -a                   append to an existing file
  find . -name '*.md' | binfiles package . notes.bin --files-from -`,
    )
    .action(packageSource);
  addTargetOptions(command);
  addLimitOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function packageSource(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const { packageFiles } = await import("../../doc/package_files.ts");
  // A failure has to end the reading of the list, too.
  const finished = new AbortController();
  const result = await runJob(options, async (job) => {
    const signals = [finished.signal, ...(job.signal ? [job.signal] : [])];
    const names = await namesOf(options, AbortSignal.any(signals));
    return await packageFiles({ ...job, source, target, names });
  }).finally(() => finished.abort());
  const say = printerFor(target);
  if (result.cut !== undefined) {
    const { offset, size } = result.cut;
    note(
      `removed ${plural(size, "byte")} at offset ${offset} of ${target}: ` +
        "an incomplete record of a process that died while it was appending",
    );
  }
  if (options.json) say(JSON.stringify(result));
  else if (!options.quiet) describe(result, say);
  if (result.skipped.some(({ isLost }) => isLost)) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** The names that `--files-from` lists; undefined without it. */
async function namesOf(
  { filesFrom, null: endsWithZero }: Options,
  signal: AbortSignal,
): Promise<AsyncIterable<string> | undefined> {
  if (filesFrom === undefined) return undefined;
  const chunks = await inputChunks(filesFrom, signal);
  return readNameList(chunks, endsWithZero ? 0 : NEWLINE);
}

/** Describes the result for people. */
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
