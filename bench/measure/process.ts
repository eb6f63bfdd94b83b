/** Running programs to their end, and finding out what that took. */

/** What a program took as a whole, seen from outside. */
export interface ProgramRun {
  /** From its start to its end, in seconds. */
  seconds: number;
  stdout: string;
}

/**
 * Runs a program to its end.
 *
 * @throws {Error} It failed; the message has what it said.
 */
export async function runProgram(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<ProgramRun> {
  const started = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env,
  }).output();
  const seconds = (performance.now() - started) / 1000;
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  }
  return { seconds, stdout: decoder.decode(stdout) };
}

/** Whether a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  try {
    await runProgram(program, ["--version"]);
    return true;
  } catch {
    return false;
  }
}

/** Garbage collections of a process, all threads taken together. */
export interface Collections {
  count: number;
  /** How long threads stood still for them, in milliseconds. */
  milliseconds: number;
}

/** The option that makes the engine print every garbage collection. */
export const TRACE_COLLECTIONS = "--v8-flags=--trace-gc";

/** Reads what the engine prints with {@linkcode TRACE_COLLECTIONS}. */
export function readCollections(trace: string): Collections {
  const result = { count: 0, milliseconds: 0 };
  // ` Scavenge 4.3 (5.0) -> 4.0 (5.8) MB, pooled: 0.0 MB, 1.11 / 0.00 ms …`
  for (
    const [, pause] of trace.matchAll(
      /(?:Scavenge|Mark-Compact)[^\n]*?MB, ([\d.]+) \/ /g,
    )
  ) {
    result.count++;
    result.milliseconds += Number(pause);
  }
  return result;
}
