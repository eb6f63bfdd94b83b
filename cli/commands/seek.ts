import { Command } from "commander";
import { ByteOutput, writeStandardOutput } from "../byte_output.ts";
import { addDocument, addJsonDocument, addRecord } from "../document_output.ts";
import { addInputOptions, addOutputOptions, parseCount } from "../options.ts";
import { readSumsOf, type RecordsOptions, withRecords } from "../records.ts";

/** The options as commander hands them over. */
interface Options extends RecordsOptions {
  content?: boolean;
}

/** Makes the `seek` command. */
export function seekCommand(): Command {
  const command = new Command("seek")
    .aliases(["k", "sk"])
    .description(
      "find the next record at or after an offset: offset, key, size",
    )
    .argument("<input>", "bin file; - for standard input")
    .argument("[offset]", "where to begin, at a record or not", parseCount)
    .option("--content", "print offset and content instead")
    .addHelpText(
      "after",
      `
What looks like a record counts only if its content decompresses, or if records
follow it. Exits with 1 if there is none.

Examples:
  binfiles seek docs.bin 100000             a record from there on
  binfiles seek docs.bin 100000 --content   its content
  binfiles list docs.bin $(binfiles seek docs.bin 100000 | cut -f1)`,
    )
    .action(seekAction);
  addInputOptions(command);
  return addOutputOptions(command, "print a line of JSON");
}

async function seekAction(
  input: string,
  offset: number = 0,
  options: Options,
): Promise<void> {
  const { ContentReader } = await import("../../doc/format/content_reader.ts");
  const { ContentCheck } = await import("../../doc/damage/content_check.ts");
  const { findRecord } = await import("../../doc/damage/resync.ts");
  const { FileError } = await import("../../doc/errors.ts");
  await withRecords(input, 0, options, true, async (open) => {
    const { records, source, codec } = open;
    const known = await readSumsOf(input, source, codec);
    const found = findRecord(source, offset, {
      keySizeLimit: options.keySizeLimit,
      checkContent: new ContentCheck(codec, { ...options, known }),
    });
    if (found === undefined) {
      const file = source.file ?? input;
      throw new FileError(
        file,
        `Cannot find a record at or after offset ${offset} of ${file}`,
      );
    }
    records.position = found;
    records.next();
    const out = new ByteOutput(writeStandardOutput);
    if (options.content) {
      const contents = new ContentReader(codec, options);
      contents.read(records, (content) => {
        if (options.json) addJsonDocument(out, records, content);
        else addDocument(out, records, content);
      });
      contents[Symbol.dispose]();
    } else addRecord(out, records, options.json);
    out.flush();
  });
}
