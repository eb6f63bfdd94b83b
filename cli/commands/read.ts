import process from "node:process";
import { Command } from "commander";
import type { CodecName } from "../../codec/names.ts";
import { ByteOutput, type Sink } from "../byte_output.ts";
import { addJsonDocument, addPrettyContent } from "../document_output.ts";
import { interruptSignal } from "../interrupt.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSelectionOptions,
  addSkipErrorsOption,
  codecOption,
  forceOption,
  INPUT,
  parseCount,
  type SelectionOptions,
} from "../options.ts";
import { type RecordsOptions, withRecords } from "../records.ts";
import { writeStandardOutput } from "../standard_output.ts";
import { keyMatcher, type Selection, walk, WalkProgress } from "../walk.ts";

interface Options extends RecordsOptions, SelectionOptions {
  key?: string[];
  output: string;
  outputCodec: CodecName;
  force?: boolean;
  pretty?: boolean;
}

/** Makes the `read` command. */
export function readCommand(): Command {
  const command = new Command("read")
    .description("print one or more documents, by offset or key")
    .addHelpText(
      "after",
      `
Contents are printed unchanged, one after the other.

Examples:
  binfiles read docs.bin 4096                   the document at an offset
  binfiles read docs.bin --key hello.txt        the document with a key
  binfiles read docs.bin -l 0 -p '\\.json$' --json | jq .key
  binfiles read docs.bin -l 100 -c gzip > first.gz
  binfiles read docs.bin --key a.png -o a.png   into a file`,
    );
  return addReadOptions(command, 1);
}

/** Adds what `read` and `cat` share; `limit` is the default of `-l`. */
export function addReadOptions(command: Command, limit: number): Command {
  command
    .argument("<input>", INPUT)
    .argument("[offset]", "start at the record at this offset", parseCount, 0)
    .option(
      "--key <key>",
      "take only the document with this key; can be repeated",
      (key: string, keys: string[] = []) => [...keys, key],
    )
    .option(
      "-o, --output <file>",
      "write to a file; - for standard output",
      "-",
    )
    .addOption(forceOption())
    .addOption(
      codecOption(
        "outputCodec",
        "-c, --output-compress-type",
        "compress the output with this codec",
      ).default("none"),
    )
    .option("--pretty", "indent contents that are JSON")
    .action(read);
  addSelectionOptions(command, limit);
  addSkipErrorsOption(command);
  addInputOptions(command);
  return addOutputOptions(command, "print a line of JSON for each document");
}

async function read(
  input: string,
  offset: number,
  options: Options,
  command: Command,
): Promise<void> {
  const { output, force = false, outputCodec: codec } = options;
  if (output === "-") {
    await withEncoder(
      codec,
      writeStandardOutput,
      (sink) => readInto(sink, input, offset, options, command),
    );
    return;
  }
  const { writeFileWhole } = await import("../../doc/target/atomic_file.ts");
  const signal = interruptSignal(options.pattern);
  await writeFileWhole(
    output,
    { sources: input === "-" ? [] : [input], force },
    (sink) =>
      withEncoder(
        codec,
        sink,
        (sink) => readInto(sink, input, offset, options, command, signal),
      ),
  );
}

/** Gives `work` a sink that compresses into another one. */
async function withEncoder(
  codec: CodecName,
  sink: Sink,
  work: (sink: Sink) => Promise<void>,
): Promise<void> {
  if (codec === "none") return await work(sink);
  const { loadEngines } = await import("../../codec/load_engines.ts");
  const { createEncoder } = await import("../../codec/stream_coders.ts");
  await loadEngines([codec]);
  const encoder = createEncoder(codec);
  try {
    await work((bytes) => encoder.push(bytes, false, sink));
  } finally {
    // Also after an error, so that what was printed before it can be decompressed.
    encoder.push(new Uint8Array(0), true, sink);
    encoder.close?.();
  }
}

/** Prints the selected documents to a sink. */
async function readInto(
  sink: Sink,
  input: string,
  offset: number,
  options: Options,
  command: Command,
  signal?: AbortSignal,
): Promise<void> {
  const { ContentReader } = await import("../../doc/format/content_reader.ts");
  const { CancelledError, FileError } = await import("../../doc/errors.ts");
  await withRecords(input, offset, options, true, async (open) => {
    const contents = new ContentReader(open.codec, options);
    const out = new ByteOutput(sink);
    const progress = new WalkProgress(open, options, options.output === "-");
    const toTerminal = process.stdout.isTTY && options.output === "-" &&
      options.outputCodec === "none";
    const missing = new Set(options.key);
    const add = (content: Uint8Array) => {
      if (options.json) addJsonDocument(out, open.records, content);
      else if (options.pretty) addPrettyContent(out, content);
      else out.bytes(content);
      if (toTerminal) {
        out.endLine();
        out.flush();
      }
    };
    try {
      const count = await walk(
        open.records,
        selectionOf(options, command, missing),
        (records) => {
          try {
            add(contents.read(records));
          } catch (error) {
            records.reject(error);
            return false;
          }
        },
        async (seen) => {
          progress.show(seen);
          if (signal === undefined) return out.flush();
          await new Promise((resolve) => setTimeout(resolve));
          if (signal.aborted) throw new CancelledError();
        },
      );
      const file = open.source.file ?? input;
      if (missing.size > 0) {
        const names = Array.from(missing, (key) => JSON.stringify(key));
        throw new FileError(
          file,
          `Cannot find documents in ${file} with these keys: ${
            names.join(", ")
          }`,
        );
      }
      if (count === 0 && options.pattern !== undefined) {
        throw new FileError(
          file,
          `Cannot find a document whose key matches ${options.pattern} in ${file}`,
        );
      }
    } finally {
      progress.clear();
      out.flush();
      contents[Symbol.dispose]();
    }
  });
}

/** The records to print. Keys that are found are removed from `missing`. */
function selectionOf(
  { key, pattern, step, limit }: Options,
  command: Command,
  missing: Set<string>,
): Selection {
  const matchesPattern = pattern && keyMatcher(pattern);
  const selection = { step, limit: limit || Infinity };
  if (key === undefined) return { ...selection, matches: matchesPattern };
  const keys = new Set(key);
  // Without -l, `read` prints one document for each key, not one in all.
  const oncePerKey = limit === 1 &&
    command.getOptionValueSource("limit") === "default";
  return {
    step,
    limit: oncePerKey ? keys.size : selection.limit,
    matches(records) {
      if (matchesPattern !== undefined && !matchesPattern(records)) {
        return false;
      }
      const name = records.name();
      if (!keys.has(name)) return false;
      return missing.delete(name) || !oncePerKey;
    },
  };
}
