import { type Answer, intro } from "./answers.ts";
import type { ReportData } from "./measure_all.ts";

/** A table. Its first column is text, the others are aligned as numbers. */
export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

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

/** A table in Markdown with the padding that `deno fmt` expects. */
export function renderTable({ head, rows }: Table): string {
  const widths = head.map((cell, column) =>
    Math.max(
      column === 0 ? 1 : 2,
      cell.length,
      ...rows.map((row) => row[column].length),
    )
  );
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, column) =>
        column === 0
          ? cell.padEnd(widths[column])
          : cell.padStart(widths[column])
      ).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}
