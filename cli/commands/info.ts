import process from "node:process";
import { Command } from "commander";
import type { EngineInfo } from "../../codec/engines.ts";
import type { ScanResult } from "../../doc/scan.ts";
import { ExitCode } from "../exit_code.ts";
import { describeCodecs, humanCount, humanSize, ratio } from "../format.ts";
import {
  addInputOptions,
  addOutputOptions,
  INPUT,
  type InputOptions,
  workersOption,
} from "../options.ts";
import { noteSkipped, type OutputOptions, print, styled } from "../output.ts";
import { runJob } from "../run_job.ts";

interface Options extends InputOptions, OutputOptions {
  workers: number;
}

/** Makes the `info` command. */
export function infoCommand(): Command {
  const command = new Command("info")
    .description("show the codec, sizes and engines of a bin file")
    .argument("[input]", `${INPUT} (default: only engines)`)
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Examples:
  binfiles info docs.bin         codec, documents, sizes, ratio, largest documents
  binfiles info docs.bin --json  the same, with exact numbers
  binfiles info                  the engines of every codec`,
    )
    .action(info);
  addInputOptions(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function info(
  source: string | undefined,
  options: Options,
): Promise<void> {
  const { listEngines } = await import("../../codec/engines.ts");
  if (source === undefined) {
    const { loadAllEngines } = await import("../../codec/load_engines.ts");
    await loadAllEngines();
    if (options.json) print(JSON.stringify({ engines: listEngines() }));
    else describeEngines(listEngines());
    return;
  }
  const { scan } = await import("../../doc/scan.ts");
  const result = await runJob(
    options,
    (job) => scan({ ...job, source, skipErrors: true }),
  );
  const engines = listEngines().filter(({ codec, inUse }) =>
    inUse.includes("decompress") &&
    codec !== "none" &&
    (codec === result.codec || codec === result.packageCodec)
  );
  if (options.json) print(JSON.stringify({ ...result, engines }));
  else describe(result, engines);
  noteSkipped(result.skipped, "corrupt:");
  if (result.skipped.length > 0) process.exitCode = ExitCode.Skipped;
}

/** Describes the result for people. */
function describe(result: ScanResult, engines: EngineInfo[]): void {
  const { source, sourceSize, documents, tally } = result;
  const { keyBytes, storedBytes, contentBytes, largest } = tally;
  const facts: [string, string][] = [
    ["file", source],
    ["size", `${humanSize(sourceSize)} (${humanCount(sourceSize)} bytes)`],
    ["codec", describeCodecs(result.codec, result.packageCodec)],
    ["documents", humanCount(documents)],
  ];
  if (documents > 0) {
    facts.push(
      [
        "contents",
        `${humanSize(contentBytes)}, stored as ${humanSize(storedBytes)} (${
          ratio(contentBytes, storedBytes)
        })`,
      ],
      [
        "average",
        `${humanSize(Math.round(contentBytes / documents))}, key ${
          humanSize(Math.round(keyBytes / documents))
        }`,
      ],
    );
  }
  if (engines.length > 0) {
    facts.push([
      "engine",
      engines.map(({ codec, engine }) => `${engine} (${codec})`).join(", "),
    ]);
  }
  for (const [name, value] of facts) {
    print(`${styled("bold", name.padEnd(10), process.stdout)} ${value}`);
  }
  if (documents === 0) return;
  print(styled("bold", "\nsizes", process.stdout));
  for (const line of histogramLines(tally.histogram)) print(line);
  print(styled("bold", "\nlargest", process.stdout));
  for (const { key, offset, size } of largest) {
    print(
      `  ${humanSize(size).padStart(9)}  ${
        JSON.stringify(key)
      } at offset ${offset}`,
    );
  }
}

/** Length of the longest bar, in characters. */
const BAR_LENGTH = 40;

/** Draws a bar for each power of two between the smallest and the largest document. */
function histogramLines(histogram: number[]): string[] {
  const first = histogram.findIndex((count) => count > 0);
  const last = histogram.findLastIndex((count) => count > 0);
  const highest = Math.max(...histogram);
  return histogram.slice(first, last + 1).map((count, i) => {
    const bits = first + i;
    const label = bits === 0 ? "empty" : `< ${humanBinary(2 ** bits)}`;
    // Rounded up, so that a few documents are visible.
    const bar = "█".repeat(Math.ceil(BAR_LENGTH * count / highest));
    return `  ${label.padStart(9)}  ${bar} ${humanCount(count)}`;
  });
}

/** Formats a power of two: `512 B`, `64 KiB`. */
function humanBinary(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const unit = Math.floor(Math.log2(bytes) / 10);
  return `${bytes / 1024 ** unit} ${units[unit]}`;
}

/** Lists the engines of every codec. */
function describeEngines(engines: EngineInfo[]): void {
  for (
    const { codec, engine, kind, compresses, decompresses, inUse } of engines
  ) {
    const does = [
      ...(compresses ? ["compresses"] : []),
      ...(decompresses ? ["decompresses"] : []),
    ].join(", ") || "unavailable";
    const use = inUse.length > 0 ? `, in use to ${inUse.join(" and ")}` : "";
    print(
      `${codec.padEnd(7)} ${engine.padEnd(18)} ${kind.padEnd(9)} ${does}${use}`,
    );
  }
}
