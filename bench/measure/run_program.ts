/** A finished program. */
export interface ProgramRun {
  /** From start to exit, in seconds. */
  seconds: number;
  stdout: string;
}

/**
 * Runs a program to its end.
 *
 * @throws {Error} It failed; the message contains its standard error.
 */
export async function runProgram(
  program: string,
  args: string[],
): Promise<ProgramRun> {
  const started = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(program, { args })
    .output();
  const seconds = (performance.now() - started) / 1000;
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(
      `Cannot run ${program} ${args.join(" ")}: ${decoder.decode(stderr)}`,
    );
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
