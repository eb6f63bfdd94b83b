import process from "node:process";
import { Command } from "commander";
import { ByteOutput, writeStandardOutput } from "../byte_output.ts";
import {
  addDocument,
  addJsonDocument,
  addPrettyContent,
  addRecord,
} from "../document_output.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSkipErrorsOption,
  parseCount,
  parseRegex,
} from "../options.ts";
import {
  keyMatcher,
  type RecordsOptions,
  walk,
  WalkProgress,
  withRecords,
} from "../records.ts";
import { UsageError } from "../run.ts";

/** The options as commander hands them over. */
interface Options extends RecordsOptions {
  all?: boolean;
  number: number;
  step: number;
  keyOnly?: boolean;
  pretty?: boolean;
}

/** Makes the `search` command. */
export function searchCommand(): Command {
  const command = new Command("search")
    .alias("s")
    .description("find documents by their keys: offset and content")
    .argument("<input>", "bin file; - for standard input")
    .argument("<key>", "regular expression that the key matches", parseRegex)
    .argument(
      "[offset]",
      "search from the record at this offset on",
      parseCount,
    )
    .option("--all", "print all matches, not only the first")
    .option("-n, --number <number>", "print the n-th match", parseCount, 1)
    .option(
      "-s, --step <number>",
      "matches to pass over before the first that is printed",
      parseCount,
      0,
    )
    .option(
      "-k, --key-only",
      "print offsets, keys and stored sizes instead of contents",
    )
    .option("-p, --pretty", "indent contents that are JSON")
    .addHelpText(
      "after",
      `
Exits with 1 if there is no such document.

Examples:
  binfiles search docs.bin '^user/7$'          the first match
  binfiles search docs.bin json -n 3           the third
  binfiles search docs.bin '\\.html$' --all -k  offsets and keys of all
  binfiles search docs.bin data -p             JSON, indented`,
    )
    .action(searchAction);
  addSkipErrorsOption(command);
  addInputOptions(command);
  return addOutputOptions(command, "print a line of JSON for each match");
}

async function searchAction(
  input: string,
  pattern: RegExp,
  offset: number = 0,
  options: Options,
): Promise<void> {
  if (options.number === 0) {
    throw new UsageError("Cannot print match number 0: the first is number 1");
  }
  const { ContentReader } = await import("../../doc/format/content_reader.ts");
  const { FileError } = await import("../../doc/errors.ts");
  const needsCodec = !options.keyOnly;
  await withRecords(input, offset, options, needsCodec, async (open) => {
    const contents = new ContentReader(open.codec, options);
    const out = new ByteOutput(writeStandardOutput);
    const progress = new WalkProgress(open, options, false);
    const selection = {
      matches: keyMatcher(pattern),
      skip: options.step + options.number - 1,
      limit: options.all ? Infinity : 1,
    };
    try {
      const found = await walk(open.records, selection, (records) => {
        if (process.stdout.isTTY) progress.clear();
        if (options.keyOnly) addRecord(out, records, options.json);
        else {
          try {
            contents.read(records, (content) => {
              if (options.json) addJsonDocument(out, records, content);
              else if (options.pretty) addPrettyContent(out, content);
              else addDocument(out, records, content);
              out.endLine();
            });
          } catch (error) {
            open.reject(error);
            return false;
          }
        }
        if (process.stdout.isTTY) out.flush();
        return true;
      }, (seen) => {
        out.flush();
        progress.show(seen);
      });
      if (found > 0) return;
      const file = open.source.file ?? input;
      const which = selection.skip === 0
        ? "a document"
        : `match number ${selection.skip + 1}: a document`;
      throw new FileError(
        file,
        `Cannot find ${which} whose key matches ${pattern} in ${file}`,
      );
    } finally {
      progress.clear();
      out.flush();
      contents[Symbol.dispose]();
    }
  });
}
