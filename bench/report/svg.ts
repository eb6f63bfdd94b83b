/**
 * Charts with ranges, as plain SVG whose colors are the variables of the page.
 *
 * Two shapes are all that a report needs. Chart libraries that render without a
 * browser bring dozens of packages; the small ones need a script in the page and
 * draw no ranges.
 */
import type { Spread } from "../measure/numbers.ts";
import { escape } from "./escape.ts";

/** An axis; its ends follow from the values. */
export interface Axis {
  title: string;
  log?: boolean;
  /** Writes a tick. Default: plain numbers. */
  format?(value: number): string;
}

/**
 * A row of a {@linkcode rowChart}, with one value per series. Numbers are parts of
 * a whole and stacked. Without values, the row is a heading.
 */
export interface Row {
  label: string;
  values: readonly (Spread | number | undefined)[];
}

/** A panel of a {@linkcode lineChart}, with the points of each series from left to right. */
export interface Panel {
  title: string;
  x: Axis;
  lines: readonly (readonly { x: number; y: Spread }[])[];
}

/** Width of every chart; text is 12 units high. */
const WIDTH = 760;
const LINE = 18;

/**
 * Values in rows, with their ranges: bars on a linear axis, dots on a logarithmic
 * one.
 *
 * @param reference Where a dashed line is drawn.
 */
export function rowChart(
  series: readonly string[],
  rows: readonly Row[],
  axis: Axis,
  reference?: number,
): string {
  const { format = String } = axis;
  const left = 14 + Math.max(...rows.map(({ label }) => textWidth(label)));
  const right = WIDTH - 24;
  const values = rows.flatMap(({ values }) => values);
  const stacked = values.some((value) => typeof value === "number");
  const ends = values.flatMap((value) =>
    typeof value === "object" ? [value.low, value.high] : []
  );
  const ticks = ticksOf(stacked ? [0, 1] : ends, axis.log);
  const x = scale(ticks, left, right, axis.log);
  const lanes = stacked || axis.log ? 1 : series.length;
  const thickness = lanes === 1 ? 14 : 9;
  const top = LINE + 10;
  let y = top;
  const marks: string[] = [];
  for (const { label, values } of rows) {
    const height = values.length === 0 ? LINE + 4 : lanes * thickness + 6;
    const middle = y + height / 2;
    marks.push(
      values.length === 0
        ? text(0, middle, label, "start", true)
        : text(left - 8, middle, label, "end"),
    );
    let start = ticks[0];
    values.forEach((value, index) => {
      if (value === undefined) return;
      const lane = y + 3 + (lanes === 1 ? 0 : index * thickness);
      const color = seriesColor(index);
      const center = lane + thickness / 2;
      const end = typeof value === "number" ? start + value : value.median;
      marks.push(
        axis.log
          ? dot(x(end), center, color)
          : bar(x(start), x(end), lane, thickness - 1, color),
      );
      if (typeof value === "number") start = end;
      else marks.push(line(x(value.low), center, x(value.high), center));
    });
    y += height;
  }
  return svg(y + 2 * LINE + 4, [
    legend(series, 0),
    ...ticks.map((tick) => line(x(tick), top, x(tick), y, "var(--grid)")),
    ...marks,
    reference === undefined
      ? ""
      : line(x(reference), top, x(reference), y, "var(--ink)", "4 3"),
    ...ticks.map((tick) => text(x(tick), y + 12, format(tick))),
    text((left + right) / 2, y + 12 + LINE, axis.title),
  ]);
}

/** Lines in panels, two beside each other, with ranges. All panels have the same vertical axis. */
export function lineChart(
  series: readonly string[],
  panels: readonly Panel[],
  axis: Axis,
): string {
  const { format = String } = axis;
  const [width, height] = [WIDTH / 2 - 75, 150];
  const room = height + 4 * LINE;
  const points = panels.flatMap(({ lines }) => lines.flat());
  const yTicks = ticksOf(points.flatMap(({ y }) => [y.low, y.high]), axis.log);
  const parts = panels.map(({ title, x: xAxis, lines }, index) => {
    const left = 50 + (index % 2) * WIDTH / 2;
    const top = 2 * LINE + 14 + Math.floor(index / 2) * room;
    const bottom = top + height;
    const { format: formatX = String } = xAxis;
    const xTicks = [...new Set(lines.flat().map(({ x }) => x))]
      .sort((a, b) => a - b);
    const x = scale(xTicks, left + 12, left + width - 12, xAxis.log);
    const y = scale(yTicks, bottom, top, axis.log);
    return [
      text(left, top - 12, title, "start", true),
      ...yTicks.flatMap((tick) => [
        line(left, y(tick), left + width, y(tick), "var(--grid)"),
        text(left - 6, y(tick), format(tick), "end"),
      ]),
      ...lines.flatMap((points, number) => [
        `<polyline fill="none" stroke-width="2" stroke="${
          seriesColor(number)
        }" points="${
          points.map((point) => `${x(point.x)},${y(point.y.median)}`).join(" ")
        }"/>`,
        ...points.flatMap((point) => [
          dot(x(point.x), y(point.y.median), seriesColor(number)),
          line(x(point.x), y(point.y.low), x(point.x), y(point.y.high)),
        ]),
      ]),
      ...xTicks.map((tick) => text(x(tick), bottom + 12, formatX(tick))),
      text(left + width / 2, bottom + 12 + LINE, xAxis.title),
    ].join("");
  });
  const start = textWidth(axis.title) + 20;
  return svg(2 * LINE + Math.ceil(panels.length / 2) * room, [
    text(0, 8, axis.title, "start"),
    legend(series, start),
    ...parts,
  ]);
}

/** Round values around all that are given; on a linear axis from 0, on a logarithmic one 1, 3, 10, 30, … */
function ticksOf(values: readonly number[], log = false): number[] {
  const high = Math.max(...values);
  const exponents = Array.from({ length: 12 }, (_, index) => index - 5);
  const steps = (digits: number[]) =>
    exponents.flatMap((exponent) =>
      digits.map((digit) => Number(`${digit}e${exponent}`))
    );
  if (log) {
    const all = steps([1, 3]);
    const first = all.findLastIndex((step) => step <= Math.min(...values));
    return all.slice(first, all.findIndex((step) => step >= high) + 1);
  }
  const step = steps([1, 2, 5]).find((step) => high / step <= 8)!;
  return Array.from(
    { length: Math.ceil(high / step) + 1 },
    (_, index) => Number((index * step).toPrecision(6)),
  );
}

/** Maps values to coordinates, from the first tick to the last. */
function scale(
  ticks: readonly number[],
  from: number,
  to: number,
  log = false,
): (value: number) => number {
  const map = log ? Math.log : (value: number) => value;
  const start = map(ticks[0]);
  const range = map(ticks[ticks.length - 1]) - start || 1;
  return (value) =>
    Math.round(10 * (from + (map(value) - start) / range * (to - from))) / 10;
}

function seriesColor(index: number): string {
  return `var(--series-${index + 1})`;
}

function legend(series: readonly string[], start: number): string {
  let x = start;
  return series.map((name, index) => {
    const entry = bar(x, x + 12, 2, 12, seriesColor(index)) +
      text(x + 18, 8, name, "start");
    x += 38 + textWidth(name);
    return entry;
  }).join("");
}

function bar(
  x1: number,
  x2: number,
  y: number,
  height: number,
  color: string,
): string {
  const width = (x2 - x1).toFixed(1);
  return `<rect x="${x1}" y="${y}" width="${width}" height="${height}" fill="${color}"/>`;
}

function dot(x: number, y: number, color: string): string {
  return `<circle cx="${x}" cy="${y}" r="4" fill="${color}"/>`;
}

function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  color = "var(--ink)",
  dashes = "none",
): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}" stroke-width="1.3" stroke-dasharray="${dashes}"/>`;
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: "start" | "middle" | "end" = "middle",
  bold = false,
): string {
  const weight = bold ? 600 : 400;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-weight="${weight}">${
    escape(content)
  }</text>`;
}

/** Width of a text, about: fonts differ. */
function textWidth(content: string): number {
  return 6.4 * content.length;
}

function svg(height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}">${parts.join("")}</svg>`;
}
