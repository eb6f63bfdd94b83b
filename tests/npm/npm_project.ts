import { join } from "node:path";
import { buildNpmPackage } from "../../scripts/npm.ts";
import { run } from "../../scripts/run.ts";
import type { TemporaryDirectory } from "../support/files.ts";

/** A project in which the npm package is installed. */
export interface NpmProject {
  /** Path of its directory. */
  cwd: string;
  /** Path of the package's tarball. */
  tarball: string;
  /** Writes a file of the project. @returns Its path. */
  write(name: string, text: string): string;
}

/** Builds the npm package and installs it, with `others`, into a project in `directory`. */
export async function createNpmProject(
  directory: TemporaryDirectory,
  ...others: string[]
): Promise<NpmProject> {
  const tarball = await buildNpmPackage(directory.file("npm"));
  const cwd = directory.file("project");
  Deno.mkdirSync(cwd);
  const write = (name: string, text: string) => {
    const path = join(cwd, name);
    Deno.writeTextFileSync(path, text);
    return path;
  };
  write("package.json", JSON.stringify({ private: true, type: "module" }));
  await run(
    "npm",
    [
      "install",
      ...["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"],
      ...[tarball, ...others],
    ],
    cwd,
  );
  return { cwd, tarball, write };
}

/** Path of a runtime's program, such as that of `node@22`. */
export async function programOf(runtime: string, cwd: string): Promise<string> {
  const script = ["-p", "process.execPath"];
  return (await run("npx", ["--yes", runtime, ...script], cwd)).trim();
}
