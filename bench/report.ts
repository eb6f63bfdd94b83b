/**
 * Measures the speed and memory of binfiles and writes a page with charts
 * (`performance.html`), the same text and tables as Markdown (`performance.md`),
 * and all figures (`performance.json`).
 *
 * Usage: deno task bench:report [quick | full] [--output dist] [--directory /tmp]
 *        deno task bench:report --from dist/performance.json
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runProgram } from "./measure/run_program.ts";
import { reportAnswers } from "./report/answers.ts";
import { renderHtml } from "./report/html.ts";
import { renderMarkdown } from "./report/markdown.ts";
import {
  type EffortName,
  efforts,
  measureAll,
  type ReportData,
} from "./report/measure_all.ts";

const { values: options, positionals: [effort = "quick"] } = parseArgs({
  allowPositionals: true,
  options: {
    /** Where the report is written. */
    output: { type: "string", default: "dist" },
    /** Where temporary files are made. */
    directory: { type: "string" },
    /** Figures of an earlier report; nothing is measured then. */
    from: { type: "string" },
  },
});
if (!Object.keys(efforts).includes(effort)) {
  console.error(`Cannot measure "${effort}": expected quick or full.`);
  Deno.exit(2);
}
const data: ReportData = options.from === undefined
  ? await measureAll(effort as EffortName, options.directory)
  : JSON.parse(Deno.readTextFileSync(options.from));
const answers = reportAnswers(data);
Deno.mkdirSync(options.output, { recursive: true });
const write = (name: string, text: string) => {
  const path = join(options.output, name);
  Deno.writeTextFileSync(path, text);
  console.log(path);
};
write("performance.json", `${JSON.stringify(data, null, 1)}\n`);
write("performance.html", renderHtml(data, answers));
write("performance.md", renderMarkdown(data, answers));
await runProgram(Deno.execPath(), [
  ...["fmt", "--quiet", join(options.output, "performance.md")],
]);
