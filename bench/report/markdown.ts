import type { ReportData } from "./data.ts";
import type { Section, Table } from "./sections.ts";

/** The report's text and tables; charts are in the page beside it. */
export function renderMarkdown(
  { machine, effort }: Pick<ReportData, "machine" | "effort">,
  sections: readonly Section[],
): string {
  const parts = [
    "# Speed and memory",
    `Written by \`deno task bench:report ${effort}\` on ${
      machine.date.slice(0, 10)
    } (Deno ${machine.versions.Deno}, ${machine.processor}, ${machine.cores} cores). ` +
    "The same with charts: [performance.html](performance.html); all figures: [performance.json](performance.json).",
  ];
  for (const { title, text, tables } of sections) {
    parts.push(`## ${title}`, ...text, ...tables.map(renderTable));
  }
  return `${parts.join("\n\n")}\n`;
}

/** A table in Markdown, its columns padded as `deno fmt` wants them. */
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
