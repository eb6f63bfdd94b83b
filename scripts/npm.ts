/**
 * Builds the npm package: `deno task npm`.
 *
 * `deno pack` compiles the modules and their types. This script adds what it has
 * no setting for: the command, the supported runtimes, the bundles for Node,
 * packages that are part of this one, and specifiers in place of the import map's
 * aliases, which don't exist outside this repository. `guide/decisions/npm-package.md`
 * says why the package is what it is.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import { run } from "./run.ts";
import project from "../deno.json" with { type: "json" };

/** The module of the `binfiles` command. */
const COMMAND = "cli/binfiles.ts";

/** The module of the worker threads. */
const WORKER = "doc/thread_main.ts";

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

/** Modules that do something when they are imported; bundlers may drop all others that are not used. */
const SIDE_EFFECTS = [
  ...["mod", "codec/mod", "doc/mod", "codec/all_engines"],
  ...["brotli", "bzip2", "gzip", "lz4", "xz", "zstd"].map((name) =>
    `codec/${name}`
  ),
  ...[
    "doc/damage/register",
    "doc/thread_main",
    "cli/binfiles",
    "node/mod",
    "node/thread_main",
  ],
].map((module) => `./${module}.js`);

/**
 * Packages that become part of this one, by the alias under which modules import
 * them: the name of the module, and what it exports.
 */
const VENDORED: Record<string, [name: string, exports: string]> = {
  "commander": ["commander", "*"],
  // A CommonJS module, which not all bundlers take.
  "lz4js": ["lz4js", "{ default }"],
  "@std/fmt/bytes": ["format_bytes", "{ format }"],
  "@std/streams/to-transform-stream": [
    "to_transform_stream",
    "{ toTransformStream }",
  ],
};

/** Node 22.15 is the first whose `node:zlib` has zstd. */
const ENGINES = { node: ">=22.15" };

/**
 * Builds the package.
 *
 * @param directory Receives the tarball, and its contents as `package/`.
 * @returns The path of the tarball.
 */
export async function buildNpmPackage(directory: string): Promise<string> {
  const staging = join(directory, "staging");
  const content = join(directory, "package");
  for (const path of [staging, content]) rmSync(path, REMOVE);
  mkdirSync(staging, { recursive: true });
  for (const name of SOURCES) {
    cpSync(new URL(name, ROOT), join(staging, name), { recursive: true });
  }
  const config = {
    ...project,
    // Only exported modules and their imports are compiled.
    exports: { ...project.exports, [`./${COMMAND}`]: `./${COMMAND}` },
    publish: { exclude: ["deno.json"] },
  };
  Deno.writeTextFileSync(join(staging, "deno.json"), JSON.stringify(config));
  for (const path of filesIn(staging, ".ts")) edit(path, withoutAliases);
  const packed = join(staging, "packed.tgz");
  await run(Deno.execPath(), [
    ...["pack", "--quiet", "--allow-dirty"],
    ...["--output", "packed.tgz"],
  ], staging);
  // All paths in the tarball begin with package/.
  await run("tar", ["-xzf", packed, "-C", directory], ".");
  rmSync(staging, REMOVE);
  for (const path of filesIn(content, ".ts")) {
    // Modules that are not compiled are packed as sources.
    if (!path.endsWith(".d.ts")) rmSync(path);
  }
  for (const path of filesIn(content, ".js")) {
    separateMap(path);
    edit(path, withPackageJson);
    edit(path, withWorkerModule);
  }
  await addVendored(content);
  await addNodeBundles(content);
  addSources(content);
  addLicenses(content);
  const command = COMMAND.replace(/\.ts$/, ".js");
  edit(join(content, command), (text) => `#!/usr/bin/env node\n${text}`);
  edit(join(content, "package.json"), (text) => {
    const manifest = JSON.parse(text);
    for (const name of ["commander", "deno-std", "lz4js"]) {
      delete manifest.dependencies[name];
    }
    return JSON.stringify(
      {
        ...manifest,
        description: project.description,
        exports: exportsOfPackage(),
        sideEffects: SIDE_EFFECTS,
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

const ROOT = new URL("..", import.meta.url);

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

/**
 * The entries. On Node all modules of the library are one bundle, because loading
 * 150 files takes far longer than loading one; bundlers get the modules.
 */
function exportsOfPackage(): Record<string, unknown> {
  const entries = Object.entries(project.exports).map(([name, path]) => {
    const module = path.replace(/\.ts$/, "");
    const node = path === `./${COMMAND}`
      ? undefined
      : path === `./${WORKER}`
      ? "./node/thread_main.js"
      : "./node/mod.js";
    return [name, {
      types: `${module}.d.ts`,
      ...(node && { node }),
      default: `${module}.js`,
    }];
  });
  return {
    ...Object.fromEntries(entries),
    "./package.json": "./package.json",
  };
}

/** Bundles the library, and the module of the worker threads, for Node. */
async function addNodeBundles(content: string): Promise<void> {
  mkdirSync(join(content, "node"));
  for (const entry of ["mod.ts", WORKER]) {
    const name = entry.replace(/^.*\//, "").replace(/\.ts$/, ".js");
    const path = join(content, "node", name);
    const options = ["--keep-names", "--sourcemap", "linked"];
    await bundle(new URL(entry, ROOT).href, path, ...options);
    edit(path, withWorkerModule);
  }
}

/** Adds the {@linkcode VENDORED} packages as modules, and imports those. */
async function addVendored(content: string): Promise<void> {
  mkdirSync(join(content, "vendor"));
  for (const [alias, [name, exports]] of Object.entries(VENDORED)) {
    const module = join(content, "vendor", `${name}.js`);
    const entry = join(content, `${name}.ts`);
    Deno.writeTextFileSync(entry, `export ${exports} from "${alias}";\n`);
    await bundle(entry, module, "--keep-names");
    Deno.removeSync(entry);
    const specifier = (project.imports as Record<string, string>)[alias]
      .replace(/^npm:([^@]+)@[^/]*/, "$1");
    for (
      const path of [".js", ".d.ts"].flatMap((end) => filesIn(content, end))
    ) {
      const target = relative(dirname(path), module).replaceAll("\\", "/");
      const own = target.startsWith(".") ? target : `./${target}`;
      edit(
        path,
        (text) => text.replaceAll(`from "${specifier}"`, `from "${own}"`),
      );
    }
  }
}

/** Adds the sources, to which the source maps refer. */
function addSources(content: string): void {
  for (const path of filesIn(content, ".js.map")) {
    const map = JSON.parse(Deno.readTextFileSync(path));
    delete map.sourcesContent;
    map.sources = map.sources.map((source: string) => {
      // The bundles name the files that were bundled, the modules themselves.
      const file = path.includes(join("package", "node"))
        ? relative(fileURLToPath(ROOT), join(dirname(path), source))
        : relative(content, path).replace(/\.js\.map$/, ".ts");
      const target = file.startsWith("..")
        // Of a package: without the path of this machine's cache.
        ? join(
          content,
          "node_modules",
          file.replace(/^.*[\\/]npm[\\/][^\\/]*/, ""),
        )
        : join(content, "src", file);
      return relative(dirname(path), target).replaceAll("\\", "/");
    });
    Deno.writeTextFileSync(path, JSON.stringify(map));
  }
  for (const path of filesIn(content, ".js")) {
    const source = relative(content, path).replace(/\.js$/, ".ts");
    const from = new URL(source, ROOT);
    if (!existsSync(from)) continue;
    const to = join(content, "src", source);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
  }
}

/** Adds the licenses of the packages whose code the bundles contain. */
function addLicenses(content: string): void {
  const texts = Object.entries(project.imports).map(([alias, target]) => {
    const [, name, version] = target.match(/^npm:([^@]+)@([^/]+)/)!;
    let folder = fileURLToPath(import.meta.resolve(alias));
    while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
    const license = ["LICENSE", "license", "LICENSE.md"]
      .map((file) => join(folder, file))
      .find((path) => existsSync(path));
    const { author, license: kind } = JSON.parse(
      Deno.readTextFileSync(join(folder, "package.json")),
    );
    const text = license === undefined
      ? `${kind} license, ${author?.name ?? author ?? "the Deno authors"}`
      : Deno.readTextFileSync(license).trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  Deno.writeTextFileSync(
    join(content, "LICENSES.txt"),
    [...new Set(texts)].join("\n----\n\n"),
  );
}

/** Moves the source map that a module contains to a file beside it. */
function separateMap(path: string): void {
  edit(path, (text) =>
    text.replace(
      /^\/\/# sourceMappingURL=data:application\/json;base64,(.*)\s*$/m,
      (_, data) => {
        Deno.writeFileSync(
          `${path}.map`,
          Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0)),
        );
        return `//# sourceMappingURL=${path.replace(/^.*[\\/]/, "")}.map`;
      },
    ));
}

/** Makes a module read the version from package.json. */
function withPackageJson(module: string): string {
  return module.replace('from "../deno.json"', 'from "../package.json"');
}

/** Makes a module start threads with JavaScript. */
function withWorkerModule(module: string): string {
  return module.replaceAll('"./thread_main.ts"', '"./thread_main.js"');
}

function edit(path: string, change: (text: string) => string): void {
  const text = Deno.readTextFileSync(path);
  const changed = change(text);
  if (changed !== text) Deno.writeTextFileSync(path, changed);
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
