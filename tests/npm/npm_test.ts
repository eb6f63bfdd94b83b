/** Installs the npm package into an empty project and uses it on every runtime. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { buildNpmPackage } from "../../scripts/npm.ts";
import { run } from "../../scripts/run.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";
import { exercise } from "./consumer.ts";

/** The runtimes, as npm packages. */
const RUNTIMES = ["node@22", "node@24", "bun@1"];

/** The strictest options that a project may have. */
const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  skipLibCheck: false,
  module: "nodenext",
  rewriteRelativeImportExtensions: true,
  target: "es2022",
  lib: ["es2022", "esnext.disposable", "dom", "dom.asynciterable"],
  // The package's types must not need those of Node.
  types: [],
};

/** Path of a runtime's program. */
async function programOf(runtime: string, cwd: string): Promise<string> {
  const script = ["-p", "process.execPath"];
  return (await run("npx", ["--yes", runtime, ...script], cwd)).trim();
}

Deno.test("the npm package works in an empty project", async (t) => {
  using directory = new TemporaryDirectory();
  const tarball = await buildNpmPackage(directory.file("npm"));
  const files = await run("tar", ["-tzf", tarball], ".");
  const cwd = directory.file("project");
  Deno.mkdirSync(cwd);
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(join(cwd, name), text);
  write("package.json", JSON.stringify({ private: true, type: "module" }));
  write("tsconfig.json", JSON.stringify({ compilerOptions: COMPILER_OPTIONS }));
  for (const name of ["consumer.ts", "run_consumer.ts"]) {
    Deno.copyFileSync(new URL(name, import.meta.url), join(cwd, name));
  }
  await run(
    "npm",
    [
      "install",
      ...["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"],
      ...[tarball, "typescript@5"],
    ],
    cwd,
  );

  await t.step("it has only what users need", () => {
    for (const file of files.trim().split("\n")) {
      assertMatch(
        file,
        /^package\/(package\.json|README\.md|CHANGELOG\.md|LICENSE|mod\.(js|d\.ts)|(pool|codec|doc|cli)\/(\w+\/)?\w+\.(js|d\.ts))$/,
      );
    }
    const packed = join(cwd, "node_modules/@binfiles/binfiles");
    const manifest = JSON.parse(
      Deno.readTextFileSync(join(packed, "package.json")),
    );
    assertEquals(manifest.version, project.version);
    for (const name of Object.keys(project.exports)) {
      const entry = manifest.exports[name];
      assert(Deno.statSync(join(packed, entry.import)).isFile);
      assert(Deno.statSync(join(packed, entry.types)).isFile);
    }
  });

  await t.step("a strict consumer compiles", async () => {
    await run("npx", ["tsc"], cwd);
  });

  const own = directory.file("deno");
  Deno.mkdirSync(own);
  const expected = await exercise(own);
  for (const runtime of RUNTIMES) {
    const program = await programOf(runtime, cwd);

    await t.step(
      `every entry works on ${runtime}, and the engines of binfiles write the same bytes as on Deno`,
      async () => {
        const path = directory.file(runtime);
        Deno.mkdirSync(path);
        assertEquals(
          JSON.parse(await run(program, ["run_consumer.js", path], cwd)),
          expected,
        );
      },
    );

    await t.step(`the command line works on ${runtime}`, async () => {
      const binfiles = (...args: string[]) =>
        run(
          program,
          ["node_modules/@binfiles/binfiles/cli/binfiles.js", ...args],
          cwd,
        );
      assertEquals((await binfiles("--version")).trim(), project.version);
      const target = directory.file(`${runtime}.bin`);
      const result = JSON.parse(
        await binfiles(
          ...["repack", fixture("gzip.bin"), target],
          ...["-t", "lz4", "-w", "2", "--json"],
        ),
      );
      assertEquals(result.documents, 32);
      assertEquals((await binfiles("count", target, "-w", "2")).trim(), "32");
      assertMatch(await binfiles("list", target), /^\d+\thello\.txt\t/m);
      assertEquals(
        await binfiles("read", target, "--key", "hello.txt"),
        await binfiles("read", fixture("none.bin"), "--key", "hello.txt"),
      );
      await binfiles("verify", target, fixture("none.bin"));
      await binfiles("repack", target, `${target}.plain`, "--quiet");
      assertEquals(
        Deno.readFileSync(`${target}.plain`),
        Deno.readFileSync(fixture("none.bin")),
      );
    });
  }

  await t.step("npx runs the command", async () => {
    assertMatch(await run("npx", ["binfiles", "--help"], cwd), /repack/);
  });
});
