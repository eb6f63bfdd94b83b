import { Command } from "commander";
import { ByteOutput } from "../byte_output.ts";
import { addDocument, addJsonDocument, addRecord } from "../document_output.ts";
import {
  addInputOptions,
  addOutputOptions,
  INPUT,
  parseCount,
} from "../options.ts";
import { readSumsOf, type RecordsOptions, withRecords } from "../records.ts";
import { writeStandardOutput } from "../standard_output.ts";

interface Options extends RecordsOptions {
  content?: boolean;
}

/** Makes the `seek` command. */
export function seekCommand(): Command {
  const command = new Command("seek")
    .description(
      "find the next record at or after an offset: offset, key, stored size",
    )
    .argument("<input>", INPUT)
    .argument("[offset]", "start at any offset", parseCount, 0)
    .option("--content", "print offset and content instead")
    .addHelpText(
      "after",
      `
A candidate counts as a record only if its content decompresses, or if other
records follow it. Exits with 1 if there is no record.

Examples:
  binfiles seek docs.bin 100000             the next record
  binfiles seek docs.bin 100000 --content   and its content
  binfiles list docs.bin $(binfiles seek docs.bin 100000 | cut -f1)`,
    )
    .action(seek);
  addInputOptions(command);
  return addOutputOptions(command, "print the result as one line of JSON");
}

async function seek(
  input: string,
  offset: number,
  options: Options,
): Promise<void> {
  const { ContentReader } = await import("../../doc/format/content_reader.ts");
  const { ContentCheck } = await import("../../doc/damage/content_check.ts");
  const { resync } = await import("../../doc/damage/resync.ts");
  const { FileError } = await import("../../doc/errors.ts");
  await withRecords(input, 0, options, true, async (open) => {
    const { records, source, codec } = open;
    const known = await readSumsOf(input, source, codec);
    const found = resync(source, offset, {
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
      try {
        const content = contents.read(records);
        if (options.json) addJsonDocument(out, records, content);
        else addDocument(out, records, content);
      } finally {
        contents.close();
      }
    } else addRecord(out, records, options.json);
    out.flush();
  });
}
