import process from "node:process";
import { Command } from "commander";
import type { ScanResult } from "../../doc/scan.ts";
import {
  describeCodecs,
  ExitCode,
  humanCount,
  humanSize,
  note,
  noteRanges,
  plural,
  print,
  styled,
  withProgress,
} from "../output.ts";
import {
  addInputOptions,
  addOutputOptions,
  type InputOptions,
  jobOptions,
  type OutputOptions,
  workersOption,
} from "../options.ts";

/** The options as commander hands them over. */
interface Options extends InputOptions, OutputOptions {
  workers: number;
}

/** Makes the `verify` command. */
export function verifyCommand(): Command {
  const command = new Command("verify")
    .description("check that every document of a bin file can be read")
    .argument("<input>", "bin file; - for standard input")
    .argument("[other]", "bin file that must hold the same documents")
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Where there are checksums (docs.bin.sums, written with --sums), documents are
compared with them too. Exits with 1 if something is damaged or different, after
all of it was reported.

Examples:
  binfiles verify docs.bin                  every record, every content
  binfiles verify docs.bin docs.zst.bin     same keys and contents, whatever the codecs
  binfiles verify docs.bin --json | jq .skipped`,
    )
    .action(verifyAction);
  addInputOptions(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function verifyAction(
  source: string,
  other: string | undefined,
  options: Options,
): Promise<void> {
  const { scan } = await import("../../doc/scan.ts");
  const scanFile = (source: string) =>
    withProgress(options, (onProgress) =>
      scan({
        source,
        ...jobOptions(options),
        skipErrors: true,
        sums: true,
        onProgress,
      }));
  const result = await scanFile(source);
  const isWhole = result.skipped.length === 0 &&
    (result.sums?.different ?? 0) === 0;
  if (!isWhole) process.exitCode = ExitCode.Failed;
  if (other === undefined || !isWhole) {
    if (options.json) print(JSON.stringify(result));
    else describe(result, options);
    return;
  }
  const { compareFiles } = await import("../../doc/compare.ts");
  const comparison = await withProgress(
    options,
    (show) =>
      compareFiles(source, other, {
        ...jobOptions(options),
        onProgress: (progress) => show(progress, 0),
      }),
  );
  const { same, different, differences } = comparison;
  if (different > 0) process.exitCode = ExitCode.Failed;
  if (options.json) {
    print(JSON.stringify({ ...result, other, ...comparison }));
    return;
  }
  for (const { kind, key, offset } of differences) {
    const where = kind === "only in second" ? other : source;
    note(`${kind}: ${JSON.stringify(key)} at offset ${offset} of ${where}`);
  }
  if (different > 0) {
    print(
      `${source} and ${other}: ${humanCount(same)} the same, ` +
        `${humanCount(different)} different`,
    );
  } else if (!options.quiet) {
    print(
      `${source} and ${other} hold the same ${plural(same, "document")}`,
    );
  }
}

/** Prints what was found, for people. */
function describe(result: ScanResult, { quiet }: Options): void {
  const { source, documents, skipped, tally, sums } = result;
  noteRanges(skipped, "damaged:");
  for (const { kind, index, offset, key } of sums?.differences ?? []) {
    note(
      kind === "missing"
        ? `missing: document ${humanCount(index + 1)} of the sums`
        : `${kind} differs from its sum: ${
          JSON.stringify(key)
        } at offset ${offset}`,
    );
  }
  const problems = [
    ...(skipped.length > 0 ? [plural(skipped.length, "damaged place")] : []),
    ...(sums !== undefined && sums.different > 0
      ? [`${plural(sums.different, "difference")} from the sums`]
      : []),
  ];
  const verdict = problems.length > 0
    ? styled("red", problems.join(", "), process.stdout)
    : styled(
      "green",
      sums === undefined ? "all whole" : "all whole and as summed",
      process.stdout,
    );
  if (quiet && problems.length === 0) return;
  print(
    `${source} (${describeCodecs(result.codec, result.packageCodec)}): ` +
      `${plural(documents, "document")}, ${
        humanSize(tally.contentBytes)
      }, ${verdict}`,
  );
}
