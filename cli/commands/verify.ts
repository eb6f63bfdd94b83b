import process from "node:process";
import { Command } from "commander";
import type { ScanResult } from "../../doc/scan.ts";
import { ExitCode } from "../exit_code.ts";
import { describeCodecs, humanCount, humanSize, plural } from "../format.ts";
import {
  addInputOptions,
  addOutputOptions,
  INPUT,
  type InputOptions,
  workersOption,
} from "../options.ts";
import {
  note,
  noteSkipped,
  type OutputOptions,
  print,
  styled,
} from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends InputOptions, OutputOptions {
  workers: number;
}

/** Makes the `verify` command. */
export function verifyCommand(): Command {
  const command = new Command("verify")
    .description("check that every document of a bin file can be read")
    .argument("<input>", INPUT)
    .argument("[other]", "bin file that must have the same documents")
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Documents are also compared with their checksums, if there are any (docs.bin.sums,
written with --sums). Exits with 1 if anything is corrupt or different; all of it
is reported.

Examples:
  binfiles verify docs.bin                  every record and every content
  binfiles verify docs.bin docs.zst.bin     keys and contents of both, whatever the codecs
  binfiles verify docs.bin --json | jq .skipped`,
    )
    .action(verify);
  addInputOptions(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function verify(
  source: string,
  other: string | undefined,
  options: Options,
): Promise<void> {
  const { scan } = await import("../../doc/scan.ts");
  const result = await runJob(
    options,
    (job) =>
      scan({
        ...job,
        source,
        skipErrors: true,
        sums: true,
      }),
  );
  const isWhole = result.skipped.length === 0 &&
    (result.sums?.different ?? 0) === 0;
  if (!isWhole) process.exitCode = ExitCode.Failed;
  if (other === undefined || !isWhole) {
    if (options.json) print(JSON.stringify(result));
    else describe(result, options);
    return;
  }
  const { compareFiles } = await import("../../doc/compare.ts");
  const comparison = await runJob(
    options,
    // Only `source` has the codec of -z; that of `other` is detected.
    ({ codec: _codec, ...job }) => compareFiles(source, other, job),
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
    print(`${source} and ${other} hold the same ${plural(same, "document")}`);
  }
}

/** Describes the result for people. */
function describe(result: ScanResult, { quiet }: Options): void {
  const { source, documents, skipped, tally, sums } = result;
  noteSkipped(skipped, "corrupt:");
  for (const { kind, index, offset, key } of sums?.differences ?? []) {
    note(
      kind === "missing"
        ? `missing: document ${humanCount(index + 1)} of the checksums`
        : `${kind} differs from its checksum: ${
          JSON.stringify(key)
        } at offset ${offset}`,
    );
  }
  const problems = [
    ...(skipped.length > 0 ? [plural(skipped.length, "corrupted region")] : []),
    ...(sums !== undefined && sums.different > 0
      ? [`${plural(sums.different, "difference")} from the checksums`]
      : []),
  ];
  const verdict = problems.length > 0
    ? styled("red", problems.join(", "), process.stdout)
    : styled(
      "green",
      sums === undefined ? "all whole" : "all whole, checksums match",
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
