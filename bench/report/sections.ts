/** What a report says: sections of text, tables and charts, for HTML and Markdown alike. */
import {
  allocationChart,
  boundsChart,
  callsChart,
  type Chart,
  collectionsChart,
  efficiencyChart,
  enginesChart,
  gainChart,
  repackGarbageChart,
  scalingChart,
  sharesChart,
  toolsChart,
} from "./charts.ts";
import type { Way } from "../measure/jobs.ts";
import type { Garbage } from "../measure/garbage.ts";
import type { RepackPair, RepackWay } from "../measure/repack.ts";
import type { ScalingPoint } from "../measure/scaling.ts";
import type { Spread } from "../measure/numbers.ts";
import { limitPairs, type ReportData } from "./data.ts";

/** A table. Its first column is text, the others are numbers unless told otherwise. */
export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A part of the report. In its text, backticks mark what is typed. */
export interface Section {
  title: string;
  text: readonly string[];
  charts: readonly Chart[];
  tables: readonly Table[];
}

/** Everything that the figures say, as far as there are any. */
export async function reportSections(data: ReportData): Promise<Section[]> {
  const { codecs, codecGarbage, repackGarbage, waiting, pairs, tools } = data;
  const { engines, scaling: { byDocuments, bySize, byWorkers } } = data;
  const sections: [
    needed: readonly (readonly unknown[])[],
    make: () => Section | Promise<Section>,
  ][] = [
    [[], () => promises(data)],
    [[codecs], () => codecSection(data)],
    [[codecGarbage, repackGarbage], () => garbageSection(data)],
    [[waiting], () => waitingSection(data)],
    [
      [pairs],
      async () => repackTables(data, [await efficiencyChart(pairs)]),
    ],
    [[pairs], () => boundsSection(data)],
    [
      [tools],
      async () => toolsTables(data, [await toolsChart(tools, data.toolsBytes)]),
    ],
    [[byDocuments, bySize, byWorkers], () => scalingSection(data)],
    [[pairs], () => tenTerabytes(data)],
    [[engines], () => enginesSection(data)],
    [[], () => about(data)],
  ];
  const made: Section[] = [];
  for (const [needed, make] of sections) {
    if (needed.every(({ length }) => length > 0)) made.push(await make());
  }
  return made;
}

/** What was promised and aimed at, and what is true here. */
function promises(data: ReportData): Section {
  const { codecs, codecGarbage, pairs, scaling, startup } = data;
  const rows: string[][] = [];
  for (const entry of codecGarbage) {
    const { codec, direction } = entry;
    const timing = codecs.find((timing) =>
      timing.codec === codec && timing.direction === direction &&
      timing.kind === "json" && timing.size === 1000
    );
    rows.push([
      `${direction}, ${codec}`,
      bytes(total(entry.original)),
      bytes(total(entry.pooled)),
      fewer(total(entry.pooled), total(entry.original)),
      timing === undefined ? "" : times(timing.gain),
      timing === undefined ? "" : times(timing.slabGain),
    ]);
  }
  const aims: string[][] = [];
  for (const pair of pairs) {
    const isLimit = limitPairs.some(([from, to]) =>
      from === pair.from && to === pair.to
    );
    if (!isLimit) continue;
    aims.push([
      `${
        arrow(pair)
      }: whole process, share of workers × one thread of the codec alone`,
      "≥ 90%",
      share(pair.efficiency),
      verdict(pair.efficiency.median >= 0.9),
    ], [
      `${
        arrow(pair)
      }: the same without start and end, of what as many loops side by side reach`,
      "",
      share(pair.attainable),
      "",
    ]);
  }
  // What was aimed at is a million; with more, the disk has its say.
  const aimed = Math.min(
    1e6,
    Math.max(...scaling.byDocuments.map(({ documents }) => documents)),
  );
  for (const point of scaling.byDocuments) {
    const { documents, poolGain } = point;
    if (poolGain === undefined || documents < aimed) continue;
    const isAim = documents === aimed;
    aims.push([
      `${arrow(point)}: pooled against the pool switched off, ${
        count(documents)
      } documents of 1 KB`,
      isAim ? "≥ 2.0×" : "",
      times(poolGain),
      isAim ? verdict(poolGain.median >= 2) : "",
    ]);
  }
  aims.push([
    "command line: from the start of the process to its first work",
    "< 80 ms",
    milliseconds(startup.firstWork),
    verdict(startup.firstWork.median < 0.08),
  ]);
  return {
    title: "What was promised, and what is true here",
    text: [
      "The original design promised 30 to 50% fewer allocations and two to three times the speed. " +
      "Per document of 1,000 bytes (JSON), against the same engine with nothing reused; times as fast with a new array for each result, and into a slab, as repacks do it:",
      "In brackets: the range of the rounds. Both sides of a ratio were measured in turns.",
    ],
    charts: [],
    tables: [
      {
        head: [
          "",
          "bytes allocated, original",
          "pooled",
          "fewer",
          "times as fast",
          "into a slab",
        ],
        rows,
      },
      { head: ["aimed at", "aim", "measured", ""], rows: aims },
    ],
  };
}

async function codecSection({ codecs }: ReportData): Promise<Section> {
  const rows = codecs
    .filter(({ size, kind }) =>
      kind === "json" && [256, 1000, 32_000].includes(size)
    )
    .map((timing) => [
      `${timing.direction}, ${timing.codec}, ${bytes(timing.size)}`,
      timing.engine,
      percent(timing.packed / timing.size),
      speed(timing.size, timing.original),
      speed(timing.size, timing.pooled),
      speed(timing.size, timing.slab),
    ]);
  return {
    title: "One document at a time: the pool against the original",
    text: [
      "The smaller a document, the more of its time goes into making what compresses it, and the more the pool gains.",
    ],
    charts: [await gainChart(codecs)],
    tables: [{
      head: [
        "MB/s, one thread, JSON",
        "engine",
        "compressed to",
        "original",
        "pooled",
        "into a slab",
      ],
      rows,
    }],
  };
}

async function garbageSection(
  { codecGarbage, repackGarbage }: ReportData,
): Promise<Section> {
  const perCodec = codecGarbage.flatMap((entry) =>
    (["original", "pooled"] as const).map((way: Way) => {
      const { allocated, collections } = entry[way];
      return [
        `${entry.direction}, ${entry.codec}, ${way}`,
        bytes(allocated.heap),
        bytes(allocated.external),
        collections.count.toFixed(2),
        collections.milliseconds.toFixed(2),
      ];
    })
  );
  const perRepack = repackGarbage.map((entry) => [
    `${arrow(entry)}, ${entry.way}`,
    count(entry.collections.count),
    entry.collections.milliseconds.toFixed(0),
    bytes(entry.peak),
    entry.heapPerDocument === null ? "" : bytes(entry.heapPerDocument),
  ]);
  return {
    title: "Work for the garbage collector",
    text: [
      "Allocations are differences of `Deno.memoryUsage()` between forced collections; memory that the runtime's own code takes outside of JavaScript is not in them, but it is in the peaks. " +
      "Collections and their times are from the engine's own trace. Those of starting are taken off in the first table, and are part of the second, in which the workers' threads count too.",
    ],
    charts: [
      await allocationChart(codecGarbage),
      await collectionsChart(codecGarbage),
      await repackGarbageChart(repackGarbage),
    ],
    tables: [
      {
        head: [
          "per document of 1,000 bytes",
          "heap",
          "outside the heap",
          "collections per 1,000",
          "ms per 1,000",
        ],
        rows: perCodec,
      },
      {
        head: [
          "whole repack",
          "collections",
          "ms",
          "peak",
          "heap per document (1 worker)",
        ],
        rows: perRepack,
      },
    ],
  };
}

async function waitingSection({ waiting }: ReportData): Promise<Section> {
  const calls = (value: number | null) =>
    value === null ? "" : value.toFixed(1);
  return {
    title: "What a repack waits for",
    text: [
      "The original program left its cores idle for 58% of the time. Shares are of the time that the cores had, from the beginning of the repack to its end, flushing to the disk included; counts are per megabyte of documents of 1,000 bytes.",
    ],
    charts: [
      await sharesChart(waiting),
      await callsChart(waiting),
    ],
    tables: [{
      head: [
        "",
        "threads",
        "user",
        "system",
        "idle",
        "voluntary switches",
        "reads and writes",
        "system calls",
      ],
      rows: waiting.map((entry) => [
        `${arrow(entry)}, ${entry.way}`,
        String(entry.threads),
        percent(entry.user),
        percent(entry.system),
        percent(entry.idle),
        entry.voluntarySwitches.toFixed(1),
        calls(entry.readWriteCalls),
        calls(entry.systemCalls),
      ]),
    }],
  };
}

/** The tables of whole repacks. */
export function repackTables(
  { pairs }: Pick<ReportData, "pairs">,
  charts: readonly Chart[] = [],
): Section {
  const counts = pairs[0].ways.filter(({ pooled }) => pooled)
    .map(({ workers }) => workers);
  const most = counts[counts.length - 1];
  return {
    title: "Whole repacks",
    text: [
      `Processes from start to end, in MB of documents per second: with 1 to ${most} workers, and with the pool switched off. ` +
      `The codecs alone are a loop over documents in memory, in one thread, with the pool; the limit is ${most} times their speed. ` +
      '"Alone" leaves out starting and ending the process; "attainable" compares with as many such loops side by side, which is what the machine can do. ' +
      "The plain loop calls the runtime's one-shot functions (for bzip2, lz4 and xz, which it has not: those of binfiles without the pool) on documents in memory, in one thread, and writes nothing.",
    ],
    charts,
    tables: [
      {
        head: [
          "",
          "documents",
          "size becomes",
          "codecs alone, one thread",
          ...counts.map((workers) =>
            workers === 1 ? "1 worker" : `${workers} workers`
          ),
          `${most} workers, no pool`,
          "peak",
        ],
        rows: pairs.map((pair) => [
          arrow(pair),
          count(pair.documents),
          percent(pair.targetSize / pair.sourceSize),
          rate(pair, pair.codecAlone),
          ...pair.ways.map(({ whole }) => rate(pair, whole)),
          bytes(best(pair).peak),
        ]),
      },
      {
        head: [
          "",
          "of the limit",
          "alone",
          "attainable",
          "times as fast as without the pool",
          "times as fast as the plain loop",
        ],
        rows: pairs.map((pair) => [
          arrow(pair),
          share(pair.efficiency),
          share(pair.jobEfficiency),
          share(pair.attainable),
          times(pair.poolGain),
          times(pair.loopGain),
        ]),
      },
    ],
  };
}

/** What whole repacks are bounded by. */
async function boundsSection({ pairs }: ReportData): Promise<Section> {
  return {
    title: "What bounds a repack",
    text: [
      "Where the cores' time goes, without starting and ending the process: the codecs by themselves, in loops over documents in memory, as many side by side as there are workers; the rest of the program, which is the code around the codecs, compiling all of it in each thread, and what codecs are slower among other work; the system, whose work is copying between files and memory; and nothing, which is waiting for the disk, and for threads to start. " +
      "Beside it, in MB of documents per second, the two limits: that of the codecs on all cores, and that of writing and flushing the target, as a loop that does nothing else reaches it.",
      ...pairs.filter(isQuick).map(bound),
    ],
    charts: [await boundsChart(pairs)],
    tables: [{
      head: [
        "",
        "the codecs",
        "the rest",
        "the system",
        "nothing",
        "limit of the codecs",
        "writing alone",
        "repack alone",
      ],
      rows: pairs.map((pair) => [
        arrow(pair),
        percent(pair.cores.codecs),
        percent(pair.cores.own),
        percent(pair.cores.system),
        percent(pair.cores.idle),
        rate(pair, pair.codecSideBySide),
        rate(pair, pair.writeAlone),
        rate(pair, best(pair).job),
      ]),
    }],
  };
}

/** Whether the codec is so quick that something else may be the limit. */
function isQuick({ from, to }: RepackPair): boolean {
  return [from, to].some((codec) => codec === "none") &&
    [from, to].some((codec) => codec === "zstd" || codec === "lz4");
}

/** What a repack is bounded by, in a sentence. */
function bound(pair: RepackPair): string {
  const { codecSideBySide, writeAlone, cores } = pair;
  const isByCodec = codecSideBySide.median > writeAlone.median;
  const limit = isByCodec ? codecSideBySide : writeAlone;
  return `${arrow(pair)}: the codec allows ${
    rate(pair, codecSideBySide)
  } MB/s and writing ${rate(pair, writeAlone)}, so it is bounded by ${
    isByCodec ? "the codec" : "memory and disk"
  }, and reaches ${
    percent(limit.median / best(pair).job.median)
  } of that; the rest of the program takes ${
    percent(cores.own)
  } of the cores' time.`;
}

/** The way with the pool and all workers. */
function best({ ways }: RepackPair): RepackWay {
  return ways.findLast(({ pooled }) => pooled)!;
}

/** The table of what other tools take. */
export function toolsTables(
  { tools, toolsInput, toolsBytes, startup }:
    & Pick<ReportData, "tools" | "toolsInput" | "toolsBytes">
    & Partial<Pick<ReportData, "startup">>,
  charts: readonly Chart[] = [],
): Section {
  return {
    title: "What others take for the same documents",
    text: [
      `${toolsInput}. A stream is smaller than documents compressed one by one, because what documents share is written once; but then none of them can be read without all that come before it. ` +
      "Loops have their documents in memory, and write nothing.",
      ...startup === undefined ? [] : [
        `Starting and ending is in the times of all that are processes; for one document, binfiles takes ${
          milliseconds(startup.oneDocument)
        }.`,
      ],
    ],
    charts,
    tables: [{
      head: [
        "",
        "result",
        "MB/s",
        "of the size",
        "time of binfiles for the same result",
      ],
      rows: tools.map(({ name, result, seconds, ratio, ownTime }) => [
        name,
        result,
        (toolsBytes / 1e6 / seconds.median).toFixed(0),
        ratio === undefined ? "" : percent(ratio),
        ownTime === undefined
          ? ""
          : `${two(ownTime.median)}× (${two(ownTime.low)}–${
            two(ownTime.high)
          })`,
      ]),
    }],
  };
}

async function scalingSection({ scaling }: ReportData): Promise<Section> {
  const { byDocuments, bySize, byWorkers } = scaling;
  const time = { title: "seconds, whole process", log: true, value: seconds };
  const memory = {
    title: "peak of the resident set, MB",
    log: false,
    value: ({ peak }: ScalingPoint) => peak / 1e6,
  };
  const throughput = {
    title: "MB of documents per second",
    log: true,
    value: pointRate,
  };
  const table = (
    points: readonly ScalingPoint[],
    name: (point: ScalingPoint) => string,
  ): Table => ({
    head: [
      "",
      "whole process, MB/s",
      "documents per second",
      "share of starting and ending",
      "peak",
    ],
    rows: points.map((point) => [
      `${arrow(point)}, ${name(point)}${point.pooled ? "" : ", no pool"}`,
      pointRate(point).toFixed(0),
      count(Math.round(point.documents / point.whole.median)),
      percent(Math.max(0, 1 - point.job.median / point.whole.median)),
      bytes(point.peak),
    ]),
  });
  return {
    title: "More documents, larger ones, more workers",
    text: scalingText(scaling),
    charts: [
      await scalingChart(
        "Time against the number of documents of 1,000 bytes, all cores. Both axes are logarithmic: a straight line of slope 1 is proportional.",
        byDocuments,
        { field: "documents", title: "documents" },
        time,
      ),
      await scalingChart(
        "Memory against the number of documents of 1,000 bytes, all cores.",
        byDocuments,
        { field: "documents", title: "documents" },
        memory,
      ),
      await scalingChart(
        "Speed against the size of the documents, all cores, as many bytes in all. Both axes are logarithmic.",
        bySize,
        { field: "size", title: "size of a document" },
        throughput,
      ),
      await scalingChart(
        "Speed against the number of workers, documents of 1,000 bytes.",
        byWorkers,
        { field: "workers", title: "workers" },
        { ...throughput, log: false },
      ),
    ],
    tables: [
      table(byDocuments, ({ documents }) => `${count(documents)} documents`),
      table(bySize, ({ size }) => `documents of ${bytes(size)}`),
      table(byWorkers, ({ workers }) => `${workers} workers`),
    ],
  };
}

/** What bounds each end, from the figures. */
function scalingText({ byDocuments, bySize }: ReportData["scaling"]): string[] {
  const pooled = byDocuments.filter(({ pooled }) => pooled);
  const sizes = bySize.filter(({ pooled }) => pooled);
  return [...new Set(pooled.map(arrow))].map((pair) => {
    const counts = pooled.filter((point) => arrow(point) === pair);
    const few = counts[0];
    const many = counts[counts.length - 1];
    const ofPair = sizes.filter((point) => arrow(point) === pair);
    const small = ofPair[0];
    const large = ofPair[ofPair.length - 1];
    const perDocument = 1e6 * small.job.median * small.workers /
      small.documents;
    return `${pair}: with ${
      count(few.documents)
    } documents, starting and ending the process is ${
      percent(Math.max(0, 1 - few.job.median / few.whole.median))
    } of the time, with ${count(many.documents)} it is ${
      percent(Math.max(0, 1 - many.job.median / many.whole.median))
    }; the peak of memory goes from ${bytes(few.peak)} to ${
      bytes(many.peak)
    }. Small documents are bounded by what each costs (${
      perDocument.toFixed(1)
    } microseconds of a core for one of ${
      bytes(small.size)
    }), large ones by the codec, memory and disk (${
      pointRate(large).toFixed(0)
    } MB/s for ${bytes(large.size)}).`;
  });
}

/** Bytes of a large collection. */
const COLLECTION = 10e12;

function tenTerabytes({ pairs, machine }: ReportData): Section {
  const rows = pairs.map((pair) => {
    const perSecond = pair.contentSize / best(pair).job.median;
    const hours = COLLECTION / perSecond / 3600;
    return [
      arrow(pair),
      (perSecond / 1e6).toFixed(0),
      duration(hours),
      count(Math.ceil(hours * machine.cores)),
      String(Math.ceil(hours / 24)),
      bytes(COLLECTION * pair.targetSize / pair.contentSize),
    ];
  });
  return {
    title: "On paper: a collection of 10 TB",
    text: [
      `From the speeds above, with documents like these (1,000 bytes, JSON) and disks that keep up: 10 TB of documents, uncompressed, on this machine's ${machine.cores} cores.`,
      "How to split it: memory does not limit a file's size, time and mishaps do. A file is repacked as a whole or not at all, so what is lost by an interruption is one file's work: files of an hour's work (see the speed) or less are a good size. " +
      "Repack directories of them with `--mode path`; give each machine a share of the files, and each machine's disk one job at a time. Existing large files are cut with `--split N` while they are repacked anyway. " +
      "Where the disk is slower than the speed in the table, more cores will not help: compressing what is read and written more is what does.",
    ],
    charts: [],
    tables: [{
      head: [
        "",
        "MB/s",
        "this machine",
        "core hours",
        "such machines for one day",
        "10 TB become",
      ],
      rows,
    }],
  };
}

async function enginesSection({ engines }: ReportData): Promise<Section> {
  return {
    title: "Engines against each other",
    text: ["Every engine that can be had here, with the pool, one thread:"],
    charts: [await enginesChart(engines)],
    tables: [{
      head: ["", "1 KB, MB/s", "32 KB, MB/s"],
      rows: engines.filter(({ size }) => size === 1000).map((small) => {
        const large = engines.find((other) =>
          other.size !== small.size && other.codec === small.codec &&
          other.engine === small.engine && other.direction === small.direction
        );
        return [
          `${small.direction}, ${small.codec} by ${small.engine}`,
          (small.size / small.time.median).toFixed(0),
          large === undefined
            ? ""
            : (large.size / large.time.median).toFixed(0),
        ];
      }),
    }],
  };
}

function about(data: ReportData): Section {
  const { machine, startup } = data;
  const shared = /[,-]/.test(machine.siblings)
    ? `, of which some share a core (${machine.siblings})`
    : "";
  return {
    title: "How this was measured",
    text: [
      "What is compared was measured side by side: in turns, round after round, the order rotating. Figures are medians of the rounds; ratios are taken turn by turn. Documents are made up, and the same on every machine; `deno task bench:repack` measures with your own.",
      `To reproduce: \`deno task bench:report ${data.effort}\`. Every figure here is in \`performance.json\`, or follows from it.`,
      ...data.leftOut.length === 0
        ? []
        : [`Left out: ${data.leftOut.join("; ")}.`],
    ],
    charts: [],
    tables: [{
      head: ["", "here"],
      rows: [
        ["date", machine.date.slice(0, 10)],
        ["effort", `${data.effort}, ${duration(data.seconds / 3600)}`],
        ["processor", `${machine.processor}, ${machine.cores} cores${shared}`],
        ["memory", bytes(machine.memory)],
        ["system", machine.system],
        ...Object.entries(machine.versions),
        ["binfiles", machine.commit],
        ["load when it began", machine.load.toFixed(1)],
        ["starting the runtime, doing nothing", milliseconds(startup.nothing)],
        [
          "command line, from the start to the first work",
          milliseconds(startup.firstWork),
        ],
        [
          "command line, one document, from start to end",
          milliseconds(startup.oneDocument),
        ],
      ],
    }],
  };
}

function total({ allocated }: Garbage): number {
  return allocated.heap + allocated.external;
}

function arrow({ from, to }: { from: string; to: string }): string {
  return `${from} → ${to}`;
}

function seconds({ whole }: ScalingPoint): number {
  return whole.median;
}

/** MB of documents per second. */
function pointRate({ documents, size, whole }: ScalingPoint): number {
  return documents * size / 1e6 / whole.median;
}

function rate({ contentSize }: RepackPair, { median }: Spread): string {
  return (contentSize / 1e6 / median).toFixed(0);
}

/** MB per second of a document that takes so many microseconds. */
function speed(size: number, { median }: Spread): string {
  const value = size / median;
  return value.toFixed(value < 10 ? 1 : 0);
}

function times({ median, low, high }: Spread): string {
  return `${median.toFixed(1)}× (${low.toFixed(1)}–${high.toFixed(1)})`;
}

function share({ median, low, high }: Spread): string {
  return `${percent(median)} (${percent(low)}–${percent(high)})`;
}

function milliseconds({ median, low, high }: Spread): string {
  const ms = (seconds: number) => (1000 * seconds).toFixed(0);
  return `${ms(median)} ms (${ms(low)}–${ms(high)})`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(0)}%`;
}

function two(value: number): string {
  return value.toFixed(2);
}

function count(value: number): string {
  return value.toLocaleString("en");
}

/** By how much less one is than the other, with the decimal that tells 99.7% from all. */
function fewer(value: number, original: number): string {
  return `${(100 * (1 - value / original)).toFixed(1)}%`;
}

function verdict(holds: boolean): string {
  return holds ? "met" : "not met";
}

/** A size for people, with powers of 1000 as everywhere in the report. */
function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

function duration(hours: number): string {
  if (hours < 1) return `${Math.ceil(60 * hours)} min`;
  return hours < 48
    ? `${hours.toFixed(0)} h`
    : `${(hours / 24).toFixed(0)} days`;
}
