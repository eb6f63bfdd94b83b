/** The benchmarks: statistics, and a report of what was measured. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCollections } from "../../bench/measure/collections.ts";
import { describeMachine } from "../../bench/measure/machine.ts";
import {
  median,
  ratios,
  spread,
  takeTurns,
} from "../../bench/measure/numbers.ts";
import { reportAnswers } from "../../bench/report/answers.ts";
import { renderHtml } from "../../bench/report/html.ts";
import { renderMarkdown } from "../../bench/report/markdown.ts";
import type { ReportData } from "../../bench/report/measure_all.ts";
import { rowChart } from "../../bench/report/svg.ts";
import { renderTable } from "../../bench/report/table.ts";
import { TemporaryDirectory } from "../support/files.ts";

Deno.test("ratios compare measurements of the same round", () => {
  // The machine was busy in the second round, for both.
  assertEquals(ratios([2, 20, 2], [1, 10, 1]).low, 2);
  assertEquals(ratios([2, 20, 2], [1, 10, 1]).high, 2);
  assertEquals(spread([3, 1, 2]), { median: 2, low: 1, high: 3, runs: 3 });
  assertEquals(median([7]), 7);
});

Deno.test("alternatives run once per round, in rotating order", async () => {
  const order: string[] = [];
  const way = (name: string) => () => order.push(name);
  const turns = await takeTurns(2, { a: way("a"), b: way("b") });
  assertEquals(order, ["a", "b", "b", "a"]);
  assertEquals(turns, { a: [1, 4], b: [2, 3] });
});

Deno.test("collections and their pauses are read from the trace of V8", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--v8-flags=--trace-gc,--expose-gc",
      "gc(); let a = []; for (let i = 0; i < 1e6; i++) a = [i, a[0]];",
    ],
  }).output();
  const { count, milliseconds } = readCollections(
    new TextDecoder().decode(stdout),
  );
  assert(count > 1 && milliseconds > 0, `${count}, ${milliseconds} ms`);
  assert(milliseconds < 60_000, `${milliseconds} ms`);
});

Deno.test("tables in Markdown have the format of deno fmt", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("table.md");
  const table = renderTable({
    head: ["", "a long heading", "b"],
    rows: [["none → gzip", "1", "2×"], ["x", "10", "3"]],
  });
  Deno.writeTextFileSync(path, `${table}\n`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--check", path],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("a bar ends at the median, and its line spans the range", () => {
  const svg = rowChart(
    ["a"],
    [{ label: "row", values: [{ median: 4, low: 2, high: 10, runs: 3 }] }],
    { title: "seconds" },
  );
  // Before the bar, there is the swatch of the legend.
  const numbers = (pattern: RegExp) =>
    [...svg.matchAll(pattern)].at(-1)!.slice(1).map(Number);
  const [start, width] = numbers(
    /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g,
  );
  const [low, high] = numbers(
    /<line x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)" y2="[\d.]+" stroke="var\(--ink\)"/g,
  );
  // The axis begins at 0.
  assertEquals(Math.round(10 * (low - start) / width), 5);
  assertEquals(Math.round(10 * (high - start) / width), 25);
});

Deno.test("a report is one file without references, and shows the figures beside it", async () => {
  using directory = new TemporaryDirectory();
  const report = new URL("../../bench/report.ts", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", report, "tiny", "--output", directory.path],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const read = (name: string) => Deno.readTextFileSync(directory.file(name));
  const data: ReportData = JSON.parse(read("performance.json"));
  const html = read("performance.html");
  const markdown = read("performance.md");

  assert(!/<script|<link|<img|@import|url\(/i.test(html));
  assertEquals(html.match(/(src|href)="[^"]*"/g), null);
  assertMatch(html, /prefers-color-scheme: dark/);
  // Each of the five answers has one chart and one table.
  for (const tag of ["section", "svg", "table"]) {
    assertEquals(html.match(new RegExp(`<${tag}\\b`, "g"))?.length, 5, tag);
  }
  // Charts take their colors from the page.
  assert(!/(?:fill|stroke)="(?:#|black|white)/.test(html));
  for (const bad of ["NaN", "undefined", "Infinity"]) {
    assert(!html.includes(bad) && !markdown.includes(bad), bad);
  }

  const [pair] = data.pairs;
  assertEquals([pair.from, pair.to], ["none", "zstd"]);
  const percent = `${(100 * pair.efficiency.median).toFixed(0)}%`;
  for (const text of [html, markdown]) {
    assert(text.includes(percent), percent);
    assert(text.includes("tiny"));
    assert(text.includes(data.machine.commit));
  }
});

Deno.test("a report lists what could not be measured", async () => {
  const nothing = { median: 0, low: 0, high: 0, runs: 1 };
  const data: ReportData = {
    effort: "tiny",
    machine: await describeMachine(),
    seconds: 1,
    startup: { empty: nothing, oneDocument: nothing },
    codecs: [],
    allocations: [],
    pairs: [],
    scaling: { byDocuments: [], bySize: [] },
    tools: { runs: [], input: { description: "", contentSize: 0 } },
    leftOut: ["everything: the disk is full"],
  };
  const answers = reportAnswers(data);
  assertMatch(renderHtml(data, answers), /Left out: everything/);
  assertMatch(renderMarkdown(data, answers), /Left out: everything/);
});
