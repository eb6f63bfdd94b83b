/**
 * Runs the tests on Node, against the npm package: `deno task test:node`.
 *
 * The compiled tests are put beside the compiled modules of the package, so
 * that what they import is what npm users get. What they use of Deno comes
 * from a module that is made of Node's; see `_deno_on_node.js`.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
// Not in deno.json: the command line would download it too.
// deno-lint-ignore no-import-prefix
import ts from "npm:typescript@5.9.3";
import { run } from "./run.ts";
import { buildNpmPackage, withoutAliases } from "./npm.ts";

/** The runtime: a package of npm whose program runs the tests. */
const NODE = Deno.args[0] ?? "node@22";

/** Tests may be skipped for needing Deno, but not more of them than this share. */
const MAX_SKIPPED = 0.2;

/**
 * What is not run on Node: tests of what is not in the package, and those that
 * reach into the runtime to break it, or kill processes of Deno.
 */
const LEFT_OUT = ["fault_test.ts", "kill_test.ts"];

/** Folders of `tests/` that run on Node, and those with what they need. */
const FOLDERS = ["pool/", "codec/", "doc/", "cli/", "fuzz/", "support/"];

/** Finds the parts of `npm:name@version/path`. */
const NPM_SPECIFIER = /"npm:(@?[^@"]+)@([^/"]+)([^"]*)"/g;

/** Packages that the tests import. */
const packages = new Set<string>();

const directory = Deno.makeTempDirSync({ prefix: "binfiles-node-" });
try {
  const root = new URL("..", import.meta.url);
  await buildNpmPackage(directory);
  const cwd = join(directory, "package");
  const tests = join(cwd, "tests");
  cpSync(new URL("tests/fixtures", root), join(tests, "fixtures"), {
    recursive: true,
  });
  for (const part of FOLDERS) {
    mkdirSync(join(tests, part), { recursive: true });
    for (const { name } of Deno.readDirSync(new URL(`tests/${part}`, root))) {
      if (!name.endsWith(".ts") || LEFT_OUT.includes(name)) continue;
      const source = readFileSync(
        new URL(`tests/${part}${name}`, root),
        "utf8",
      );
      writeFileSync(
        join(tests, part, name.replace(/\.ts$/, ".js")),
        compile(source),
      );
    }
  }
  cpSync(new URL("deno.json", root), join(cwd, "deno.json"));
  cpSync(
    new URL("scripts/_deno_on_node.js", root),
    join(cwd, "tests/_deno_on_node.js"),
  );
  await run("npm", [
    "install",
    ...["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"],
    ...packages,
  ], cwd);
  const report = await run("npx", [
    ...["--yes", NODE, "--test", "--test-reporter=spec"],
    `--test-concurrency=${availableParallelism()}`,
    "tests/*/*_test.js",
  ], cwd);
  summarize(report);
} finally {
  Deno.removeSync(directory, { recursive: true });
}

/** Compiles a test for Node 22, which has no `using` and no enums. */
function compile(source: string): string {
  const { outputText } = ts.transpileModule(withoutAliases(source), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      rewriteRelativeImportExtensions: true,
    },
  });
  const imports = `import { Deno, Worker } from "../_deno_on_node.js";\n`;
  return imports + outputText.replace(
    NPM_SPECIFIER,
    (_, name, version, path) => {
      packages.add(`${name}@${version}`);
      return `"${name}${path}"`;
    },
  );
}

/** Says what was run and what was not. */
function summarize(report: string): void {
  const count = (what: string) =>
    Number(report.match(new RegExp(`^ℹ ${what} (\\d+)$`, "m"))![1]);
  const skipped = count("skipped");
  for (const [line] of report.matchAll(/^﹣ .*$/gm)) console.log(line);
  console.log(`${NODE}: ${count("pass")} tests passed, ${skipped} skipped`);
  if (skipped > MAX_SKIPPED * count("tests")) {
    throw new Error("Too few of the tests run on Node");
  }
}
