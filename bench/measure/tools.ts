import { join } from "node:path";
import { DocReader } from "../../doc/mod.ts";
import { runJob } from "./jobs.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";
import { isInstalled, runProgram } from "./process.ts";
import type { Input, Workspace } from "./workspace.ts";

/** What people would use, and what it does to the same documents. */
export interface ToolRun {
  name: string;
  /** The codec that it compresses with. */
  codec: string;
  /** What comes out: records that can be read one by one, or one stream. */
  result: "documents" | "stream";
  /** Whether it is binfiles. */
  own: boolean;
  /** In seconds: whole processes; loops without reading and writing. */
  seconds: Spread;
  /** How many times as long binfiles takes for the same codec and result. */
  ownTime?: Spread;
  /** Size of the result by size of the documents; undefined for loops, which write nothing. */
  ratio?: number;
}

/** A way of compressing that is to be measured. */
interface Candidate extends Pick<ToolRun, "name" | "codec" | "result" | "own"> {
  /** @returns Seconds. */
  run(): Promise<number>;
  /** Whether it writes the target. */
  writes: boolean;
}

/** Most documents that are written to files of their own, for tar. */
const MAX_FILES = 50_000;

/** Compresses an uncompressed input in every way that is at hand. @returns Also what was left out, and why. */
export async function measureTools(
  workspace: Workspace,
  input: Input,
  workers: number,
  rounds: number,
): Promise<{ runs: ToolRun[]; leftOut: string[] }> {
  const target = workspace.target();
  const leftOut: string[] = [];
  const candidates: Candidate[] = [];

  for (const codec of ["gzip", "zstd", "xz", "lz4"]) {
    const repack =
      (options: { targetCodec?: string; packageCodec?: string }) =>
      async () => {
        const run = await runJob("repack", {
          ...{ source: input.path, sourceCodec: "none", target, workers },
          ...{ force: true, ...options },
        });
        return run.wholeSeconds;
      };
    candidates.push(
      {
        ...{ name: `binfiles, ${codec} each`, codec, own: true, writes: true },
        result: "documents",
        run: repack({ targetCodec: codec }),
      },
      {
        ...{ name: `binfiles, ${codec} as a whole`, codec, own: true },
        ...{ result: "stream", writes: true },
        run: repack({ packageCodec: codec }),
      },
    );
  }

  for (
    const [codec, library, name] of [
      ["gzip", undefined, "loop over gzipSync"],
      ["zstd", undefined, "loop over zstdCompressSync"],
      ["gzip", "fflate", "loop over fflate's gzipSync"],
      ["lz4", "lz4js", "loop over lz4js's compress"],
    ] as const
  ) {
    candidates.push({
      ...{ name, codec, own: false, writes: false, result: "documents" },
      run: async () => {
        const { seconds } = await runJob("loop", {
          ...{ source: input.path, from: "none", to: codec },
          ...{ way: "plain", package: library },
        });
        return seconds;
      },
    });
  }

  const files = input.documents <= MAX_FILES
    ? await writeFiles(workspace, input)
    : undefined;
  if (files === undefined) {
    leftOut.push(`tar: more than ${MAX_FILES.toLocaleString("en")} documents`);
  }
  for (
    const [codec, tool, options] of [
      ["gzip", "pigz", "-p $(nproc)"],
      ["zstd", "zstd", "-3 -T0 -q"],
      ["xz", "xz", "-T0"],
      ["lz4", "lz4", "-q"],
    ]
  ) {
    if (!await isInstalled(tool)) {
      leftOut.push(`${tool}: not installed`);
      continue;
    }
    const shell = (script: string, ...args: string[]) => async () => {
      const command = ["-c", script, "sh", ...args, target];
      return (await runProgram("sh", command)).seconds;
    };
    candidates.push({
      ...{ name: `${tool} ${options}, bin file`, codec, own: false },
      ...{ result: "stream", writes: true },
      run: shell(`${tool} ${options} -c "$1" > "$2"`, input.path),
    });
    if (files === undefined) continue;
    candidates.push({
      ...{ name: `tar and ${tool} ${options}, files`, codec, own: false },
      ...{ result: "stream", writes: true },
      run: shell(`tar -cf - -C "$1" . | ${tool} ${options} -c > "$2"`, files),
    });
  }

  const sizes = new Map<string, number>();
  const seconds = await takeTurns(
    rounds,
    Object.fromEntries(candidates.map(({ name, run, writes }) => [
      name,
      async () => {
        const took = await run();
        if (writes) sizes.set(name, Deno.statSync(target).size);
        return took;
      },
    ])),
  );
  return {
    leftOut,
    runs: candidates.map(({ name, codec, result, own }) => {
      const counterpart = candidates.find((other) =>
        other.own && other.codec === codec && other.result === result
      )!;
      const size = sizes.get(name);
      return {
        ...{ name, codec, result, own, seconds: spread(seconds[name]) },
        ownTime: own
          ? undefined
          : ratios(seconds[counterpart.name], seconds[name]),
        ratio: size === undefined ? undefined : size / input.contentSize,
      };
    }),
  };
}

/** Writes each document to a file of its own. @returns The directory. */
async function writeFiles(workspace: Workspace, input: Input): Promise<string> {
  const directory = join(workspace.path, "files");
  using reader = new DocReader(input.path, { codec: "none" });
  let id = 0;
  for (const { content } of reader) {
    // A thousand files per directory, named by number: keys may be no file names.
    const parent = join(directory, String(Math.floor(id / 1000)));
    if (id % 1000 === 0) await Deno.mkdir(parent, { recursive: true });
    await Deno.writeFile(join(parent, String(id++)), content);
  }
  return directory;
}
