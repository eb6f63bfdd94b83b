/** On Windows, npm and npx are scripts that end in `.cmd`. */
const IS_WINDOWS = Deno.build.os === "windows";

/**
 * Runs a program and waits for it.
 *
 * @returns Its standard output.
 * @throws {Error} It failed. The message contains everything that it printed.
 */
export async function run(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const isScript = IS_WINDOWS && (program === "npm" || program === "npx");
  const { success, code, stdout, stderr } = await new Deno.Command(
    isScript ? `${program}.cmd` : program,
    { args, cwd, env, stdin: "null" },
  ).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout);
  if (success) return output;
  throw new Error(
    `${program} ${args.join(" ")} failed with exit code ${code}:\n` +
      output + decoder.decode(stderr),
  );
}
