/** The measuring tools: what they say must be what was measured. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { describeMachine } from "../../bench/measure/machine.ts";
import {
  median,
  ratios,
  spread,
  takeTurns,
} from "../../bench/measure/numbers.ts";
import { readCollections } from "../../bench/measure/process.ts";
import type { ReportData } from "../../bench/report/data.ts";
import { renderHtml } from "../../bench/report/html.ts";
import { renderMarkdown, renderTable } from "../../bench/report/markdown.ts";
import { reportSections } from "../../bench/report/sections.ts";
import { TemporaryDirectory } from "../support/files.ts";

Deno.test("ratios compare what was measured in the same turn", () => {
  // A machine that was busy in the second turn, for both.
  assertEquals(ratios([2, 20, 2], [1, 10, 1]).low, 2);
  assertEquals(ratios([2, 20, 2], [1, 10, 1]).high, 2);
  assertEquals(spread([3, 1, 2]), { median: 2, low: 1, high: 3, runs: 3 });
  assertEquals(median([7]), 7);
});

Deno.test("everybody has a turn in every round, and nobody is always first", async () => {
  const order: string[] = [];
  const way = (name: string) => () => order.push(name);
  const turns = await takeTurns(2, { a: way("a"), b: way("b") });
  assertEquals(order, ["a", "b", "b", "a"]);
  assertEquals(turns, { a: [1, 4], b: [2, 3] });
});

Deno.test("collections and their times are read from the engine's trace", async () => {
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

Deno.test("tables in Markdown are as deno fmt wants them", async () => {
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

Deno.test("a report is one file that needs nothing else, and its figures are those beside it", async () => {
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
  assertEquals(html.match(/(src|href)="(?!#)[^"]*"/g), null);
  assertMatch(html, /prefers-color-scheme: dark/);
  // Every chart is there, and takes its colours from the page.
  assertEquals(html.match(/<svg/g)?.length, html.match(/<figure>/g)?.length);
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

Deno.test("a report can be made of what was measured if nothing else could be", async () => {
  const nothing = { median: 0, low: 0, high: 0, runs: 1 };
  const data: ReportData = {
    effort: "tiny",
    machine: await describeMachine(),
    seconds: 1,
    startup: { nothing, firstWork: nothing, oneDocument: nothing },
    codecs: [],
    engines: [],
    codecGarbage: [],
    repackGarbage: [],
    waiting: [],
    pairs: [],
    tools: [],
    toolsInput: "",
    toolsBytes: 0,
    scaling: { byDocuments: [], bySize: [], byWorkers: [] },
    leftOut: ["everything: the disk is full"],
  };
  const sections = await reportSections(data);
  assertMatch(renderHtml(data, sections), /Left out: everything/);
  assertMatch(renderMarkdown(data, sections), /Left out: everything/);
});
