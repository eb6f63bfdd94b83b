import process from "node:process";
import { Command, Option } from "commander";
import type { UnpackOptions, UnpackResult } from "../../doc/unpack.ts";
import { ExitCode } from "../exit_code.ts";
import { humanDuration, humanSize, plural, printable } from "../format.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSkipErrorsOption,
  forceOption,
  INPUT,
  type InputOptions,
  limitOption,
  patternOption,
} from "../options.ts";
import { note, noteSkipped, type OutputOptions, print } from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options
  extends
    InputOptions,
    OutputOptions,
    Pick<UnpackOptions, "duplicates" | "unsafeKeys" | "pattern"> {
  limit: number;
  force?: boolean;
  skipErrors?: boolean;
}

/** Most documents with unusual files that are listed one by one. */
const MAX_DETOURS_SHOWN = 20;

/** Makes the `unpack` command. */
export function unpackCommand(): Command {
  const command = new Command("unpack")
    .description("write each document of a bin file to a file of its own")
    .argument("<source>", INPUT)
    .argument("<directory>", "directory to write to; created if missing")
    .addOption(patternOption("documents whose keys"))
    .addOption(limitOption("documents"))
    .addOption(
      new Option(
        "--duplicates <how>",
        "choose what to do with documents of the same key",
      ).choices(["number", "overwrite", "skip", "error"]).default("number"),
    )
    .addOption(
      new Option(
        "--unsafe-keys <how>",
        "choose what to do with keys that are not paths",
      ).choices(["encode", "skip", "error"]).default("encode"),
    )
    .addOption(forceOption())
    .addHelpText(
      "after",
      `
Keys are paths within the directory and cannot lead out of it. By default, files
of the same key get a number (.2, .3, …), and a key that is not a path is encoded
as one file name. Either all files appear in the directory, or none.

Examples:
  binfiles unpack pages.bin pages/                        all documents
  binfiles unpack pages.bin pages/ -p '\\.html$' -l 100    the first hundred pages
  binfiles unpack crawl.bin pages/ --unsafe-keys error    only if all keys are paths
  binfiles unpack damaged.bin saved/ --skip-errors        everything that can be read`,
    )
    .action(unpackSource);
  addInputOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function unpackSource(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const { unpack } = await import("../../doc/unpack.ts");
  const { quiet, json, verbose } = options;
  const detours: string[] = [];
  let count = 0;
  const onDetour: UnpackOptions["onDetour"] = (key, path, reason) => {
    if (++count > MAX_DETOURS_SHOWN && !verbose) return;
    const what = path === undefined
      ? "skipped"
      : `written to ${printable(path)}`;
    const detour = `${printable(key)} ${what}: ${reason}`;
    // There may be too many of them to collect.
    if (verbose) note(detour);
    else detours.push(detour);
  };
  const result = await runJob(
    options,
    (job) => unpack({ ...job, source, target, onDetour }),
  );
  if (json) print(JSON.stringify(result));
  else {
    if (!quiet) {
      for (const detour of detours) note(detour);
      if (count > MAX_DETOURS_SHOWN) {
        note(`${plural(count, "document")} in all; --verbose shows all`);
      }
      describe(result);
    }
    noteSkipped(result.skipped);
  }
  if (result.leftOut > 0 || result.skipped.length > 0) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** Describes the result for people. */
function describe(result: UnpackResult): void {
  const { source, target, documents, bytesWritten, seconds } = result;
  print(
    `${source} → ${target}: ${plural(documents, "document")}, ${
      humanSize(bytesWritten)
    } in ${humanDuration(seconds)}`,
  );
  const counts = [
    [result.encoded, "with an encoded name"],
    [result.numbered, "with a numbered name"],
    [result.overwritten, "overwritten by later ones"],
    [result.leftOut, "skipped"],
  ] as const;
  for (const [count, what] of counts) {
    if (count > 0) print(`${plural(count, "document")} ${what}`);
  }
}
