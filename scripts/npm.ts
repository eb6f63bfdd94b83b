/**
 * Makes the npm package from the sources: `deno task npm`.
 *
 * `deno pack` compiles the modules and their types. What it has no setting for
 * is done to its result: the command line, the runtimes that are supported, and
 * aliases of the import map, which mean nothing outside of this repository.
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./_run.ts";
import project from "../deno.json" with { type: "json" };

/** The module that becomes the command `binfiles`. */
const COMMAND = "cli/binfiles.ts";

/** What goes into the package, in its own form or compiled. */
const SOURCES = [
  "mod.ts",
  "pool",
  "codec",
  "doc",
  "cli",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
];

/** The first Node whose `node:zlib` has everything that is used. */
const ENGINES = { node: ">=22.15" };

/**
 * Builds the package.
 *
 * @param directory Where to put it: the tarball, and what is in it as `package/`.
 * @returns Path of the tarball.
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
    // Whatever is exported is compiled, with all that it imports.
    exports: { ...project.exports, [`./${COMMAND}`]: `./${COMMAND}` },
    publish: { exclude: ["deno.json"] },
  };
  Deno.writeTextFileSync(join(staging, "deno.json"), JSON.stringify(config));
  for (const path of filesIn(staging, ".ts")) edit(path, withoutAliases);
  const packed = join(staging, "packed.tgz");
  await run(Deno.execPath(), [
    ...["pack", "--quiet", "--no-source-maps", "--allow-dirty"],
    ...["--output", "packed.tgz"],
  ], staging);
  // The tarball holds everything in a directory named package.
  await run("tar", ["-xzf", packed, "-C", directory], ".");
  rmSync(staging, REMOVE);
  for (const path of filesIn(content, ".ts")) {
    // Modules that nothing exported imports are packed as they are.
    if (!path.endsWith(".d.ts")) rmSync(path);
  }
  for (const path of filesIn(content, ".js")) edit(path, withPackageJson);
  for (const path of filesIn(content, ".d.ts")) edit(path, withUsableEnums);
  const command = COMMAND.replace(/\.ts$/, ".js");
  edit(join(content, command), (text) => `#!/usr/bin/env node\n${text}`);
  edit(join(content, "package.json"), (text) => {
    const { exports, ...manifest } = JSON.parse(text);
    delete exports[`./${COMMAND}`];
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

/** Names what an alias of the import map stands for. */
export function withoutAliases(source: string): string {
  // Not within comments, where examples import what their readers can import.
  return source.replace(
    /^(?! \*)(.*\bfrom )"([^"]+)"/gm,
    (line, before, alias) => {
      const target = (project.imports as Record<string, string>)[alias];
      return target === undefined ? line : `${before}"${target}"`;
    },
  );
}

/** The version is in package.json there, not in deno.json. */
function withPackageJson(module: string): string {
  return module.replace('from "../deno.json"', 'from "../package.json"');
}

/** The compiled enums exist at run time, so every compiler may use them. */
function withUsableEnums(declarations: string): string {
  return declarations.replaceAll("declare const enum", "declare enum");
}

function edit(path: string, change: (text: string) => string): void {
  Deno.writeTextFileSync(path, change(Deno.readTextFileSync(path)));
}

/** Paths of the files below a directory whose names end in a certain way. */
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
