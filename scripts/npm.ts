/**
 * Builds the npm package: `deno task npm`.
 *
 * `deno pack` compiles the modules and their types. This script adds what it has
 * no setting for: the command, the supported runtimes, and specifiers in place
 * of the import map's aliases, which don't exist outside this repository.
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";
import project from "../deno.json" with { type: "json" };

/** The module of the `binfiles` command. */
const COMMAND = "cli/binfiles.ts";

/** Modules that nothing imports: the command, and the entry of the worker threads. */
const ENTRIES = [COMMAND, "doc/thread_main.ts"];

/** Files and folders of the package. Modules are compiled. */
const SOURCES = [
  "mod.ts",
  "core.ts",
  "pool",
  "codec",
  "doc",
  "cli",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
];

/** Node 22.15 is the first whose `node:zlib` has zstd. */
const ENGINES = { node: ">=22.15" };

/**
 * Builds the package.
 *
 * @param directory Receives the tarball, and its contents as `package/`.
 * @returns The path of the tarball.
 */
export async function buildNpmPackage(directory: string): Promise<string> {
  const root = new URL("..", import.meta.url);
  const staging = join(directory, "staging");
  const content = join(directory, "package");
  for (const path of [staging, content]) rmSync(path, REMOVE);
  mkdirSync(staging, { recursive: true });
  for (const name of SOURCES) {
    cpSync(new URL(name, root), join(staging, name), { recursive: true });
  }
  const config = {
    ...project,
    // Only exported modules and their imports are compiled.
    exports: {
      ...project.exports,
      ...Object.fromEntries(ENTRIES.map((path) => [`./${path}`, `./${path}`])),
    },
    publish: { exclude: ["deno.json"] },
  };
  Deno.writeTextFileSync(join(staging, "deno.json"), JSON.stringify(config));
  for (const path of filesIn(staging, ".ts")) edit(path, withoutAliases);
  const packed = join(staging, "packed.tgz");
  await run(Deno.execPath(), [
    ...["pack", "--quiet", "--no-source-maps", "--allow-dirty"],
    ...["--output", "packed.tgz"],
  ], staging);
  // All paths in the tarball begin with package/.
  await run("tar", ["-xzf", packed, "-C", directory], ".");
  rmSync(staging, REMOVE);
  for (const path of filesIn(content, ".ts")) {
    // Modules that are not compiled are packed as sources.
    if (!path.endsWith(".d.ts")) rmSync(path);
  }
  for (const path of filesIn(content, ".js")) edit(path, withPackageJson);
  for (const path of filesIn(content, ".d.ts")) edit(path, withUsableEnums);
  const command = COMMAND.replace(/\.ts$/, ".js");
  edit(join(content, command), (text) => `#!/usr/bin/env node\n${text}`);
  edit(join(content, "package.json"), (text) => {
    const { exports, ...manifest } = JSON.parse(text);
    for (const path of ENTRIES) delete exports[`./${path}`];
    return JSON.stringify(
      {
        ...manifest,
        description: project.description,
        exports: { ...exports, "./package.json": "./package.json" },
        bin: { binfiles: command },
        engines: ENGINES,
        publishConfig: { access: "public" },
      },
      null,
      2,
    );
  });
  const [{ filename }] = JSON.parse(
    await run("npm", ["pack", "./package", "--json"], directory),
  );
  return join(directory, filename);
}

const REMOVE = { recursive: true, force: true };

/** Replaces aliases of the import map by what they stand for. */
export function withoutAliases(source: string): string {
  // Not in comments: the examples there import the published package.
  return source.replace(
    /^(?! \*)(.*\bfrom )"([^"]+)"/gm,
    (line, before, alias) => {
      const target = (project.imports as Record<string, string>)[alias];
      return target === undefined ? line : `${before}"${target}"`;
    },
  );
}

/** Makes a module read the version from package.json. */
function withPackageJson(module: string): string {
  return module.replace('from "../deno.json"', 'from "../package.json"');
}

/** Makes `const` enums plain ones, which compilers with `isolatedModules` accept. They exist at run time. */
function withUsableEnums(declarations: string): string {
  return declarations.replaceAll("declare const enum", "declare enum");
}

function edit(path: string, change: (text: string) => string): void {
  Deno.writeTextFileSync(path, change(Deno.readTextFileSync(path)));
}

/** Lists the files below a directory whose names end in `suffix`. */
function filesIn(directory: string, suffix: string): string[] {
  return Array.from(Deno.readDirSync(directory)).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory) return filesIn(path, suffix);
    return path.endsWith(suffix) ? [path] : [];
  });
}

if (import.meta.main) {
  console.log(await buildNpmPackage("dist"));
}
