/**
 * The options that commands share, and the parsers of their values.
 *
 * Values are stored under the names that the library has for them, so commands
 * pass their options on as they are: `--wait 5` becomes `lockWait: 5000`.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type CodecAlias,
  codecAliases,
  type CodecName,
  codecNames,
} from "../codec/names.ts";

/** `DEFAULT_KEY_SIZE_LIMIT` of `doc/`, which is not loaded only for that. */
const KEY_SIZE_LIMIT = 1000;

/** The argument of a command that reads a bin file. */
export const INPUT = "bin file; - for standard input";

/** Adds the options of `OutputOptions`, which every command has. */
export function addOutputOptions(command: Command, json: string): Command {
  return command
    .option("-q, --quiet", "print only results and errors")
    .option("-v, --verbose", "print more, and stack traces of errors")
    .option("--json", json)
    .option("--stats", "print statistics of memory and the pool at the end");
}

/** What limits the memory that a damaged or hostile file can ask for. */
export interface LimitOptions {
  /** Longest key, in bytes. */
  keySizeLimit: number;
  /** Largest document, decompressed, in bytes. */
  maxSize: number;
}

/** Adds the options of {@linkcode LimitOptions}. */
export function addLimitOptions(command: Command): Command {
  return command
    .option(
      "-L, --key-size-limit <bytes>",
      "reject keys longer than this",
      parseSize,
      KEY_SIZE_LIMIT,
    )
    .addOption(
      new Option(
        "--max-size <bytes>",
        "reject documents that decompress to more than this",
      ).argParser(parseSize).default(1024 ** 3, "1 GiB"),
    );
}

/** How to read a bin file. */
export interface InputOptions extends LimitOptions {
  /** Codec of the contents; detected when undefined. */
  codec?: CodecName;
}

/** Adds the options of {@linkcode InputOptions}. */
export function addInputOptions(command: Command): Command {
  command.addOption(
    codecOption(
      "codec",
      "-z, --compress-type",
      "set the codec of the contents (default: detected)",
    ),
  );
  return addLimitOptions(command);
}

/** How to write a bin file. */
export interface TargetArguments {
  /** Compression level of the contents. */
  level?: number;
  /** Replace an existing target. */
  force?: boolean;
  /** Milliseconds to wait for the target's lock. */
  lockWait: number;
  /** Write checksums beside the target. */
  sums?: boolean;
}

/** Adds the options of {@linkcode TargetArguments}. */
export function addTargetOptions(command: Command): Command {
  return command
    .option(
      "--level <number>",
      "set the compression level (default: the codec's own)",
      parseCount,
    )
    .addOption(forceOption())
    .addOption(waitOption())
    .option(
      "--sums",
      "write checksums of the documents beside the target, for verify",
    );
}

/** `-f`: replaces an existing target. */
export function forceOption(): Option {
  return new Option("-f, --force", "replace an existing target");
}

/** `--wait`: waits for another process that is writing the target. */
export function waitOption(): Option {
  return storedAs(
    "lockWait",
    new Option(
      "--wait <seconds>",
      "wait this long for another process that is writing the target",
    ).argParser(parseSeconds).default(0),
  );
}

/**
 * An option that takes the name of a codec, or one of some other words.
 *
 * @param name What its value is stored as.
 */
export function codecOption(
  name: string,
  flags: string,
  description: string,
  others: readonly string[] = [],
): Option {
  const option = new Option(`${flags} <codec>`, description)
    .choices([...codecNames, ...others])
    // In place of the parser of choices(), which refuses aliases.
    .argParser((value) => others.includes(value) ? value : parseCodec(value));
  return storedAs(name, option);
}

/** `-c`: the codec of the target as a whole. */
export function packageCodecOption(
  flags = "-c, --package-compress-type",
): Option {
  return codecOption(
    "packageCodec",
    flags,
    "set the codec of the target as a whole",
  );
}

/** An option that takes the codec of a tar archive; `auto` is stored as undefined. */
export function tarCodecOption(flags: string): Option {
  return codecOption(
    "tarCodec",
    flags,
    "set the codec of the tar archive (default: detected)",
    ["auto"],
  ).argParser((value) => value === "auto" ? undefined : parseCodec(value));
}

/** `-w`: the number of threads. */
export function workersOption(): Option {
  return new Option(
    "-w, --workers <number>",
    "set the number of threads; 0 for one per core",
  ).argParser(parseCount).default(0);
}

/** `-p`: a pattern; `what` says which names or keys it is for. */
export function patternOption(what: string): Option {
  return new Option("-p, --pattern <regex>", `take only ${what} match`)
    .argParser(parseRegex);
}

/** `-l`: how many to take at most. */
export function limitOption(what: string, value = 0): Option {
  return new Option(
    "-l, --limit <number>",
    `take at most this many ${what}; 0 for all`,
  )
    .argParser(parseCount).default(value);
}

/** Which records a command takes. */
export interface SelectionOptions {
  /** What their keys match. */
  pattern?: RegExp;
  /** How many to skip after each. */
  step: number;
  /** How many at most; 0 for all. */
  limit: number;
}

/** Adds the options of {@linkcode SelectionOptions}; `limit` is the default of `-l`. */
export function addSelectionOptions(command: Command, limit = 0): Command {
  return command
    .addOption(patternOption("documents whose keys"))
    .addOption(
      storedAs("pattern", new Option("--key-pattern <regex>"))
        .argParser(parseRegex).hideHelp(),
    )
    .option(
      "-s, --step <number>",
      "skip this many documents after each one taken",
      parseCount,
      0,
    )
    .addOption(limitOption("documents", limit));
}

/** Adds `--skip-errors`. */
export function addSkipErrorsOption(command: Command): Command {
  return command
    .option("--skip-errors", "skip corrupted regions and report them")
    .addOption(
      storedAs("skipErrors", new Option("--skip-error")).hideHelp(),
    );
}

/** Stores an option's value under another name than that of its flag. */
export function storedAs(name: string, option: Option): Option {
  option.attributeName = () => name;
  return option;
}

/** Parses a codec's name or alias. */
function parseCodec(value: string): CodecName {
  const name = codecAliases[value as CodecAlias] ?? value;
  const codec = codecNames.find((each) => each === name);
  if (codec !== undefined) return codec;
  throw new InvalidArgumentError(`Expected one of ${codecNames.join(", ")}.`);
}

/** Parses a count or an offset. */
export function parseCount(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0 || value.trim() === "") {
    throw new InvalidArgumentError("Expected 0 or a positive integer.");
  }
  return number;
}

/** Parses seconds, into milliseconds. */
function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!(seconds >= 0) || value.trim() === "") {
    throw new InvalidArgumentError("Expected a number of seconds.");
  }
  return 1000 * seconds;
}

/** Letters of the powers of 1024. */
const UNITS = "kmgt";

/** Parses a number of bytes, with or without a unit: `1000`, `64k`, `1GiB`. */
function parseSize(value: string): number {
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

/** Parses a regular expression. */
export function parseRegex(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
