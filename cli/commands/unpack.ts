import process from "node:process";
import { Command, Option } from "commander";
import type { UnpackOptions, UnpackResult } from "../../doc/unpack.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSkipErrorsOption,
  forceOption,
  type InputOptions,
  limitOption,
  type OutputOptions,
  patternOption,
} from "../options.ts";
import {
  ExitCode,
  humanDuration,
  humanSize,
  note,
  noteRanges,
  plural,
  print,
  printable,
  withProgress,
} from "../output.ts";
import { interruptSignal } from "../run.ts";

/** The options as commander hands them over. */
interface Options
  extends
    InputOptions,
    OutputOptions,
    Pick<UnpackOptions, "duplicates" | "unsafeKeys" | "pattern"> {
  limit: number;
  force?: boolean;
  skipErrors?: boolean;
}

/** How many documents with unusual files are told of one by one. */
const MAX_DETOURS_SHOWN = 20;

/** Makes the `unpack` command. */
export function unpackCommand(): Command {
  const command = new Command("unpack")
    .alias("u")
    .description("write each document of a bin file to a file")
    .argument("<source>", "bin file; - for standard input")
    .argument("<directory>", "directory to write to, made if need be")
    .addOption(patternOption("keys of the documents to take"))
    .addOption(limitOption("most documents to take"))
    .addOption(
      new Option(
        "--duplicates <how>",
        "a key that an earlier document has had: number adds .2, .3, …; " +
          "overwrite keeps the last, skip the first; error gives up",
      ).choices(["number", "overwrite", "skip", "error"]).default("number"),
    )
    .addOption(
      new Option(
        "--unsafe-keys <how>",
        "a key that is no path within the directory: encode makes one file " +
          "name of it; skip leaves it out; error gives up",
      ).choices(["encode", "skip", "error"]).default("encode"),
    )
    .addOption(forceOption())
    .addHelpText(
      "after",
      `
Keys are paths within the directory, and never lead out of it. The files appear
in the directory when all of them are there, or not at all.

Examples:
  binfiles unpack pages.bin pages/                        all documents
  binfiles unpack pages.bin pages/ -p '\\.html$' -l 100    the first hundred pages
  binfiles unpack crawl.bin pages/ --unsafe-keys error    only if all keys are paths
  binfiles unpack damaged.bin saved/ --skip-errors        all that can be read`,
    )
    .action(unpackAction);
  addInputOptions(command);
  addSkipErrorsOption(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function unpackAction(
  source: string,
  target: string,
  options: Options,
): Promise<void> {
  const { unpack } = await import("../../doc/unpack.ts");
  const { quiet, json, verbose, compressType, ...rest } = options;
  const detours: string[] = [];
  let count = 0;
  const result = await withProgress(options, (onProgress) =>
    unpack({
      ...rest,
      source,
      target,
      sourceCodec: compressType,
      signal: interruptSignal(options.pattern),
      onProgress,
      onWarning: note,
      onDetour(key, path, reason) {
        if (++count > MAX_DETOURS_SHOWN && !verbose) return;
        const what = path === undefined
          ? "skipped"
          : `written to ${printable(path)}`;
        detours.push(`${printable(key)} ${what}: ${reason}`);
        // All of them may be many.
        if (verbose) note(detours.pop()!);
      },
    }));
  if (json) print(JSON.stringify(result));
  else {
    if (!quiet) {
      for (const detour of detours) note(detour);
      if (count > MAX_DETOURS_SHOWN) {
        note(`${plural(count, "document")} in all; --verbose shows all`);
      }
      describe(result);
    }
    noteRanges(result.skipped);
  }
  if (result.leftOut > 0 || result.skipped.length > 0) {
    process.exitCode = ExitCode.Skipped;
  }
}

/** Prints what was done, for people. */
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
