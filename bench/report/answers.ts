/** The questions that a report answers, each with a few sentences, a chart and a table. */
import type { CodecTiming } from "../measure/codec_job.ts";
import type { Spread } from "../measure/numbers.ts";
import type { RepackPair, RepackWay } from "../measure/pair.ts";
import type { ScalingPoint } from "../measure/scaling.ts";
import * as format from "./format.ts";
import type { ReportData } from "./measure_all.ts";
import { lineChart, type Row, rowChart } from "./svg.ts";
import type { Table } from "./table.ts";

/** A section of the report. Backticks in its text mark code. */
export interface Answer {
  title: string;
  text: readonly string[];
  chart: { caption: string; svg: string };
  table: Table;
}

/** What was measured, on what, and how. */
export function intro(data: ReportData): string[] {
  const { machine, effort, seconds, startup, leftOut } = data;
  const siblings = /[,-]/.test(machine.siblings)
    ? ` (some share a core: ${machine.siblings})`
    : "";
  const versions = Object.entries(machine.versions).map((entry) =>
    entry.join(" ")
  );
  return [
    `Measured with \`deno task bench:report ${effort}\` on ${
      machine.date.slice(0, 10)
    } in ${
      Math.ceil(seconds / 60)
    } min: binfiles ${machine.commit}, ${machine.processor}, ${machine.cores} cores${siblings}, ${
      format.size(machine.memory)
    }, ${machine.system}, ${versions.join(", ")}, load ${
      machine.load.toFixed(1)
    } at the start.`,
    "Alternatives were measured side by side: one run of each per round, in rotating order. Values are medians of the rounds, with the range in brackets; ratios are computed round by round. Documents are generated and the same on every machine. A repack is a process of its own with one worker per core, from its start to its exit, flushing included.",
    `The empty program takes ${
      format.milliseconds(startup.empty)
    }, the command line with one document ${
      format.milliseconds(startup.oneDocument)
    }.`,
    ...leftOut.length > 0 ? [`Left out: ${leftOut.join("; ")}.`] : [],
  ];
}

/** All answers that there are measurements for. */
export function reportAnswers(data: ReportData): Answer[] {
  const { codecs, allocations, pairs, scaling, tools } = data;
  return [
    ...codecs.length > 0 ? [poolAnswer(codecs, allocations)] : [],
    ...pairs.length > 0 ? [limitAnswer(pairs), boundsAnswer(pairs)] : [],
    ...scaling.byDocuments.length > 0 ? [growthAnswer(scaling)] : [],
    ...tools.runs.length > 0 ? [toolsAnswer(tools)] : [],
  ];
}

/** Size of the documents of charts and of most measurements, in bytes. */
const SIZE = 1000;

function poolAnswer(
  codecs: readonly CodecTiming[],
  allocations: ReportData["allocations"],
): Answer {
  const sizes = [...new Set(codecs.map(({ size }) => size))];
  const typical = codecs.filter(({ size }) => size === SIZE);
  const slabGain = (codec: string, direction: string, size = SIZE) =>
    codecs.find((timing) =>
      timing.codec === codec && timing.direction === direction &&
      timing.size === size
    )?.slabGain;
  return {
    title: "What does the pool gain?",
    text: [
      "One document of JSON at a time, in one thread: the same engine with nothing reused (original), and with compressor and buffers from the pool, into a slab, as repacks do it. The smaller a document, the more of its time is spent on making a compressor, and the more the pool gains.",
    ],
    chart: {
      caption:
        `Speed-up by the pool for documents of 1,000 bytes; lines show the range of ${
          typical[0].slabGain.runs
        } rounds, the dashed line is the original.`,
      svg: rowChart(
        ["compress", "decompress"],
        [...new Set(codecs.map(({ codec }) => codec))].map((codec) => ({
          label: codec,
          values: [slabGain(codec, "compress"), slabGain(codec, "decompress")],
        })),
        { title: "times as fast", format: (value) => `${value}×` },
        1,
      ),
    },
    table: {
      head: [
        ...["documents of 1,000 bytes", "engine"],
        ...["allocated", "pooled", "MB/s", "pooled"],
        ...sizes.map((size) => `gain, ${format.size(size)}`),
      ],
      rows: typical.map(({ codec, direction, engine, original, slab }) => {
        const allocated = allocations.find((entry) =>
          entry.codec === codec && entry.direction === direction
        )!;
        return [
          `${direction}, ${codec}`,
          engine,
          format.size(allocated.original),
          format.size(allocated.slab),
          // Bytes per microsecond are MB/s.
          format.speed(SIZE / original.median),
          format.speed(SIZE / slab.median),
          ...sizes.map((size) =>
            format.times(slabGain(codec, direction, size))
          ),
        ];
      }),
    },
  };
}

/** How close repacks come to the speed of the codecs alone. */
export function limitAnswer(pairs: readonly RepackPair[]): Answer {
  const workers = best(pairs[0]).workers;
  return {
    title: "How close to the limit is a repack?",
    text: [
      `The limit is ${workers} × the codecs alone: a loop in one thread, with the pool and all documents in memory. "Process" is a whole process, "repack" leaves out its start and exit, and "side by side" compares the repack with ${workers} such loops at the same time, which is what the machine can do. Documents have ${
        format.size(pairs[0].contentSize / pairs[0].documents)
      } on average.`,
    ],
    chart: {
      caption:
        `Share of the limit that repacks with ${workers} workers reach; lines show the range of ${
          pairs[0].efficiency.runs
        } rounds, the dashed line is the limit.`,
      svg: rowChart(
        ["process", "repack"],
        pairs.map((pair) => ({
          label: format.arrow(pair),
          values: [pair.efficiency, pair.jobEfficiency],
        })),
        { title: "share of the limit", format: format.percent },
        1,
      ),
    },
    table: {
      head: [
        "MB of documents per second",
        "codecs alone",
        ...pairs[0].ways.map(({ workers, pooled }) =>
          `${workers === 1 ? "1 worker" : `${workers} workers`}${
            pooled ? "" : ", no pool"
          }`
        ),
        ...["gain of the pool", "process", "repack", "side by side"],
        ...["peak", "target"],
      ],
      rows: pairs.map((pair) => [
        format.arrow(pair),
        rate(pair, pair.codecAlone),
        ...pair.ways.map(({ whole }) => rate(pair, whole)),
        format.times(pair.poolGain),
        format.share(pair.efficiency),
        format.share(pair.jobEfficiency),
        format.share(pair.attainable),
        format.size(best(pair).peak),
        format.percent(pair.targetSize / pair.sourceSize),
      ]),
    },
  };
}

/** What repacks spend the time of the cores on. */
export function boundsAnswer(pairs: readonly RepackPair[]): Answer {
  return {
    title: "What bounds it?",
    text: [
      "The time of all cores from the beginning of a repack to its end. The codecs: what they take in loops side by side, with everything in memory. The rest of the program: record headers, buffers, compiling the code in each thread, and what codecs lose to other work in the caches. The system: copying between files and memory. Idle: waiting for the disk and for threads to start.",
      "A repack can be no faster than the slower of its two bounds: the codecs on all cores, and writing and flushing a file of the target's size, which a loop that does nothing else measures.",
    ],
    chart: {
      caption: "Shares of the time of all cores during a repack.",
      svg: rowChart(
        ["codecs", "rest of the program", "system", "idle"],
        pairs.map(({ cores, ...pair }) => ({
          label: format.arrow(pair),
          values: [cores.codecs, cores.own, cores.system, cores.idle],
        })),
        { title: "share of the cores' time", format: format.percent },
      ),
    },
    table: {
      head: [
        ...["MB of documents per second", "codecs", "rest", "system", "idle"],
        ...["codecs, all cores", "writing", "repack", "bound", "reached"],
      ],
      rows: pairs.map((pair) => {
        const { codecSideBySide, writeAlone, cores } = pair;
        const isByCodec = codecSideBySide.median > writeAlone.median;
        const bound = isByCodec ? codecSideBySide : writeAlone;
        const { job } = best(pair);
        return [
          format.arrow(pair),
          format.percent(cores.codecs),
          format.percent(cores.own),
          format.percent(cores.system),
          format.percent(cores.idle),
          rate(pair, codecSideBySide),
          rate(pair, writeAlone),
          rate(pair, job),
          isByCodec ? "codecs" : "writing",
          format.percent(bound.median / job.median),
        ];
      }),
    },
  };
}

function growthAnswer(scaling: ReportData["scaling"]): Answer {
  const pairs = [...new Set(scaling.byDocuments.map(format.arrow))];
  const pointsOf = (pair: string, by: keyof typeof scaling) =>
    scaling[by].filter((point) => format.arrow(point) === pair);
  const lines = (
    points: readonly ScalingPoint[],
    field: "documents" | "size",
  ) =>
    (["pooled", "original"] as const).map((side) =>
      points.map((point) => ({
        x: point[field],
        y: speeds(point, point[side].whole),
      }))
    );
  const panels = pairs.flatMap((title) => [{
    title,
    x: { title: "documents of 1,000 bytes", log: true, format: compact },
    lines: lines(pointsOf(title, "byDocuments"), "documents"),
  }, {
    title,
    x: { title: "size of a document", log: true, format: format.size },
    lines: lines(pointsOf(title, "bySize"), "size"),
  }]);
  return {
    title: "How does it grow?",
    text: pairs.map((pair) => {
      const ofPair = pointsOf(pair, "byDocuments");
      const [few, many] = [ofPair[0], ofPair[ofPair.length - 1]];
      return `${pair}: from ${format.count(few.documents)} to ${
        format.count(many.documents)
      } documents, starting and ending the process falls from ${
        overhead(few)
      } to ${overhead(many)} of the time, and the peak of memory goes from ${
        format.size(few.pooled.peak)
      } to ${format.size(many.pooled.peak)}; without the pool, from ${
        format.size(few.original.peak)
      } to ${format.size(many.original.peak)}.`;
    }),
    chart: {
      caption:
        "Speed of whole processes against the number of documents, and against their size; both axes are logarithmic, vertical lines show the range of the rounds.",
      svg: lineChart(["with the pool", "without"], panels, {
        title: "MB of documents per second",
        log: true,
      }),
    },
    table: {
      head: [
        ...["MB of documents per second", "pool", "no pool", "gain"],
        ...["start and exit", "peak", "no pool"],
      ],
      rows: [...scaling.byDocuments, ...scaling.bySize].map((point) => [
        `${format.arrow(point)}, ${format.count(point.documents)} × ${
          format.size(point.size)
        }`,
        format.speed(speeds(point, point.pooled.whole).median),
        format.speed(speeds(point, point.original.whole).median),
        format.times(point.gain),
        overhead(point),
        format.size(point.pooled.peak),
        format.size(point.original.peak),
      ]),
    },
  };
}

/** Share of the process that is not the repack. */
function overhead({ pooled: { whole, job } }: ScalingPoint): string {
  return format.percent(Math.max(0, 1 - job.median / whole.median));
}

/** What other programs take for the same documents. */
export function toolsAnswer({ input, runs }: ReportData["tools"]): Answer {
  const codecs = [...new Set(runs.map(({ codec }) => codec))];
  const sorted = codecs.flatMap((codec) =>
    runs.filter((run) => run.codec === codec)
  );
  const rows = codecs.flatMap((codec): Row[] => [
    { label: codec, values: [] },
    ...sorted.filter((run) => run.codec === codec).map((run) => {
      const speed = speeds(input, run.seconds);
      return {
        label: run.name,
        values: run.own ? [speed] : [undefined, speed],
      };
    }),
  ]);
  return {
    title: "What do other tools take?",
    text: [
      `Input: ${input.description}. A stream is smaller than documents that are compressed one by one, because it stores what they share once; but to read a document of it, all documents before it have to be decompressed. Programs start, read and write; loops have their documents in memory and write nothing. For a small input, the start of the runtime is a large part of the time of binfiles.`,
    ],
    chart: {
      caption:
        "Speed of compressing the same documents, by codec; the axis is logarithmic, lines show the range of the rounds.",
      svg: rowChart(["binfiles", "others"], rows, {
        title: "MB of documents per second",
        log: true,
      }),
    },
    table: {
      head: [
        ...["", "result", "MB/s", "compressed to"],
        "time of binfiles ÷ time of this",
      ],
      rows: sorted.map(({ name, result, seconds, ratio, ownTime }) => [
        name,
        result,
        format.speed(speeds(input, seconds).median),
        ratio === undefined ? "" : format.percent(ratio),
        format.times(ownTime, 2),
      ]),
    },
  };
}

/** The way with the pool and all workers. */
function best({ ways }: RepackPair): RepackWay {
  return ways.findLast(({ pooled }) => pooled)!;
}

/** MB of documents per second. */
function rate(pair: RepackPair, time: Spread): string {
  return format.speed(speeds(pair, time).median);
}

/** MB of documents per second, with the range. */
function speeds(
  work: { contentSize: number } | { documents: number; size: number },
  { median, low, high, runs }: Spread,
): Spread {
  const megabytes = "contentSize" in work
    ? work.contentSize / 1e6
    : work.documents * work.size / 1e6;
  return {
    median: megabytes / median,
    low: megabytes / high,
    high: megabytes / low,
    runs,
  };
}

function compact(value: number): string {
  return value.toLocaleString("en", { notation: "compact" });
}
