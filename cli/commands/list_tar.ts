import { once } from "node:events";
import process from "node:process";
import { Command } from "commander";
import type { TarEntry } from "../../doc/source/tar.ts";
import {
  addOutputOptions,
  limitOption,
  type OutputOptions,
  patternOption,
  tarCodecOption,
} from "../options.ts";
import { humanSize, print, printable } from "../output.ts";

/** The options as commander hands them over. */
interface Options extends OutputOptions {
  format?: string;
  pattern?: RegExp;
  limit: number;
}

/** Makes the `list-tar` command. */
export function listTarCommand(): Command {
  const command = new Command("list-tar")
    .alias("t")
    .description("list the entries of a tar archive, compressed or not")
    .argument("<tar>", "tar archive; - for standard input")
    .addOption(tarCodecOption("-f, --format"))
    .addOption(patternOption("names to list"))
    .addOption(limitOption("most entries to list"))
    .addHelpText(
      "after",
      `
Each line has an entry's size and name, and what it is if it is no file.

Examples:
  binfiles list-tar pages.tar.gz                  all entries, codec detected
  binfiles list-tar pages.tar.xz -p '\\.html$' -l 10  the first ten pages
  curl -s https://… | binfiles list-tar - --json   from a pipe, a line of JSON for each`,
    )
    .action(listTarAction);
  return addOutputOptions(command, "print each entry as a line of JSON");
}

async function listTarAction(path: string, options: Options): Promise<void> {
  const { readTar } = await import("../../doc/source/tar.ts");
  const { decodeKey } = await import("../../doc/bytes.ts");
  const { fileChunks } = await import("../../doc/source/file_chunks.ts");
  const { standardInputChunks } = await import(
    "../../doc/source/standard_input.ts"
  );
  const { pattern, limit, json } = options;
  let left = limit || Infinity;
  await readTar(path === "-" ? standardInputChunks() : fileChunks(path), {
    entry(entry) {
      const name = decodeKey(entry.name);
      if (left > 0 && (pattern === undefined || pattern.test(name))) {
        left--;
        print(json ? toJson(entry, name) : toLine(entry, name));
      }
      return false;
    },
    async goOn() {
      if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
      return left > 0;
    },
  }, { codec: options.format, file: path === "-" ? undefined : path });
}

function toJson({ type, size, offset }: TarEntry, name: string): string {
  return JSON.stringify({ name, type, size, offset });
}

function toLine({ type, size }: TarEntry, name: string): string {
  const kind = type === "file" ? "" : `  (${type})`;
  return `${humanSize(size).padStart(8)}  ${printable(name)}${kind}`;
}
