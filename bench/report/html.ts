import { type Answer, intro } from "./answers.ts";
import { escape } from "./escape.ts";
import type { ReportData } from "./measure_all.ts";
import type { Table } from "./table.ts";

/** A page of one file: no script, no image, no font. */
export function renderHtml(
  data: ReportData,
  answers: readonly Answer[],
): string {
  const title = "binfiles: speed and memory";
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
<h1>${title}</h1>
${intro(data).map(paragraph).join("\n")}
${answers.map(renderAnswer).join("\n")}
</body>
</html>
`;
}

function renderAnswer({ title, text, chart, table }: Answer): string {
  return `<section>
<h2>${escape(title)}</h2>
${text.map(paragraph).join("\n")}
${
    chart === undefined ? "" : `<figure><div class="wide">${chart.svg}</div>
<figcaption>${escape(chart.caption)}</figcaption></figure>`
  }
${renderTable(table)}
</section>`;
}

function renderTable({ head, rows }: Table): string {
  const heading = head.map((cell) => `<th scope="col">${escape(cell)}</th>`);
  const body = rows.map(([label, ...cells]) =>
    `<tr><th scope="row">${escape(label)}</th>${
      cells.map((cell) => `<td>${escape(cell)}</td>`).join("")
    }</tr>`
  );
  return `<div class="wide"><table><thead><tr>${
    heading.join("")
  }</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** A paragraph of text with code in backticks. */
function paragraph(text: string): string {
  return `<p>${escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>")}</p>`;
}

const STYLE = `
:root {
  --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0;
  --series-1: #0969da; --series-2: #d4760a; --series-3: #1a7f5a;
  --series-4: var(--grid);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --grid: #3d444d;
    --series-1: #58a6ff; --series-2: #f0a04b; --series-3: #3fb98a;
  }
}
body {
  margin: 0 auto; padding: 1rem 1.25rem 4rem; max-width: 68rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif;
}
h2 { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--grid); }
p, figcaption { max-width: 46rem; }
figure { margin: 1.5rem 0; }
figcaption { color: var(--soft); font-size: 0.9rem; }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 34rem; max-width: 56rem; }
svg text { font-size: 12px; fill: var(--ink); dominant-baseline: central; }
table { border-collapse: collapse; font-size: 0.875rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.6rem; text-align: right; font-weight: normal; }
td, th[scope="row"] { white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; }
thead th { border-bottom: 2px solid var(--grid); color: var(--soft);
  vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
`;
