import { once } from "node:events";
import process from "node:process";
import { Command } from "commander";
import type { CodecName } from "../../codec/names.ts";
import type { TarEntry } from "../../doc/source/tar_parser.ts";
import { humanSize, printable } from "../format.ts";
import { inputChunks } from "../input_chunks.ts";
import {
  addOutputOptions,
  limitOption,
  patternOption,
  tarCodecOption,
} from "../options.ts";
import { type OutputOptions, print } from "../output.ts";

interface Options extends OutputOptions {
  tarCodec?: CodecName;
  pattern?: RegExp;
  limit: number;
}

/** Makes the `list-tar` command. */
export function listTarCommand(): Command {
  const command = new Command("list-tar")
    .description("list the entries of a tar archive, compressed or not")
    .argument("<tar>", "tar archive; - for standard input")
    .addOption(tarCodecOption("-f, --format"))
    .addOption(patternOption("entries whose names"))
    .addOption(limitOption("entries"))
    .addHelpText(
      "after",
      `
Each line has the size and the name of an entry, and its type if it is not a file.

Examples:
  binfiles list-tar pages.tar.gz                     all entries
  binfiles list-tar pages.tar.xz -p '\\.html$' -l 10  the first ten pages
  curl -s $url | binfiles list-tar - --json          from the standard input`,
    )
    .action(listTar);
  return addOutputOptions(command, "print a line of JSON for each entry");
}

async function listTar(path: string, options: Options): Promise<void> {
  const { readTar } = await import("../../doc/source/tar.ts");
  const { pattern, limit, json, tarCodec } = options;
  const decoder = new TextDecoder();
  let left = limit || Infinity;
  await readTar(await inputChunks(path), {
    entry(entry) {
      const name = decoder.decode(entry.name);
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
  }, { codec: tarCodec, file: path === "-" ? undefined : path });
}

function toJson({ type, size, offset }: TarEntry, name: string): string {
  return JSON.stringify({ name, type, size, offset });
}

function toLine({ type, size }: TarEntry, name: string): string {
  const suffix = type === "file" ? "" : `  (${type})`;
  return `${humanSize(size).padStart(8)}  ${printable(name)}${suffix}`;
}
