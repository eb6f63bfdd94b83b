/** The answers so far: a program is looked for once. */
const found = new Map<string, boolean>();

/**
 * Whether a program that a test runs is not installed, so that the test is
 * ignored.
 *
 * @throws {Error} It is missing in a CI run (`CI=true`) on Linux, where
 * `.ci/run` installs every program that tests run.
 */
export function isMissing(program: string): boolean {
  if (!found.has(program)) found.set(program, isInstalled(program));
  if (found.get(program)) return false;
  if (Deno.env.get("CI") === "true" && Deno.build.os === "linux") {
    throw new Error(`${program} is not installed, and CI ignores no tests`);
  }
  return true;
}

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, {
      args: ["--version"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}
