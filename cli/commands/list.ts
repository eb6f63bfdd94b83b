import process from "node:process";
import { Command } from "commander";
import { ByteOutput, writeStandardOutput } from "../byte_output.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSelectionOptions,
  addSkipErrorsOption,
  limitOption,
  parseCount,
  type SelectionOptions,
} from "../options.ts";
import { addRecord } from "../document_output.ts";
import {
  keyMatcher,
  type RecordsOptions,
  walk,
  WalkProgress,
  withRecords,
} from "../records.ts";

/** The options as commander hands them over. */
interface Options extends RecordsOptions, SelectionOptions {
  keyOnly?: boolean;
}

/** Makes the `list` command. */
export function listCommand(): Command {
  const command = new Command("list")
    .aliases(["l", "ls"])
    .description("list the documents of a bin file: offset, key, stored size")
    .argument("<input>", "bin file; - for standard input")
    .argument("[offset]", "list from the record at this offset on", parseCount)
    .option("-k, --key-only", "print keys only")
    .addOption(limitOption("most documents to list"))
    .addHelpText(
      "after",
      `
Columns are separated by tabulators. Control characters and backslashes in keys
are printed as in \\n, \\x1b and \\\\; --json has them as they are.

Examples:
  binfiles list docs.bin                    all documents
  binfiles list -k -p '^user/' docs.bin     keys that begin with user/
  binfiles list -l 10 docs.bin 4096         ten documents from an offset on
  binfiles list -s 999 docs.bin             every thousandth
  curl -s $url | binfiles list -            from the standard input`,
    )
    .action(listAction);
  addSelectionOptions(command);
  addSkipErrorsOption(command);
  addInputOptions(command);
  return addOutputOptions(command, "print a line of JSON for each document");
}

function listAction(
  input: string,
  offset: number = 0,
  options: Options,
): Promise<void> {
  return withRecords(input, offset, options, false, async (open) => {
    const out = new ByteOutput(writeStandardOutput);
    const progress = new WalkProgress(open, options, true);
    const isTerminal = process.stdout.isTTY;
    const selection = {
      matches: options.pattern && keyMatcher(options.pattern),
      step: options.step,
      limit: options.limit || Infinity,
    };
    try {
      await walk(open.records, selection, (records) => {
        if (options.keyOnly && !options.json) {
          out.key(records.bytes, records.keyStart, records.keySize);
          out.newline();
        } else addRecord(out, records, options.json);
        if (isTerminal) out.flush();
      }, (seen) => {
        out.flush();
        progress.show(seen);
      });
    } finally {
      progress.clear();
      out.flush();
    }
  });
}
