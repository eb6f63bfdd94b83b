import process from "node:process";
import { Command } from "commander";
import { ByteOutput } from "../byte_output.ts";
import { addRecord } from "../document_output.ts";
import {
  addInputOptions,
  addOutputOptions,
  addSelectionOptions,
  addSkipErrorsOption,
  INPUT,
  parseCount,
  type SelectionOptions,
} from "../options.ts";
import { type RecordsOptions, withRecords } from "../records.ts";
import { writeStandardOutput } from "../standard_output.ts";
import { keyMatcher, walk, WalkProgress } from "../walk.ts";

interface Options extends RecordsOptions, SelectionOptions {
  keyOnly?: boolean;
}

/** Makes the `list` command. */
export function listCommand(): Command {
  const command = new Command("list")
    .description("list the documents of a bin file: offset, key, stored size")
    .argument("<input>", INPUT)
    .argument("[offset]", "start at the record at this offset", parseCount, 0)
    .option("-k, --key-only", "print only keys")
    .addHelpText(
      "after",
      `
Columns are separated by tabs. Control characters and backslashes in keys are
escaped, as in \\n, \\x1b and \\\\; --json prints keys unchanged.

Examples:
  binfiles list docs.bin                    all documents
  binfiles list -k -p '^user/' docs.bin     keys that begin with user/
  binfiles list -l 10 docs.bin 4096         ten documents from an offset
  binfiles list -s 999 docs.bin             every thousandth document
  curl -s $url | binfiles list -            from the standard input`,
    )
    .action(list);
  addSelectionOptions(command);
  addSkipErrorsOption(command);
  addInputOptions(command);
  return addOutputOptions(command, "print a line of JSON for each document");
}

function list(input: string, offset: number, options: Options): Promise<void> {
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
