import { join } from "node:path";
import { type Spread, spread, takeTurns } from "./numbers.ts";
import { runProgram } from "./run_program.ts";
import type { Workspace } from "./workspace.ts";

/** Time of processes with next to no work, in seconds. */
export interface Startup {
  /** The runtime with an empty program. */
  empty: Spread;
  /** The command line, repacking one document. */
  oneDocument: Spread;
}

/** Measures what starting takes. */
export async function measureStartup(
  workspace: Workspace,
  rounds: number,
): Promise<Startup> {
  const { path } = workspace.made("json", 1, 1000);
  const cli = new URL("../../cli/repack.ts", import.meta.url).pathname;
  const program = join(workspace.path, "empty.ts");
  Deno.writeTextFileSync(program, "");
  const run = async (...args: string[]) =>
    (await runProgram(Deno.execPath(), ["run", "-A", "--no-check", ...args]))
      .seconds;
  const seconds = await takeTurns(rounds, {
    empty: () => run(program),
    oneDocument: () =>
      run(cli, path, workspace.target(), "-i", "none", "-t", "gzip", "-q"),
  });
  return {
    empty: spread(seconds.empty),
    oneDocument: spread(seconds.oneDocument),
  };
}
