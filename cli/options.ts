/** Options that several commands share, and the checks of what users give them. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type CodecAlias, codecAliases, codecNames } from "../codec/names.ts";
import type { JobOptions } from "../doc/job/options.ts";
import { note } from "./output.ts";
import { interruptSignal } from "./run.ts";

/** Longest key that is accepted unless told otherwise; see `doc/record.ts`. */
const KEY_SIZE_LIMIT = 1000;

/** What `-q`, `-v`, `--json` and `--stats` say. */
export interface OutputOptions {
  /** Whether to print errors only. */
  quiet?: boolean;
  /** Whether to print more, such as stack traces with errors. */
  verbose?: boolean;
  /** Whether to print facts as JSON. */
  json?: boolean;
  /** Whether to print statistics of memory at the end. */
  stats?: boolean;
}

/** Adds the options that every command has. */
export function addOutputOptions(command: Command, json: string): Command {
  return command
    .option("-q, --quiet", "print results and errors only")
    .option("-v, --verbose", "print more; stack traces with errors")
    .option("--json", json)
    .option("--stats", "print statistics of memory and the pool at the end");
}

/** How the contents of a bin file are to be read. */
export interface InputOptions {
  /** Codec of the contents; detected when undefined. */
  compressType?: string;
  /** Longest key that is accepted, in bytes. */
  keySizeLimit: number;
  /** Most bytes that a document may decompress to. */
  maxSize: number;
}

/** Adds the options of commands that read a bin file. */
export function addInputOptions(command: Command): Command {
  return command
    .addOption(
      codecOption(
        "-z, --compress-type",
        "codec of the contents; detected when not told",
      ),
    )
    .addOption(keySizeLimitOption())
    .addOption(maxSizeOption());
}

/** An option that takes the name of a codec, or one of some other words. */
export function codecOption(
  flags: string,
  description: string,
  others: readonly string[] = [],
): Option {
  return new Option(`${flags} <codec>`, description)
    .choices([...codecNames, ...others])
    // Those would refuse aliases.
    .argParser((value) => others.includes(value) ? value : parseCodec(value));
}

/** An option that takes the codec of a tar archive; undefined for `auto`. */
export function tarCodecOption(flags: string): Option {
  return codecOption(
    flags,
    "codec of the tar archive; detected when not told",
    ["auto"],
  ).argParser((value) => value === "auto" ? undefined : parseCodec(value));
}

/** What the options say to jobs over a bin file that has to be read on all cores. */
export function jobOptions(
  { compressType, keySizeLimit, maxSize, workers }: InputOptions & {
    workers: number;
  },
): JobOptions {
  const signal = interruptSignal();
  return {
    sourceCodec: compressType,
    keySizeLimit,
    maxSize,
    workers,
    signal,
    onWarning: note,
  };
}

/** `-L`: the longest key. */
export function keySizeLimitOption(): Option {
  return new Option(
    "-L, --key-size-limit <bytes>",
    "longest key that is accepted",
  ).argParser(parseSize).default(KEY_SIZE_LIMIT);
}

/** `--max-size`: the largest document. */
export function maxSizeOption(): Option {
  return new Option(
    "--max-size <bytes>",
    "most bytes that a document may decompress to",
  ).argParser(parseSize).default(1024 ** 3, "1 GiB");
}

/** `-w`: the number of threads. */
export function workersOption(): Option {
  return new Option(
    "-w, --workers <number>",
    "number of threads; 0 for one per core",
  ).argParser(parseCount).default(0);
}

/** `-p`: a pattern of names or keys. */
export function patternOption(what: string): Option {
  return new Option("-p, --pattern <regex>", what).argParser(parseRegex);
}

/** `--sums`: checksums beside the target. */
export function sumsOption(): Option {
  return new Option(
    "--sums",
    "write checksums of the documents beside the target, for verify",
  );
}

/** `-f`: replace what exists. */
export function forceOption(): Option {
  return new Option("-f, --force", "replace an existing target");
}

/** Which records a command takes. */
export interface SelectionOptions {
  /** What their keys match. */
  pattern?: RegExp;
  /** How many to pass over after each. */
  step: number;
  /** How many at most; 0 for all. */
  limit: number;
}

/** Adds the options that select records, but for the limit, which commands differ in. */
export function addSelectionOptions(command: Command): Command {
  return command
    .addOption(patternOption("take documents whose keys match"))
    .addOption(
      aliasOption("--key-pattern <regex>", "pattern").argParser(parseRegex),
    )
    .option(
      "-s, --step <number>",
      "documents to pass over after each that is taken",
      parseCount,
      0,
    );
}

/** Adds `--skip-errors`. */
export function addSkipErrorsOption(command: Command): Command {
  return command
    .option("--skip-errors", "leave out what is damaged and report it")
    .addOption(aliasOption("--skip-error", "skipErrors"));
}

/** Another name of an option, which help does not show. */
function aliasOption(flags: string, attribute: string): Option {
  const option = new Option(flags).hideHelp();
  option.attributeName = () => attribute;
  return option;
}

/** `--wait`: how long to wait for another process that writes the target, in seconds. */
export function waitOption(): Option {
  return new Option(
    "--wait <seconds>",
    "wait so long for another process that is writing the target",
  ).argParser(parseSeconds).default(0);
}

/** `-l`: how many at most. */
export function limitOption(what: string, value = 0): Option {
  return new Option("-l, --limit <number>", `${what}; 0 for all`)
    .argParser(parseCount).default(value);
}

/** The name of a codec. */
function parseCodec(value: string): string {
  const name = codecAliases[value as CodecAlias] ?? value;
  if (codecNames.some((each) => each === name)) return name;
  throw new InvalidArgumentError(`Expected one of ${codecNames.join(", ")}.`);
}

/** A number of things, or an offset. */
export function parseCount(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0 || value.trim() === "") {
    throw new InvalidArgumentError("Expected 0 or a positive integer.");
  }
  return number;
}

/** A number of seconds, as milliseconds. */
export function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!(seconds >= 0) || value.trim() === "") {
    throw new InvalidArgumentError("Expected a number of seconds.");
  }
  return 1000 * seconds;
}

/** Powers of 1024 by their letters. */
const UNITS = "kmgt";

/** A number of bytes, with or without a unit: `1000`, `64k`, `1GiB`. */
export function parseSize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?b?|b)?$/i.exec(value.trim());
  const unit = match?.[2]?.toLowerCase();
  const number = match === null
    ? NaN
    : Number(match[1]) * 1024 ** (unit ? UNITS.indexOf(unit) + 1 : 0);
  if (!Number.isSafeInteger(number)) {
    throw new InvalidArgumentError(
      "Expected a number of bytes, such as 1000, 64k or 1GiB.",
    );
  }
  return number;
}

/** A regular expression. */
export function parseRegex(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
