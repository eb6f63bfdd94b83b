/** A table. Its first column is text, the others are aligned as numbers. */
export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
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
