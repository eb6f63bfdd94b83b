/**
 * Whole repacks of a real input: every pair of codecs, with 1 to all workers, with
 * the pool and without, how close that comes to the limit, and what other tools
 * take for the same documents.
 *
 * The input is a bin file, or a directory whose files become documents; without
 * one, text files of this machine are taken. Prints Markdown.
 *
 * Usage: deno task bench:repack [file or directory] [--only zstd] [--rounds 3]
 *   [--seconds 1] [--workers N] [--directory /tmp] [--json]
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { realDocuments } from "./measure/documents.ts";
import { measurePair } from "./measure/repack.ts";
import { measureTools } from "./measure/tools.ts";
import { renderTable } from "./report/markdown.ts";
import { repackTables, type Section, toolsTables } from "./report/sections.ts";
import { measuredCodecs, Workspace } from "./measure/workspace.ts";

const { values: options, positionals: [path] } = parseArgs({
  allowPositionals: true,
  options: {
    /** Pairs with this codec only. */
    only: { type: "string" },
    /** Rounds of each measurement. */
    rounds: { type: "string", default: "3" },
    /** How long the codecs alone shall take in one thread; slow ones get fewer documents. */
    seconds: { type: "string", default: "1" },
    workers: { type: "string" },
    /** Where temporary files go. */
    directory: { type: "string" },
    /** Whether to print the figures as JSON. */
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
const workers = Number(options.workers ?? availableParallelism());
const effort = { rounds, seconds: Number(options.seconds), maxBytes: Infinity };
/** Bytes of text files to take where no input is named, and most that tools are given. */
const ENOUGH = 100e6;

using workspace = new Workspace(options.directory);
const input = path === undefined
  ? workspace.written("text files of this machine", realDocuments(ENOUGH))
  : await workspace.taken(path);
console.error(
  `${input.description}: ${input.documents} documents, ${input.contentSize} bytes`,
);
const pairs = [];
for (const from of measuredCodecs) {
  for (const to of measuredCodecs) {
    if (from === to) continue;
    if (options.only !== undefined && ![from, to].includes(options.only)) {
      continue;
    }
    console.error(`${from} → ${to}`);
    pairs.push(
      await measurePair(workspace, input, [from, to], workers, effort),
    );
  }
}
console.error("other tools");
const share = Math.min(1, ENOUGH / input.contentSize);
const some = await workspace.sample(
  input,
  "none",
  Math.ceil(share * input.documents),
);
const { runs: tools, leftOut } = await measureTools(
  workspace,
  some,
  workers,
  rounds,
);
if (options.json) {
  console.log(JSON.stringify({ input, pairs, tools, leftOut }));
} else {
  print(repackTables({ pairs }));
  print(
    toolsTables({
      tools,
      toolsInput: some.description,
      toolsBytes: some.contentSize,
    }),
  );
  if (leftOut.length > 0) console.log(`\nLeft out: ${leftOut.join("; ")}.`);
}

function print({ title, text, tables }: Section): void {
  console.log(
    [`\n## ${title}`, ...text, ...tables.map(renderTable)].join("\n\n"),
  );
}
