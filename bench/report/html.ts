import type { ReportData } from "./data.ts";
import type { Section, Table } from "./sections.ts";

/** A page of one file that needs nothing else: no script, no image, no font. */
export function renderHtml(
  { machine, effort }: Pick<ReportData, "machine" | "effort">,
  sections: readonly Section[],
): string {
  const title = "binfiles: speed and memory";
  const contents = sections.map(({ title }, index) =>
    `<li><a href="#section-${index}">${escape(title)}</a></li>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${
    escape(
      `Measured on ${
        machine.date.slice(0, 10)
      } with Deno ${machine.versions.Deno}, ${machine.processor}, ${machine.cores} cores; effort: ${effort}.`,
    )
  }</p>
<nav><ol>${contents.join("")}</ol></nav>
</header>
<main>
${sections.map(renderSection).join("\n")}
</main>
</body>
</html>
`;
}

function renderSection(section: Section, index: number): string {
  const { title, text, charts, tables } = section;
  const figures = charts.map(({ caption, svg }) =>
    `<figure><div class="wide">${svg}</div><figcaption>${
      escape(caption)
    }</figcaption></figure>`
  );
  // Where there are charts to look at, tables are for those who want the figures.
  const body = tables.map(renderTable).join("\n");
  return `<section id="section-${index}">
<h2>${escape(title)}</h2>
${text.map((paragraph) => `<p>${inline(paragraph)}</p>`).join("\n")}
${figures.join("\n")}
${
    charts.length === 0
      ? body
      : `<details><summary>Figures</summary>${body}</details>`
  }
</section>`;
}

function renderTable({ head, rows }: Table): string {
  const row = (cells: readonly string[], tag: "td" | "th") =>
    `<tr>${
      cells.map((cell, column) =>
        column === 0 && tag === "td"
          ? `<th scope="row">${escape(cell)}</th>`
          : tag === "th"
          ? `<th scope="col">${escape(cell)}</th>`
          : `<td${verdictClass(cell)}>${escape(cell)}</td>`
      ).join("")
    }</tr>`;
  return `<div class="wide"><table><thead>${row(head, "th")}</thead><tbody>${
    rows.map((cells) => row(cells, "td")).join("")
  }</tbody></table></div>`;
}

function verdictClass(cell: string): string {
  return cell === "met" || cell === "not met"
    ? ` class="${cell.replace(" ", "-")}"`
    : "";
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Text in which backticks mark what is typed. */
function inline(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

/** Colours that differ for most people who do not see all of them, in light and in dark. */
const STYLE = `
:root {
  --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0;
  --good: #116329; --bad: #a40e26; --shade: #f6f8fa;
  --series-1: #0969da; --series-2: #d4760a; --series-3: #1a7f5a;
  --series-4: #a2388f; --series-5: #6b6f00; --series-6: #c2352b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --grid: #3d444d;
    --good: #56d364; --bad: #ff7b72; --shade: #161b22;
    --series-1: #58a6ff; --series-2: #f0a04b; --series-3: #3fb98a;
    --series-4: #e083d0; --series-5: #c9c94a; --series-6: #ff8078;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem 1.25rem 4rem; max-width: 60rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1.5rem 0 0.5rem; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3rem 0 0.75rem;
  padding-top: 1rem; border-top: 1px solid var(--grid); }
p { max-width: 46rem; }
header p { color: var(--soft); }
nav ol { columns: 20rem; padding-left: 1.5rem; }
a { color: var(--series-1); }
code { background: var(--shade); padding: 0.1em 0.35em; border-radius: 4px;
  font-size: 0.9em; }
figure { margin: 1.75rem 0; }
figcaption { color: var(--soft); font-size: 0.9rem; max-width: 46rem; }
.wide { overflow-x: auto; }
svg { display: block; max-width: 100%; min-width: 34rem; height: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.875rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.75rem; text-align: right; vertical-align: top; }
td { white-space: nowrap; }
th { font-weight: 500; }
th[scope="row"], thead th:first-child { text-align: left; padding-left: 0; }
th[scope="row"] { min-width: 12rem; }
thead th { border-bottom: 2px solid var(--grid); color: var(--soft);
  vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
.met { color: var(--good); } .not-met { color: var(--bad); }
summary { cursor: pointer; color: var(--series-1); }
@media print { details { display: block; } }
`;
