/** Bundles the npm package, as web pages and servers do, and runs the bundles. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../../scripts/run.ts";
import { esbuild, nodeResolve, rollup } from "./bundlers.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";
import { createNpmProject, programOf } from "../npm/npm_project.ts";

/** Maximum sizes of pages that read bin files, compressed with gzip, in bytes. */
const MAX_SIZES = {
  gzip: { stream: 20 * 1024, reader: 20 * 1024 },
  lz4: { stream: 15 * 1024, reader: 17.5 * 1024 },
};

const RUNTIMES = ["node@22", "node@24", "bun@1"];

/** A page that reads a picked file or a response from start to end. */
const stream = (codec: string) => `
  import "@binfiles/binfiles/codec/${codec}";
  import { docStream } from "@binfiles/binfiles/core";
  export async function list(bytes) {
    const names = [];
    const reader = docStream(new Blob([bytes]).stream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return names;
      names.push(value.name + " " + value.content.length);
    }
  }`;

/** A page that reads a file at any offset. */
const reader = (codec: string) => `
  import "@binfiles/binfiles/codec/${codec}";
  import { DocReader } from "@binfiles/binfiles/core";
  export function list(bytes) {
    const names = [];
    const reader = new DocReader(bytes);
    for (const doc of reader) names.push(doc.name + " " + doc.content.length);
    return names;
  }`;

/** A server that repacks with threads, and prints what it was warned of. */
const server = (workerUrl: string) => `
  import { repack } from "@binfiles/binfiles";
  const [source, target] = process.argv.slice(2);
  const warnings = [];
  repack({
    source, target, targetCodec: "lz4", workers: 3, force: true,
    onWarning: (warning) => warnings.push(warning),
    ${workerUrl}
  }).then(({ documents }) =>
    console.log(JSON.stringify({ documents, warnings })));`;

Deno.test("bundles of the npm package", async (t) => {
  using directory = new TemporaryDirectory();
  const { cwd, write } = await createNpmProject(directory);
  const build = (
    name: string,
    source: string,
    options: Parameters<typeof esbuild.build>[0] = {},
  ) => {
    const entry = write(`${name}.mjs`, source);
    return esbuild.build({
      absWorkingDir: cwd,
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      metafile: true,
      outfile: join(cwd, `${name}.out.mjs`),
      logLevel: "error",
      ...options,
    });
  };

  for (const [codec, sizes] of Object.entries(MAX_SIZES)) {
    for (const [way, source] of Object.entries({ stream, reader })) {
      const maximum = sizes[way as keyof typeof sizes];
      const name = `${way}_${codec}`;

      await t.step(
        `a page that reads ${codec} bin files with a ${way} is at most ${maximum} bytes with esbuild, and holds no other codec`,
        async () => {
          const { metafile } = await build(name, source(codec), {
            minify: true,
          });
          const path = join(cwd, `${name}.out.mjs`);
          await checkPage(path, codec, maximum);
          const [{ inputs }] = Object.values(metafile!.outputs);
          const used = Object.entries(inputs)
            .filter(([, { bytesInOutput }]) => bytesInOutput > 0);
          checkModules(used.map(([file]) => file), codec);
        },
      );

      await t.step(
        `a page that reads ${codec} bin files with a ${way} is at most ${maximum} bytes with rollup, and holds no other codec`,
        async () => {
          const input = write(`${name}.mjs`, source(codec));
          const bundle = await rollup({
            input,
            plugins: [nodeResolve({ browser: true })],
            onwarn(warning: { message: string }) {
              throw new Error(warning.message);
            },
          });
          const { output: [{ code, modules }] } = await bundle
            .generate({ format: "es", inlineDynamicImports: true });
          await bundle.close();
          const minified = await esbuild.transform(code, {
            minify: true,
            format: "esm",
          });
          const path = write(`${name}.rollup.mjs`, minified.code);
          await checkPage(path, codec, maximum);
          const used = Object.entries(modules)
            .filter(([, { renderedLength }]) => renderedLength > 0);
          checkModules(used.map(([file]) => file), codec);
        },
      );
    }
  }

  await t.step(
    "a classic script with all codecs, compiled for ES2020, runs",
    async () => {
      await build("script", `export * from "@binfiles/binfiles";`, {
        format: "iife",
        globalName: "binfiles",
        target: "es2020",
        outfile: join(cwd, "script.cjs"),
      });
      const path = join(cwd, "script.cjs");
      Deno.writeTextFileSync(path, ROUND_TRIP, { append: true });
      assertEquals(await run(Deno.execPath(), ["run", path], cwd), "8\n");
    },
  );

  const programs = new Map<string, string>();
  for (const runtime of RUNTIMES) {
    programs.set(runtime, await programOf(runtime, cwd));
  }
  const source = fixture("gzip.bin");
  const large = directory.file("large.bin");
  const bytes = Deno.readFileSync(source);
  using file = Deno.createSync(large);
  for (let i = 0; i < 200; i++) file.writeSync(bytes);
  const target = directory.file("target.bin");
  const serve = async (runtime: string, script: string) =>
    JSON.parse(
      await run(
        programs.get(runtime)!,
        [join(cwd, script), large, target],
        cwd,
      ),
    ) as { documents: number; warnings: string[] };

  for (const runtime of RUNTIMES) {
    await t.step(
      `a bundled server starts threads on ${runtime}: of thread_main.js beside it, and of workerUrl`,
      async () => {
        mkdir(join(cwd, "dist"));
        await build("beside", server(""), {
          platform: "node",
          outfile: join(cwd, "dist/beside.js"),
        });
        const worker = `import "@binfiles/binfiles/worker";`;
        for (const name of ["thread_main", "own_worker"]) {
          await build(name, worker, {
            platform: "node",
            outfile: join(cwd, `dist/${name}.js`),
          });
        }
        await build(
          "given",
          server(`workerUrl: new URL("./own_worker.js", import.meta.url),`),
          { platform: "node", outfile: join(cwd, "dist/given.js") },
        );
        const expected = { documents: 6400, warnings: [] };
        assertEquals(await serve(runtime, "dist/beside.js"), expected);
        Deno.removeSync(join(cwd, "dist/thread_main.js"));
        assertEquals(await serve(runtime, "dist/given.js"), expected);
      },
    );

    for (const format of ["esm", "cjs"] as const) {
      await t.step(
        `a server that was bundled as ${format} without the module of the threads repacks in one thread on ${runtime}, with a warning`,
        async () => {
          mkdir(join(cwd, "alone"));
          const outfile = `alone/${format}.${format === "esm" ? "mjs" : "cjs"}`;
          await build("alone", server(""), {
            platform: "node",
            format,
            outfile: join(cwd, outfile),
            logLevel: "silent",
          });
          for (const source of [large, await packageOf(large)]) {
            const { documents, warnings } = JSON.parse(
              await run(
                programs.get(runtime)!,
                [join(cwd, outfile), source, target],
                cwd,
              ),
            );
            assertEquals(documents, 6400);
            assertEquals(warnings.length, 1);
            assertMatch(
              warnings[0],
              /^Cannot start a worker thread \(.*workerUrl/,
            );
          }
        },
      );
    }
  }

  await t.step("a server that Bun has bundled starts threads", async () => {
    const bun = programs.get("bun@1")!;
    write("bun_server.mjs", server(""));
    write("thread_main.mjs", `import "@binfiles/binfiles/worker";`);
    await run(bun, [
      ...["build", "--target=bun", "--outdir=bun"],
      ...["bun_server.mjs", "thread_main.mjs"],
    ], cwd);
    assertEquals(await serve("bun@1", "bun/bun_server.js"), {
      documents: 6400,
      warnings: [],
    });
  });
  await esbuild.stop();

  async function checkPage(path: string, codec: string, maximum: number) {
    const size = await gzipSize(Deno.readFileSync(path));
    assert(size <= maximum, `${size} bytes`);
    const { list } = await import(pathToFileURL(path).href);
    const names = await list(Deno.readFileSync(fixture(`${codec}.bin`)));
    assertEquals(names.length, 32);
    assert(names.includes("hello.txt 12"));
  }

  /** Writes a package beside a file. @returns Its path. */
  async function packageOf(path: string): Promise<string> {
    const packed = `${path}.gz`;
    const output = await Deno.create(packed);
    const input = await Deno.open(path);
    await input.readable.pipeThrough(new CompressionStream("gzip"))
      .pipeTo(output.writable);
    return packed;
  }
});

/** Compresses and decompresses with every codec, and prints how many there are. */
const ROUND_TRIP = `
  for (const codec of binfiles.codecNames) {
    const packed = binfiles.compress(new Uint8Array(1000), codec);
    const { length } = binfiles.decompress(packed, codec);
    if (length !== 1000) throw new Error(codec);
  }
  console.log(binfiles.codecNames.length);`;

/** Checks that a bundle has no module of another codec, and none of jobs and recovery. */
function checkModules(files: string[], codec: string): void {
  const others = ["brotli", "bzip2", "gzip", "lz4", "xz", "zstd"]
    .filter((name) => name !== codec)
    .flatMap((name) => [`codec/${name}/`, `codec/${name}.js`]);
  const unused = [...others, "doc/job/", "doc/target/", "damage/resync"];
  const wrong = files.map((file) => file.replaceAll("\\", "/"))
    .filter((file) => unused.some((part) => file.includes(part)));
  assertEquals(wrong, []);
}

async function gzipSize(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

function mkdir(path: string): void {
  Deno.mkdirSync(path, { recursive: true });
}
