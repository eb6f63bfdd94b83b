import process from "node:process";
import { Command } from "commander";
import { OptionError } from "../../pool/errors.ts";
import { ByteOutput } from "../byte_output.ts";
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
  INPUT,
  parseCount,
  parseRegex,
} from "../options.ts";
import { type RecordsOptions, withRecords } from "../records.ts";
import { writeStandardOutput } from "../standard_output.ts";
import { keyMatcher, walk, WalkProgress } from "../walk.ts";

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
    .description("find documents by key: offset and content")
    .argument("<input>", INPUT)
    .argument("<key>", "regular expression that keys must match", parseRegex)
    .argument("[offset]", "start at the record at this offset", parseCount, 0)
    .option("--all", "print all matches")
    .option("-n, --number <number>", "print only the n-th match", parseCount, 1)
    .option(
      "-s, --step <number>",
      "skip this many matches before the first one printed",
      parseCount,
      0,
    )
    .option(
      "-k, --key-only",
      "print offset, key and stored size instead of the content",
    )
    .option("-p, --pretty", "indent contents that are JSON")
    .addHelpText(
      "after",
      `
Exits with 1 if no document matches.

Examples:
  binfiles search docs.bin '^user/7$'          the first match
  binfiles search docs.bin json -n 3           the third match
  binfiles search docs.bin '\\.html$' --all -k  offsets and keys of all matches
  binfiles search docs.bin data -p             JSON, indented`,
    )
    .action(search);
  addSkipErrorsOption(command);
  addInputOptions(command);
  return addOutputOptions(command, "print a line of JSON for each match");
}

async function search(
  input: string,
  pattern: RegExp,
  offset: number,
  options: Options,
): Promise<void> {
  if (options.number === 0) {
    throw new OptionError("Cannot print match number 0: the first is number 1");
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
            const content = contents.read(records);
            if (options.json) addJsonDocument(out, records, content);
            else if (options.pretty) addPrettyContent(out, content);
            else addDocument(out, records, content);
            out.endLine();
          } catch (error) {
            records.reject(error);
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
