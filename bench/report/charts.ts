/** Charts of a report, as SVG that takes its colours from the page. */
import { Error as ErrorLevel, logger, parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { CodecTiming, EngineTiming } from "../measure/jobs.ts";
import type { CodecGarbage, RepackGarbage } from "../measure/garbage.ts";
import type { RepackPair } from "../measure/repack.ts";
import type { ScalingPoint } from "../measure/scaling.ts";
import type { ToolRun } from "../measure/tools.ts";
import type { Waiting } from "../measure/waiting.ts";

/** A chart, and what it shows. */
export interface Chart {
  caption: string;
  svg: string;
}

/** Colours of series, as many as there are codecs; the page says what they are in light and dark. */
const SERIES = [1, 2, 3, 4, 5, 6].map((number) => `var(--series-${number})`);

/** The pool, and what it is compared with. */
const WAYS = {
  domain: ["pooled", "original"],
  range: ["var(--series-1)", "var(--series-2)"],
};

const config: TopLevelSpec["config"] = {
  background: "transparent",
  font: "system-ui, sans-serif",
  view: { stroke: "var(--grid)" },
  axis: {
    labelColor: "var(--ink)",
    titleColor: "var(--ink)",
    gridColor: "var(--grid)",
    domainColor: "var(--grid)",
    tickColor: "var(--grid)",
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: "normal",
    labelLimit: 0,
  },
  legend: {
    labelColor: "var(--ink)",
    titleColor: "var(--ink)",
    labelFontSize: 11,
    labelLimit: 0,
    titleFontSize: 12,
    titleFontWeight: "normal",
    orient: "top",
    // Names of codecs are short; the room that is measured for them is not.
    columnPadding: 4,
  },
  header: {
    labelColor: "var(--ink)",
    titleColor: "var(--ink)",
    labelFontSize: 12,
    titleFontSize: 12,
  },
  title: { color: "var(--ink)", fontSize: 12, fontWeight: "normal" },
  text: { color: "var(--ink)", fontSize: 11 },
  rule: { color: "var(--ink)" },
  range: { category: SERIES },
};

/** Draws a chart. */
async function draw(caption: string, spec: object): Promise<Chart> {
  const whole = { config, ...spec } as TopLevelSpec;
  // Warnings are about scales that facets share, which is what is wanted here.
  const { spec: compiled } = compile(whole, { logger: logger(ErrorLevel) });
  const view = new View(parse(compiled), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return { caption, svg };
}

/** Labels of sizes in bytes on an axis. */
const SIZE_LABELS =
  "datum.value >= 1e6 ? datum.value / 1e6 + ' MB' : datum.value >= 1e3 ? datum.value / 1e3 + ' KB' : datum.value + ' B'";

/** Labels of numbers that range over magnitudes. */
const PLAIN_LABELS = "format(datum.value, datum.value < 1 ? '~f' : ',')";

/** Where axes that range over magnitudes have ticks. */
const TICKS = [-2, -1, 0, 1, 2, 3, 4].flatMap((exponent) =>
  [1, 2, 5].map((digit) => digit * 10 ** exponent)
);

/** Headers of rows that need no room beside them. */
const ABOVE = { labelOrient: "top", labelAnchor: "start" };

const DIRECTIONS = ["compress", "decompress"];

/** How many times as fast documents go through the pool, by their size. */
export function gainChart(codecs: readonly CodecTiming[]): Promise<Chart> {
  const values = codecs.map(({ codec, direction, kind, size, slabGain }) => ({
    ...{ codec, direction, kind, size, gain: slabGain.median },
  }));
  const y = {
    type: "quantitative",
    scale: { type: "log", nice: false, domainMin: 0.5 },
    title: "times as fast",
    axis: {
      values: [0.5, 1, 2, 5, 10, 20, 50, 100],
      labelExpr: PLAIN_LABELS,
      grid: true,
    },
  };
  const panel = { width: 190, height: 170 };
  return draw(
    "How many times as fast a document is with the pool (into a slab, as repacks do it) as with the same engine and nothing reused. Both axes are logarithmic; above the line at 1 the pool gains.",
    {
      data: { values },
      facet: {
        column: {
          field: "kind",
          title: null,
          sort: ["text", "json", "random"],
        },
        row: { field: "direction", title: null, sort: DIRECTIONS },
      },
      spec: {
        ...panel,
        layer: [
          {
            mark: { type: "rule", strokeDash: [4, 3] },
            encoding: { y: { ...y, datum: 1 } },
          },
          {
            mark: { type: "line", point: true, strokeWidth: 2 },
            encoding: {
              x: {
                field: "size",
                type: "quantitative",
                scale: { type: "log" },
                title: "size of the document",
                axis: {
                  labelExpr: SIZE_LABELS,
                  values: [256, 1000, 4000, 32_000, 1e6],
                  labelAngle: -40,
                  labelOverlap: false,
                },
              },
              y: { ...y, field: "gain" },
              color: { field: "codec", type: "nominal", title: "codec" },
              shape: { field: "codec", type: "nominal", title: "codec" },
            },
          },
        ],
      },
    },
  );
}

/** Bytes allocated per document. */
export function allocationChart(
  garbage: readonly CodecGarbage[],
): Promise<Chart> {
  const values = garbage.flatMap((entry) =>
    (["pooled", "original"] as const).map((way) => ({
      ...{ codec: entry.codec, direction: entry.direction, way },
      bytes: entry[way].allocated.heap + entry[way].allocated.external,
    }))
  );
  return wayChart(
    "Bytes allocated for one document of 1,000 bytes, in the heap and outside of it. The axis is logarithmic beyond 100.",
    values,
    {
      field: "bytes",
      scale: { type: "symlog", constant: 100 },
      title: "bytes allocated per document",
      axis: {
        values: [0, 100, 1000, 10_000, 100_000, 1_000_000],
        labelExpr: SIZE_LABELS,
      },
    },
  );
}

/** Garbage collections per 1,000 documents. */
export function collectionsChart(
  garbage: readonly CodecGarbage[],
): Promise<Chart> {
  const values = garbage.flatMap((entry) =>
    (["pooled", "original"] as const).map((way) => ({
      ...{ codec: entry.codec, direction: entry.direction, way },
      milliseconds: entry[way].collections.milliseconds,
    }))
  );
  return wayChart(
    "How long a thread stands still for garbage collections per 1,000 documents of 1,000 bytes. The axis is logarithmic beyond 0.1.",
    values,
    {
      field: "milliseconds",
      scale: { type: "symlog", constant: 0.1 },
      title: "milliseconds of collections per 1,000 documents",
      axis: { values: [0, 0.1, 1, 10, 100], labelExpr: PLAIN_LABELS },
    },
  );
}

/** Pool and original of each codec side by side, by direction. */
function wayChart(
  caption: string,
  values: object[],
  x: object,
): Promise<Chart> {
  const y = { field: "codec", type: "nominal", title: null };
  const quantity = { ...x, type: "quantitative" };
  return draw(caption, {
    data: { values },
    facet: { column: { field: "direction", title: null, sort: DIRECTIONS } },
    spec: {
      width: 280,
      height: 170,
      layer: [
        {
          mark: { type: "line", color: "var(--grid)", strokeWidth: 3 },
          encoding: { y, x: quantity, detail: { field: "codec" } },
        },
        {
          mark: { type: "point", filled: true, size: 90, opacity: 1 },
          encoding: {
            y,
            x: quantity,
            color: { field: "way", type: "nominal", title: null, scale: WAYS },
            shape: {
              field: "way",
              type: "nominal",
              title: null,
              scale: { domain: WAYS.domain },
            },
          },
        },
      ],
    },
  });
}

/** Memory and collections of whole repacks. */
export function repackGarbageChart(
  garbage: readonly RepackGarbage[],
): Promise<Chart> {
  const values = garbage.map(({ from, to, way, peak, collections }) => ({
    ...{ pair: `${from} → ${to}`, way, megabytes: peak / 1e6 },
    milliseconds: collections.milliseconds,
  }));
  const { workers, documents } = garbage[0];
  const bars = (field: string, title: string, labels: boolean) => ({
    width: 240,
    height: { step: 13 },
    mark: "bar",
    encoding: {
      y: {
        field: "pair",
        type: "nominal",
        title: null,
        sort: null,
        axis: labels ? {} : { labels: false },
      },
      yOffset: { field: "way", sort: WAYS.domain },
      x: { field, type: "quantitative", title },
      color: { field: "way", type: "nominal", title: null, scale: WAYS },
    },
  });
  return draw(
    `Whole repacks of ${
      documents.toLocaleString("en")
    } documents of 1,000 bytes with ${workers} workers: what all their threads together stand still for garbage collections, and the most memory that the process had.`,
    {
      data: { values },
      hconcat: [
        bars("milliseconds", "milliseconds of collections", true),
        bars("megabytes", "peak of the resident set, MB", false),
      ],
    },
  );
}

/** Encodings of bars that are divided into kinds of time, of which the last is idle. */
function sharesOfTime(kinds: readonly string[]): object {
  return {
    x: {
      field: "share",
      type: "quantitative",
      title: "share of the cores' time",
      axis: { format: "%" },
      scale: { domain: [0, 1] },
    },
    color: {
      field: "kind",
      type: "nominal",
      title: null,
      sort: null,
      scale: {
        domain: kinds,
        range: [...SERIES.slice(0, kinds.length - 1), "var(--grid)"],
      },
    },
    order: { field: "order" },
  };
}

/** How the time of repacks is spent. */
export function sharesChart(waiting: readonly Waiting[]): Promise<Chart> {
  const values = waiting.flatMap(({ from, to, way, ...shares }) =>
    (["user", "system", "idle"] as const).map((kind, order) => ({
      ...{ pair: `${from} → ${to}`, way, kind, order, share: shares[kind] },
    }))
  );
  return draw(
    "What all cores did during a repack: the program's own work, work of the system for it, and nothing. One write per document runs in one thread.",
    {
      data: { values },
      facet: {
        row: {
          field: "pair",
          title: null,
          sort: null,
          header: ABOVE,
        },
      },
      spec: {
        width: 430,
        height: { step: 18 },
        mark: "bar",
        encoding: {
          y: { field: "way", type: "nominal", title: null, sort: null },
          ...sharesOfTime(["user", "system", "idle"]),
        },
      },
    },
  );
}

/** What the cores did during whole repacks. */
export function boundsChart(pairs: readonly RepackPair[]): Promise<Chart> {
  const kinds = {
    codecs: "the codecs",
    own: "the rest of the program",
    system: "the system",
    idle: "nothing",
  };
  const values = pairs
    .filter(({ from, to }) => from === "none" || to === "none")
    .flatMap(({ from, to, cores }) =>
      (Object.keys(kinds) as (keyof typeof kinds)[]).map((kind, order) => ({
        ...{ pair: `${from} → ${to}`, kind: kinds[kind], order },
        share: cores[kind],
      }))
    );
  return draw(
    "What all cores did during a repack: what the codecs take by themselves, with everything in memory; the rest of the program; the system's reading, writing and flushing; and nothing.",
    {
      data: { values },
      width: 480,
      height: { step: 18 },
      mark: "bar",
      encoding: {
        y: { field: "pair", type: "nominal", title: null, sort: null },
        ...sharesOfTime(Object.values(kinds)),
      },
    },
  );
}

/** How often repacks talk to the system. */
export function callsChart(waiting: readonly Waiting[]): Promise<Chart> {
  const kinds = {
    readWriteCalls: "reads and writes",
    systemCalls: "all system calls",
    voluntarySwitches: "voluntary context switches",
  };
  const values = waiting.flatMap((entry) =>
    (Object.keys(kinds) as (keyof typeof kinds)[])
      .filter((kind) => entry[kind] !== null)
      .map((kind) => ({
        ...{ pair: `${entry.from} → ${entry.to}`, way: entry.way },
        ...{ kind: kinds[kind], count: entry[kind] },
      }))
  );
  return draw(
    "How often a repack talks to the system, and gives up its core to wait, for every megabyte of documents. The axis is logarithmic beyond 1.",
    {
      data: { values },
      facet: {
        row: {
          field: "pair",
          title: null,
          sort: null,
          header: ABOVE,
        },
      },
      spec: {
        width: 430,
        height: { step: 20 },
        mark: { type: "point", filled: true, size: 80, opacity: 1 },
        encoding: {
          y: {
            field: "way",
            type: "nominal",
            title: null,
            sort: null,
            axis: { grid: true },
          },
          x: {
            field: "count",
            type: "quantitative",
            title: "per MB of documents",
            scale: { type: "symlog", constant: 1 },
            axis: {
              values: [0, 1, 10, 100, 1000, 10_000],
              labelExpr: PLAIN_LABELS,
            },
          },
          color: {
            field: "kind",
            type: "nominal",
            title: null,
            sort: Object.values(kinds),
          },
          shape: {
            field: "kind",
            type: "nominal",
            title: null,
            sort: Object.values(kinds),
          },
        },
      },
    },
  );
}

/** How close repacks come to the limit. */
export function efficiencyChart(pairs: readonly RepackPair[]): Promise<Chart> {
  const series = {
    efficiency: "whole process",
    jobEfficiency: "repack alone",
  };
  const values = pairs.flatMap((pair) =>
    (Object.keys(series) as (keyof typeof series)[]).map((kind) => ({
      ...{ pair: `${pair.from} → ${pair.to}`, kind: series[kind] },
      share: pair[kind].median,
      low: pair[kind].low,
      high: pair[kind].high,
    }))
  );
  const y = { field: "pair", type: "nominal", title: null, sort: null };
  const yOffset = { field: "kind", sort: Object.values(series) };
  return draw(
    "How close repacks with all workers come to workers × the speed of the codecs alone in one thread with everything in memory. Lines show the range of the rounds; the dashed line is at 90%.",
    {
      data: { values },
      layer: [
        {
          mark: { type: "bar", height: { band: 0.9 } },
          encoding: {
            y,
            yOffset,
            x: {
              field: "share",
              type: "quantitative",
              title: "share of the limit",
              axis: { format: "%" },
            },
            color: {
              field: "kind",
              type: "nominal",
              title: null,
              scale: {
                domain: Object.values(series),
                range: SERIES.slice(0, 2),
              },
            },
          },
        },
        {
          mark: { type: "rule", opacity: 0.8 },
          encoding: {
            y,
            yOffset,
            x: { field: "low", type: "quantitative" },
            x2: { field: "high" },
          },
        },
        {
          mark: { type: "rule", strokeDash: [5, 4] },
          encoding: { x: { datum: 0.9 } },
        },
      ],
      width: 480,
      height: { step: 13 },
    },
  );
}

/** What others take for the same documents. */
export function toolsChart(
  tools: readonly ToolRun[],
  bytes: number,
): Promise<Chart> {
  const values = tools.map(({ name, codec, own, seconds, ratio }) => ({
    ...{ name, codec, who: own ? "binfiles" : "others" },
    speed: bytes / 1e6 / seconds.median,
    ratio: ratio === undefined ? "" : `${(100 * ratio).toFixed(0)}%`,
  }));
  const y = { field: "name", type: "nominal", title: null, sort: null };
  const x = {
    field: "speed",
    type: "quantitative",
    title: "MB of documents per second",
    scale: { type: "symlog", constant: 10 },
    axis: { values: [0, 10, 30, 100, 300, 1000], labelExpr: PLAIN_LABELS },
  };
  return draw(
    "How fast the same documents are compressed by whole processes (loops: with everything in memory, nothing written), and to what share of their size. More is faster; the axis is logarithmic beyond 10.",
    {
      data: { values },
      facet: {
        row: {
          field: "codec",
          title: null,
          sort: null,
          header: ABOVE,
        },
      },
      resolve: { scale: { y: "independent" } },
      spec: {
        width: 330,
        height: { step: 17 },
        layer: [
          {
            mark: "bar",
            encoding: {
              y,
              x,
              color: {
                field: "who",
                type: "nominal",
                title: null,
                scale: {
                  domain: ["binfiles", "others"],
                  range: SERIES.slice(0, 2),
                },
              },
            },
          },
          {
            mark: { type: "text", align: "left", dx: 4 },
            encoding: { y, x, text: { field: "ratio" } },
          },
        ],
      },
    },
  );
}

/** One measure of repacks against one thing that varies. */
export function scalingChart(
  caption: string,
  points: readonly ScalingPoint[],
  x: { field: "documents" | "size" | "workers"; title: string },
  y: { title: string; value(point: ScalingPoint): number; log: boolean },
): Promise<Chart> {
  const values = points.map((point) => ({
    ...{ pair: `${point.from} → ${point.to}`, x: point[x.field] },
    way: point.pooled ? "pooled" : "original",
    y: y.value(point),
  }));
  const log = x.field !== "workers";
  const ticks = [...new Set(values.map((value) => value.x))];
  const ways = new Set(values.map(({ way }) => way));
  const scale = {
    domain: WAYS.domain.filter((way) => ways.has(way)),
    range: WAYS.range,
  };
  return draw(caption, {
    data: { values },
    facet: { column: { field: "pair", title: null, sort: null } },
    spec: {
      width: 270,
      height: 200,
      mark: { type: "line", point: { size: 60 }, strokeWidth: 2 },
      encoding: {
        x: {
          field: "x",
          type: "quantitative",
          title: x.title,
          scale: log ? { type: "log" } : { zero: true, nice: false },
          axis: {
            values: ticks,
            ...x.field === "size"
              ? { labelExpr: SIZE_LABELS }
              : { format: "~s" },
          },
        },
        y: {
          field: "y",
          type: "quantitative",
          title: y.title,
          scale: y.log ? { type: "log" } : { zero: true },
          axis: y.log ? { labelExpr: PLAIN_LABELS, values: TICKS } : {},
        },
        color: { field: "way", type: "nominal", title: null, scale },
        shape: {
          field: "way",
          type: "nominal",
          title: null,
          scale: { domain: scale.domain },
        },
      },
    },
  });
}

/** The engines of a codec against each other. */
export function enginesChart(engines: readonly EngineTiming[]): Promise<Chart> {
  const values = engines.map(({ codec, engine, direction, size, time }) => ({
    ...{ engine: `${codec} by ${engine}`, direction },
    size: size === 1000 ? "1 KB" : "32 KB",
    speed: size / time.median,
  }));
  return draw(
    "How fast each engine works, into a slab, one thread. More is faster; the axis is logarithmic.",
    {
      data: { values },
      facet: { column: { field: "direction", title: null, sort: DIRECTIONS } },
      spec: {
        width: 250,
        height: { step: 20 },
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: {
          y: {
            field: "engine",
            type: "nominal",
            title: null,
            axis: { grid: true },
          },
          x: {
            field: "speed",
            type: "quantitative",
            title: "MB of documents per second",
            scale: { type: "log" },
            axis: {
              values: [1, 10, 100, 1000, 10_000],
              labelExpr: PLAIN_LABELS,
            },
          },
          color: {
            field: "size",
            type: "nominal",
            title: "documents of",
            scale: { domain: ["1 KB", "32 KB"], range: SERIES.slice(0, 2) },
          },
          shape: {
            field: "size",
            type: "nominal",
            title: "documents of",
            scale: { domain: ["1 KB", "32 KB"] },
          },
        },
      },
    },
  );
}
