/** What commands print: results, notes, and what was skipped. */
import process from "node:process";
import { styleText } from "node:util";
import { environmentVariable } from "../pool/runtime.ts";
import type { SkippedRegion } from "../doc/damage/block_reader.ts";
import { plural } from "./format.ts";

/** The options of {@linkcode addOutputOptions}, which every command has. */
export interface OutputOptions {
  /** Print only results and errors. */
  quiet?: boolean;
  /** Print more, and stack traces of errors. */
  verbose?: boolean;
  /** Print results as JSON. */
  json?: boolean;
  /** Print statistics of memory and the pool at the end. */
  stats?: boolean;
}

/** Prints a line of results, to the standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line beside the results, to the standard error. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Prints the result of a command that writes `target`. If that is the standard
 * output, the result goes to the standard error.
 */
export function printerFor(target: string): (line: string) => void {
  return target === "-" ? note : print;
}

/** Styles text if the stream is a terminal with colours and `NO_COLOR` is not set. */
export function styled(
  style: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WriteStream,
): string {
  const noColor = environmentVariable("NO_COLOR") ?? "";
  const terminal = environmentVariable("TERM");
  // The stream check of styleText() would also obey CI and FORCE_COLOR.
  return stream.isTTY && noColor === "" && terminal !== "dumb"
    ? styleText(style, text, { validateStream: false })
    : text;
}

/** Most regions that are listed one by one. */
const MAX_REGIONS_SHOWN = 20;

/**
 * Notes the corrupted regions of a file.
 *
 * @param verb What was done with them.
 */
export function noteSkipped(
  regions: readonly SkippedRegion[],
  verb: string = "skipped",
): void {
  for (
    const { offset, size, reason, key } of regions.slice(0, MAX_REGIONS_SHOWN)
  ) {
    const name = key === undefined ? "" : ` (key ${JSON.stringify(key)})`;
    note(
      `${verb} ${plural(size, "byte")} at offset ${offset}${name}: ${reason}`,
    );
  }
  if (regions.length < 2) return;
  const bytes = regions.reduce((sum, { size }) => sum + size, 0);
  note(
    `${verb} ${plural(regions.length, "region")}, ${
      plural(bytes, "byte")
    } in all`,
  );
}
