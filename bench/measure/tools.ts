import { join } from "node:path";
import type { CodecName } from "../../codec/mod.ts";
import { DocReader } from "../../doc/mod.ts";
import { ratios, type Spread, spread, takeTurns } from "./numbers.ts";
import { runJob } from "./run_job.ts";
import { isInstalled, runProgram } from "./run_program.ts";
import type { Input, Workspace } from "./workspace.ts";

/** A way to compress, binfiles or another. */
export interface ToolRun {
  name: string;
  codec: CodecName;
  /** Documents that can be read one by one, or one stream. */
  result: "documents" | "stream";
  /** Whether it is binfiles. */
  own: boolean;
  /** In seconds: whole processes; loops without reading and writing. */
  seconds: Spread;
  /** Time of binfiles for the same codec and result, as a multiple of this one. */
  ownTime?: Spread;
  /** Size of the result ÷ size of the documents; undefined for loops, which write nothing. */
  ratio?: number;
}

interface Candidate extends Pick<ToolRun, "name" | "codec" | "result" | "own"> {
  /** @returns Seconds. */
  run(): Promise<number>;
  /** Whether it writes the target. */
  writes: boolean;
}

/** Limit of the documents that are written to files of their own, for tar. */
const MAX_FILES = 50_000;

const loops = [
  ["gzip", "runtime", "loop over gzipSync"],
  ["zstd", "runtime", "loop over zstdCompressSync"],
  ["gzip", "fflate", "loop over fflate's gzipSync"],
  ["lz4", "lz4js", "loop over lz4js's compress"],
] as const;

const programs = [
  ["gzip", "pigz", "-p $(nproc)"],
  ["zstd", "zstd", "-3 -T0 -q"],
  ["xz", "xz", "-T0"],
  ["lz4", "lz4", "-q"],
] as const;

/** Compresses an uncompressed input in all ways that are available. @returns Also what was left out, and why. */
export async function measureTools(
  workspace: Workspace,
  input: Input,
  workers: number,
  rounds: number,
): Promise<{ runs: ToolRun[]; leftOut: string[] }> {
  const target = workspace.target();
  const leftOut: string[] = [];
  const candidates: Candidate[] = [];

  const repack =
    (codecs: { targetCodec?: CodecName; packageCodec?: CodecName }) =>
    async () => {
      const run = await runJob("repack", {
        ...{ source: input.path, sourceCodec: "none", target, workers },
        ...{ force: true, ...codecs },
      });
      return run.wholeSeconds;
    };
  for (const codec of ["gzip", "zstd", "xz", "lz4"] as const) {
    const own = { codec, own: true, writes: true };
    candidates.push({
      ...{ ...own, name: `binfiles, ${codec} each`, result: "documents" },
      run: repack({ targetCodec: codec }),
    }, {
      ...{ ...own, name: `binfiles, ${codec} as a whole`, result: "stream" },
      run: repack({ packageCodec: codec }),
    });
  }

  for (const [codec, by, name] of loops) {
    candidates.push({
      ...{ name, codec, own: false, writes: false, result: "documents" },
      run: async () => {
        const run = await runJob("loop", {
          ...{ source: input.path, to: codec, by },
          from: "none",
        });
        return run.seconds;
      },
    });
  }

  const files = input.documents <= MAX_FILES
    ? await writeFiles(workspace, input)
    : undefined;
  if (files === undefined) {
    leftOut.push(`tar: more than ${MAX_FILES.toLocaleString("en")} documents`);
  }
  for (const [codec, tool, options] of programs) {
    if (!await isInstalled(tool)) {
      leftOut.push(`${tool}: not installed`);
      continue;
    }
    const shell = (script: string, source: string) => async () => {
      const command = ["-c", script, "sh", source, target];
      return (await runProgram("sh", command)).seconds;
    };
    const other = { codec, own: false, writes: true };
    candidates.push({
      ...{ ...other, name: `${tool} ${options}, bin file`, result: "stream" },
      run: shell(`${tool} ${options} -c "$1" > "$2"`, input.path),
    });
    if (files === undefined) continue;
    candidates.push({
      ...{ ...other, name: `tar and ${tool} ${options}, files` },
      result: "stream",
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

/** Writes each document to a file. @returns The directory. */
async function writeFiles(workspace: Workspace, input: Input): Promise<string> {
  const directory = join(workspace.path, "files");
  using reader = new DocReader(input.path, { codec: "none" });
  let id = 0;
  for (const { content } of reader) {
    // A thousand files per directory. Named by number: not every key is a file name.
    const parent = join(directory, String(Math.floor(id / 1000)));
    if (id % 1000 === 0) await Deno.mkdir(parent, { recursive: true });
    await Deno.writeFile(join(parent, String(id++)), content);
  }
  return directory;
}
