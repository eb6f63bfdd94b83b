/** Installs the npm package into an empty project and uses it on every runtime. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { run } from "../../scripts/run.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";
import { createNpmProject, programOf } from "./npm_project.ts";
import ts from "./typescript.ts";
import { exercise } from "./consumer.ts";

/** The runtimes, as npm packages. */
const RUNTIMES = ["node@22", "node@24", "bun@1"];

/** The strictest options that a project may have. */
const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  noUncheckedSideEffectImports: true,
  skipLibCheck: false,
  rewriteRelativeImportExtensions: true,
  target: "es2022",
};

/** Ways to resolve modules. */
const MODULES = {
  nodenext: { module: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

/** Where the types of streams, blobs and signals come from. The package needs either. */
const GLOBALS = {
  "dom": {
    lib: ["es2022", "esnext.disposable", "dom", "dom.asynciterable"],
    types: [],
  },
  "the types of Node": {
    lib: ["es2022", "esnext.disposable"],
    types: ["node"],
  },
};

Deno.test("the npm package works in an empty project", async (t) => {
  using directory = new TemporaryDirectory();
  const { cwd, tarball, write } = await createNpmProject(
    directory,
    "typescript@5.9",
    "@types/node@22",
  );
  const files = await run("tar", ["-tzf", tarball], ".");
  for (const name of ["consumer.ts", "run_consumer.ts", "strict.ts"]) {
    Deno.copyFileSync(new URL(name, import.meta.url), join(cwd, name));
  }

  await t.step("it has only what users need", () => {
    for (const file of files.trim().split("\n")) {
      assertMatch(
        file,
        /^package\/(package\.json|README\.md|CHANGELOG\.md|LICENSE|LICENSES\.txt|(((pool|codec|doc|cli)\/(\w+\/){0,2})?\w+\.(js|js\.map|d\.ts)|node\/\w+\.(js|js\.map)|vendor\/\w+\.js|src\/(\w+\/){0,3}\w+\.ts))$/,
      );
    }
    const packed = join(cwd, "node_modules/@binfiles/binfiles");
    const manifest = JSON.parse(
      Deno.readTextFileSync(join(packed, "package.json")),
    );
    assertEquals(manifest.version, project.version);
    for (const name of Object.keys(project.exports)) {
      const entry: Record<string, string> = manifest.exports[name];
      for (const path of Object.values(entry)) {
        assert(Deno.statSync(join(packed, path)).isFile, path);
      }
    }
    // Packages that only the command line needs, or that need another registry, are part of it.
    assertEquals(Object.keys(manifest.dependencies), ["fflate", "fzstd"]);
    const installed = Array.from(Deno.readDirSync(join(cwd, "node_modules")));
    const names = installed.map(({ name }) => name);
    assert(!names.includes("commander") && !names.includes("deno-std"));
  });

  await t.step("on Node, a library entry is one file without imports", () => {
    const text = Deno.readTextFileSync(
      join(cwd, "node_modules/@binfiles/binfiles/node/mod.js"),
    );
    const { importedFiles } = ts.preProcessFile(text);
    assertEquals(importedFiles.map(({ fileName }) => fileName), []);
  });

  await t.step(
    "source maps lead to the sources, and name no path of the machine that built them",
    () => {
      const packed = join(cwd, "node_modules/@binfiles/binfiles");
      for (const file of files.trim().split("\n")) {
        if (!file.endsWith(".js.map")) continue;
        const path = join(packed, file.replace("package/", ""));
        const { sources, mappings }: { sources: string[]; mappings: string } =
          JSON.parse(Deno.readTextFileSync(path));
        // Modules of types are empty.
        assert(sources.length > 0 || /^;*$/.test(mappings), path);
        for (const source of sources) {
          if (source.includes("node_modules")) continue;
          const found = join(path, "..", source);
          assert(
            found.startsWith(packed) && Deno.statSync(found).isFile,
            found,
          );
        }
        assert(!Deno.readTextFileSync(path).includes(Deno.cwd()));
      }
    },
  );

  for (const [name, module] of Object.entries(MODULES)) {
    for (const [globals, options] of Object.entries(GLOBALS)) {
      await t.step(
        `strict consumers compile with module ${name} and ${globals}, but not with a typing error in the name of a codec`,
        async () => {
          write(
            "tsconfig.json",
            JSON.stringify({
              compilerOptions: { ...COMPILER_OPTIONS, ...module, ...options },
            }),
          );
          await run("npx", ["tsc"], cwd);
        },
      );
    }
  }

  await t.step("a CommonJS consumer in TypeScript compiles", async () => {
    write("legacy.cts", LEGACY);
    const options = ["--module", "nodenext", "--target", "es2022", "--strict"];
    await run("npx", ["tsc", ...options, "legacy.cts"], cwd);
  });

  await t.step("editors complete the names of codecs", () => {
    for (const [code, expected] of COMPLETED) {
      const names = completionsAt(cwd, code);
      for (const name of expected) {
        assert(names.includes(name), `${name} in ${code}: ${names}`);
      }
    }
  });

  const own = directory.file("deno");
  Deno.mkdirSync(own);
  const expected = await exercise(own);
  for (const runtime of RUNTIMES) {
    const program = await programOf(runtime, cwd);

    await t.step(`all modules parse on ${runtime}`, async () => {
      write("parse.mjs", PARSE);
      const options = runtime.startsWith("bun")
        ? []
        : ["--experimental-vm-modules", "--no-warnings"];
      const count = await run(program, [...options, "parse.mjs"], cwd);
      assert(Number(count) > 150, count);
    });

    await t.step(`require() works on ${runtime}`, async () => {
      write("required.cjs", REQUIRED);
      assertEquals(await run(program, ["required.cjs"], cwd), "8 true 12\n");
    });

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

/** Parses all modules of the package, whose syntax a runtime may not know, and prints how many there are. */
const PARSE = `
  import { readdirSync, readFileSync } from "node:fs";
  import { SourceTextModule } from "node:vm";
  const folder = "node_modules/@binfiles/binfiles/";
  const modules = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".js"));
  for (const name of modules) {
    new SourceTextModule(readFileSync(folder + name, "utf8"), { identifier: name });
  }
  console.log(modules.length);`;

/** Uses the package with `require`, all entries of which are one library. */
const REQUIRED = `
  const { codecNames, compress, decompress, DocReader } = require("@binfiles/binfiles");
  const core = require("@binfiles/binfiles/core");
  require("@binfiles/binfiles/codec/lz4");
  require("@binfiles/binfiles/recovery");
  let count = 0;
  for (const name of codecNames) {
    count += decompress(compress(new Uint8Array(100), name), name).length / 100;
  }
  const reader = new DocReader(${JSON.stringify(fixture("gzip.bin"))});
  const docs = Array.from(reader);
  reader.close();
  const { content } = docs.find(({ name }) => name === "hello.txt");
  console.log(count, core.DocReader === DocReader, content.length);`;

/** A consumer that is compiled to CommonJS. */
const LEGACY = `
  import { DocReader } from "@binfiles/binfiles";
  import binfiles = require("@binfiles/binfiles/doc");
  new binfiles.DocReader(new Uint8Array(0), { codec: "gzip" }).close();
  const reader: binfiles.DocReader = new DocReader(new Uint8Array(0));
  reader.close();`;

/** Code with the cursor at `|`, and some names that an editor must offer there. */
const COMPLETED: [code: string, expected: string[]][] = [
  ['compress(new Uint8Array(1), "|")', ["gzip", "zstd", "br", "zst"]],
  ['new DocReader("docs.bin", { codec: "|" })', ["gzip", "lz4", "bz2"]],
  ['new DocWriter("docs.bin", { codec: "|" })', ["gzip", "lz4", "bz2"]],
  ['docStream(stream, { packageCodec: "|" })', ["gzip", "xz"]],
  [
    'repack({ source: "a", target: "b", targetCodec: "|" })',
    ["gzip", "zstd", "same"],
  ],
];

/** Asks the language service of TypeScript what an editor offers at `|`. */
function completionsAt(cwd: string, code: string): string[] {
  const file = join(cwd, "completed.ts");
  const before =
    `import { compress, DocReader, docStream, DocWriter, repack } from "@binfiles/binfiles";
    declare const stream: ReadableStream<Uint8Array>;\n`;
  const text = before + code.replace("|", "");
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      strict: true,
      types: [],
    }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot(name) {
      const content = name === file ? text : ts.sys.readFile(name);
      return content === undefined
        ? undefined
        : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => cwd,
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
  const position = before.length + code.indexOf("|");
  const completions = service.getCompletionsAtPosition(file, position, {});
  return completions?.entries.map(({ name }) => name) ?? [];
}
