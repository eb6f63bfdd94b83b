import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

/** How to run a program. */
export interface ProgramOptions {
  /** Flags of `deno run`. Default: all permissions. */
  flags?: string[];
  /** Environment variables to set. */
  env?: Record<string, string>;
}

/**
 * Runs a program in a Deno process of its own, without a terminal.
 *
 * @param args Arguments of the program.
 * @returns What it printed.
 */
export async function runProgram(
  url: string | URL,
  args: string[] = [],
  { flags = ["--allow-all"], env = {} }: ProgramOptions = {},
): Promise<string> {
  const lock = fileURLToPath(new URL("../../dev.lock", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", `--lock=${lock}`, ...flags],
      ...[fileURLToPath(url), ...args],
    ],
    env: { NO_COLOR: "1", FORCE_COLOR: "", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}
