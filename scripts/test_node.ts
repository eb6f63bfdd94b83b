/**
 * Runs the tests on Node, against the npm package: `deno task test:node`.
 *
 * The tests are compiled into the unpacked package, so they import what npm
 * users get. `_deno_on_node.js` stands in for the parts of Deno that they use.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
// Not in deno.json: the command line would download it too.
// deno-lint-ignore no-import-prefix
import ts from "npm:typescript@5.9.3";
import { run } from "./run.ts";
import { buildNpmPackage, withoutAliases } from "./npm.ts";

/** The npm package of the runtime. */
const NODE = Deno.args[0] ?? "node@22";

/** Largest share of tests that may be skipped because they need Deno. */
const MAX_SKIPPED = 0.2;

/** Tests that need Deno as a whole: they make its system calls fail, or start it and Node beside it. */
const EXCLUDED = [
  ...["fault_test.ts", "kill_test.ts"],
  ...["lock_processes_test.ts", "shared_directory_test.ts"],
];

/** Folders of `tests/` with tests for Node, and with what those import. */
const FOLDERS = ["pool/", "codec/", "doc/", "cli/", "fuzz/", "support/"];

/** Matches `npm:name@version/path` and its parts. */
const NPM_SPECIFIER = /"npm:(@?[^@"]+)@([^/"]+)([^"]*)"/g;

/** npm packages that the tests import. */
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
    const entries = Deno.readDirSync(new URL(`tests/${part}`, root));
    for (const { name, isFile } of entries) {
      // Folders hold programs that the tests start on Deno.
      if (!isFile || EXCLUDED.includes(name)) continue;
      const source = new URL(`tests/${part}${name}`, root);
      const target = join(tests, part, name);
      if (name.endsWith(".ts")) {
        writeFileSync(
          target.replace(/\.ts$/, ".js"),
          compile(readFileSync(source, "utf8")),
        );
      } else cpSync(source, target);
    }
  }
  cpSync(new URL("deno.json", root), join(cwd, "deno.json"));
  cpSync(new URL("guide/errors.md", root), join(cwd, "guide/errors.md"));
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

/** Compiles a test for Node 22, which has neither `using` nor enums. */
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

/** Prints how many tests ran, and which were skipped. @throws {Error} Too many were. */
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
