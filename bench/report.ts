/**
 * Measures everything that binfiles claims about speed and memory, and writes a
 * page to look at (`performance.html`), a summary (`performance.md`), and the
 * figures that both are made from (`performance.json`).
 *
 * Usage: deno task bench:report [quick | full] [--output docs] [--directory /tmp]
 *        deno task bench:report --from dist/performance.json
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runProgram } from "./measure/process.ts";
import { type EffortName, efforts, measureAll } from "./report/data.ts";
import { renderHtml } from "./report/html.ts";
import { renderMarkdown } from "./report/markdown.ts";
import { reportSections } from "./report/sections.ts";

const { values: options, positionals: [effort = "quick"] } = parseArgs({
  allowPositionals: true,
  options: {
    /** Where the report goes. */
    output: { type: "string", default: "docs" },
    /** Where temporary files go. */
    directory: { type: "string" },
    /** Figures that were measured before; nothing is measured then. */
    from: { type: "string" },
  },
});
if (!Object.keys(efforts).includes(effort)) {
  console.error(`Cannot measure "${effort}": expected quick or full`);
  Deno.exit(2);
}
const data = options.from === undefined
  ? await measureAll(effort as EffortName, options.directory)
  : JSON.parse(Deno.readTextFileSync(options.from));
const sections = await reportSections(data);
Deno.mkdirSync(options.output, { recursive: true });
const write = (name: string, text: string) => {
  const path = join(options.output, name);
  Deno.writeTextFileSync(path, text);
  console.log(path);
};
write("performance.json", `${JSON.stringify(data, null, 1)}\n`);
write("performance.html", renderHtml(data, sections));
write("performance.md", renderMarkdown(data, sections));
// So that it passes the check of all files, wherever it is put.
await runProgram(Deno.execPath(), [
  ...["fmt", "--quiet", join(options.output, "performance.md")],
]);
