/**
 * What is measured in a process of its own, so that neither the report's memory
 * nor another measurement's garbage weighs on it.
 *
 * A job is a function of `_job.ts`, which runs it and tells what the process took.
 */
import type { Direction } from "../../codec/engine.ts";
import type { RepackOptions } from "../../doc/mod.ts";
import type { Kind } from "./documents.ts";
import type { Spread } from "./numbers.ts";
import {
  type Collections,
  readCollections,
  runProgram,
  TRACE_COLLECTIONS,
} from "./process.ts";

/** How documents are worked through: with the pool, or with nothing reused. */
export type Way = "pooled" | "original";

/** Jobs, what they are told, and what they answer. */
export interface Jobs {
  /** Nothing, for what starting and ending takes. */
  nothing: { task: Record<never, never>; answer: Record<never, never> };
  /** A repack, by the library. */
  repack: {
    task: Omit<RepackOptions, "signal" | "onProgress">;
    answer: { documents: number; bytesRead: number; targetSize: number };
  };
  /** A repack that writes every document by itself, in one thread. */
  oneByOne: {
    task: { source: string; target: string; from: string; to: string };
    answer: { documents: number; targetSize: number };
  };
  /** Writing so many bytes to a file and flushing them, as repacks write them. */
  write: {
    task: { target: string; bytes: number };
    answer: Record<never, never>;
  };
  /**
   * A loop over the documents of a file, which are in memory already, in one
   * thread. With the pool, that is what the codecs alone can do. A plain one does
   * what most programs do: it calls a one-shot function of the runtime, or of a
   * package, for each document; where there is none, of binfiles.
   */
  loop: {
    task: {
      source: string;
      from: string;
      to: string;
      way: "pooled" | "plain";
      /** The package whose functions a plain loop calls, rather than the runtime's. */
      package?: "fflate" | "lz4js";
    };
    answer: { documents: number; contentSize: number };
  };
  /** One codec, document after document, in many sizes and of all kinds. */
  codec: {
    task: {
      codec: string;
      kinds: readonly Kind[];
      sizes: readonly number[];
      rounds: number;
      milliseconds: number;
    };
    answer: CodecTiming[];
  };
  /** Bytes that are allocated for a document. Needs `--expose-gc`. */
  allocations: {
    task: { codec: string; direction: Direction; way: Way; size: number };
    answer: Allocations;
  };
  /** Many documents, for counting collections. */
  documents: {
    task: {
      codec: string;
      direction: Direction;
      way: Way;
      size: number;
      documents: number;
    };
    answer: Record<never, never>;
  };
  /** The engines of a codec against each other. */
  engines: {
    task: { size: number; rounds: number; milliseconds: number };
    answer: EngineTiming[];
  };
}

/** Bytes allocated for one document. */
export interface Allocations {
  /** In the JavaScript heap. */
  heap: number;
  /** Outside of it: the memory of buffers. */
  external: number;
}

/** How long a codec takes for a document in each of the ways, in microseconds. */
export interface CodecTiming {
  codec: string;
  engine: string;
  direction: Direction;
  kind: Kind;
  /** Bytes of the document. */
  size: number;
  /** Bytes of the document when compressed. */
  packed: number;
  original: Spread;
  /** With a new array for the result. */
  pooled: Spread;
  /** Into a buffer of the caller, as repacks do it. */
  slab: Spread;
  /** How many times as fast the pool is, turn by turn. */
  gain: Spread;
  slabGain: Spread;
}

/** How long an engine takes for a document, in microseconds. */
export interface EngineTiming {
  codec: string;
  engine: string;
  kind: string;
  direction: Direction;
  size: number;
  time: Spread;
}

/** What a process took for a job. */
export interface JobRun<Kind extends keyof Jobs = keyof Jobs> {
  answer: Jobs[Kind]["answer"];
  /** The job alone, in seconds. */
  seconds: number;
  /** The process as a whole, in seconds. */
  wholeSeconds: number;
  /** From the start of the process to the beginning of the job, in seconds. */
  startSeconds: number;
  /** Time on a core during the job, in seconds, of all threads. */
  userSeconds: number;
  systemSeconds: number;
  /** How often a thread gave up its core to wait, during the job. */
  voluntarySwitches: number;
  /** How often a thread had to give up its core to others. */
  involuntarySwitches: number;
  /** Calls of the system that read or write, during the job; null where there is no `/proc`. */
  readWriteCalls: number | null;
  /** Largest resident set, in bytes. */
  peak: number;
  /** All threads taken together; only if asked for. */
  collections?: Collections;
  /** Bytes allocated in the heap of the first thread during the job; null where the engine does not tell. */
  heapAllocated: number | null;
}

/** What a job's process prints: all that it can know of itself. */
export type JobOutput =
  & Omit<
    JobRun,
    "wholeSeconds" | "startSeconds" | "collections"
  >
  & { beganAt: number };

/** How to run a job. */
export interface JobOptions {
  /** Whether to count garbage collections; that makes the process somewhat slower. */
  traceCollections?: boolean;
  /** Whether the job may force collections. */
  exposeGc?: boolean;
  /** A program to run the process with, such as strace, and its arguments. */
  under?: string[];
  /** Environment variables. */
  env?: Record<string, string>;
}

/** What precedes the result in the output of a job's process. */
export const RESULT_MARK = "@result ";

/** Runs a job in a process of its own. */
export async function runJob<Kind extends keyof Jobs>(
  kind: Kind,
  task: Jobs[Kind]["task"],
  options: JobOptions = {},
): Promise<JobRun<Kind>> {
  const flags = options.traceCollections
    ? [TRACE_COLLECTIONS]
    : options.exposeGc
    ? ["--v8-flags=--expose-gc"]
    : [];
  const program = new URL("job.ts", import.meta.url).pathname;
  const command = [
    ...options.under ?? [],
    Deno.execPath(),
    ...["run", "--allow-all", "--no-check", ...flags, program],
    ...[kind, JSON.stringify(task)],
  ];
  const spawnedAt = performance.timeOrigin + performance.now();
  const { seconds: wholeSeconds, stdout } = await runProgram(
    command[0],
    command.slice(1),
    options.env,
  );
  const start = stdout.lastIndexOf(RESULT_MARK) + RESULT_MARK.length;
  const end = stdout.indexOf("\n", start);
  const { beganAt, ...output }: JobOutput = JSON.parse(
    stdout.slice(start, end),
  );
  return {
    ...output as Omit<JobOutput, "beganAt" | "answer">,
    answer: output.answer as Jobs[Kind]["answer"],
    wholeSeconds,
    startSeconds: (beganAt - spawnedAt) / 1000,
    collections: options.traceCollections ? readCollections(stdout) : undefined,
  };
}
