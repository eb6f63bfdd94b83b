import { join } from "node:path";
import { type Spread, spread, takeTurns } from "./numbers.ts";
import { runProgram } from "./process.ts";
import type { Workspace } from "./workspace.ts";

/** What starting takes, in seconds. */
export interface Startup {
  /** A process of the runtime that does nothing. */
  nothing: Spread;
  /**
   * From the start of the command line's process to its first work: it has looked
   * at the source, has the target's lock, and begins to write.
   */
  firstWork: Spread;
  /** The command line, repacking one document, from start to end. */
  oneDocument: Spread;
}

/** Measures start-up. */
export async function measureStartup(
  workspace: Workspace,
  rounds: number,
): Promise<Startup> {
  const { path } = workspace.made("json", 1, 1000);
  const cli = new URL("../../cli/repack.ts", import.meta.url).pathname;
  const empty = join(workspace.path, "empty.ts");
  Deno.writeTextFileSync(empty, "");
  const run = async (...args: string[]) =>
    (await runProgram(Deno.execPath(), ["run", "-A", "--no-check", ...args]))
      .seconds;
  const repack = () =>
    run(cli, path, workspace.target(), "-i", "none", "-t", "gzip", "-q");
  const seconds = await takeTurns(rounds, {
    nothing: () => run(empty),
    firstWork: async () => {
      const appears = temporaryAppears(workspace.path);
      const started = performance.now();
      const done = repack();
      const seconds = (await appears - started) / 1000;
      await done;
      return seconds;
    },
    oneDocument: repack,
  });
  return {
    nothing: spread(seconds.nothing),
    firstWork: spread(seconds.firstWork),
    oneDocument: spread(seconds.oneDocument),
  };
}

/** Waits for a temporary file that becomes a target. @returns The time at which it was made. */
async function temporaryAppears(directory: string): Promise<number> {
  const watcher = Deno.watchFs(directory);
  for await (const { paths } of watcher) {
    // Those of locks are made before.
    if (paths.some((path) => /(?<!\.lock)\.[0-9a-f]{12}\.tmp$/.test(path))) {
      return performance.now();
    }
  }
  throw new Error(`${directory} is no longer there`);
}
