/**
 * Repacks of your own data: every pair of codecs, with 1 to all workers, with the
 * pool and without it, against the limit, and what other tools take for the same
 * documents. Prints Markdown.
 *
 * The input is a bin file, or a directory whose files become the documents.
 * Default: text files of this machine.
 *
 * Usage: deno task bench:repack [file or directory] [--only zstd] [--rounds 3]
 *   [--seconds 1] [--workers N] [--directory /tmp] [--json]
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { findCodec } from "../codec/mod.ts";
import { realDocuments } from "./measure/documents.ts";
import { measurePair } from "./measure/pair.ts";
import { measureTools } from "./measure/tools.ts";
import { measuredCodecs, Workspace } from "./measure/workspace.ts";
import { boundsAnswer, limitAnswer, toolsAnswer } from "./report/answers.ts";
import { renderAnswer } from "./report/markdown.ts";

const { values: options, positionals: [path] } = parseArgs({
  allowPositionals: true,
  options: {
    /** Pairs with this codec only. */
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    /** Time of the codecs alone, in one thread; the number of documents is chosen for it. */
    seconds: { type: "string", default: "1" },
    workers: { type: "string" },
    /** Where temporary files are made. */
    directory: { type: "string" },
    /** Whether to print the figures as JSON instead. */
    json: { type: "boolean", default: false },
  },
});
const only = options.only === undefined
  ? undefined
  : findCodec(options.only).name;
const rounds = Number(options.rounds);
const workers = Number(options.workers ?? availableParallelism());
const effort = { rounds, seconds: Number(options.seconds), maxBytes: Infinity };
/** Bytes of the default input, and limit of what other tools are given. */
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
    if (only !== undefined && only !== from && only !== to) continue;
    console.error(`${from} → ${to}`);
    pairs.push(
      await measurePair(workspace, input, [from, to], workers, effort),
    );
  }
}
console.error("other tools");
const share = Math.min(1, ENOUGH / input.contentSize);
const documents = Math.ceil(share * input.documents);
const sample = await workspace.sample(input, "none", documents);
const tools = await measureTools(workspace, sample, workers, rounds);
if (options.json) {
  console.log(JSON.stringify({ input, pairs, tools }));
} else {
  const answers = [
    limitAnswer(pairs),
    boundsAnswer(pairs),
    toolsAnswer({ input: sample, runs: tools.runs }),
  ];
  console.log(answers.map(renderAnswer).join("\n\n"));
  if (tools.leftOut.length > 0) {
    console.log(`\nLeft out: ${tools.leftOut.join("; ")}.`);
  }
}
