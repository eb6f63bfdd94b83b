import { type Answer, intro } from "./answers.ts";
import type { ReportData } from "./measure_all.ts";
import { renderTable } from "./table.ts";

/** Text and tables of a report. */
export function renderMarkdown(
  data: ReportData,
  answers: readonly Answer[],
): string {
  return [
    "# Speed and memory",
    ...intro(data),
    "With charts: [performance.html](performance.html). All figures: [performance.json](performance.json).",
    ...answers.map(renderAnswer),
  ].join("\n\n") + "\n";
}

/** An answer as a section of Markdown. */
export function renderAnswer({ title, text, table }: Answer): string {
  return [`## ${title}`, ...text, renderTable(table)].join("\n\n");
}
