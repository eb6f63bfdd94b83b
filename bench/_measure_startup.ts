import { join } from "node:path";
import { runJob } from "./_jobs.ts";
import { type Spread, spread, takeTurns } from "./_numbers.ts";
import { runProgram } from "./_process.ts";
import type { Workspace } from "./_workspace.ts";

/** What starting takes, in seconds. */
export interface Startup {
  /** A process of the runtime that does nothing. */
  nothing: Spread;
  /** From the start of a process to its first work on a document, by the library. */
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
  const cli = new URL("../cli/repack.ts", import.meta.url).pathname;
  const empty = join(workspace.path, "empty.ts");
  Deno.writeTextFileSync(empty, "");
  const deno = async (...args: string[]) =>
    (await runProgram(Deno.execPath(), ["run", "-A", "--no-check", ...args]))
      .seconds;
  const seconds = await takeTurns(rounds, {
    nothing: () => deno(empty),
    firstWork: async () => {
      const target = workspace.target();
      const task = { source: path, sourceCodec: "none", target };
      return (await runJob("repack", { ...task, targetCodec: "gzip" }))
        .startSeconds;
    },
    oneDocument: () =>
      deno(cli, path, workspace.target(), "-i", "none", "-t", "gzip", "-q"),
  });
  return {
    nothing: spread(seconds.nothing),
    firstWork: spread(seconds.firstWork),
    oneDocument: spread(seconds.oneDocument),
  };
}
