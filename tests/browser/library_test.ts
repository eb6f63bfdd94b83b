/** The library in a browser: bundled, and run in Chromium. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { repack } from "../../doc/mod.ts";
import { bundleForBrowser } from "../../scripts/bundle.ts";
import { fixture, manifest, TemporaryDirectory } from "../support/files.ts";
import { browserTest } from "../support/chromium.ts";

const bundle = (name: string) =>
  bundleForBrowser(new URL(name, import.meta.url));

Deno.test("every entry bundles for browsers, with no imports left", async () => {
  for (const entry of ["mod.ts", "pool/mod.ts", "codec/mod.ts", "doc/mod.ts"]) {
    const code = await bundle(`../../${entry}`);
    assert(code.length > 1000);
    // The browser could not resolve what is left to import.
    assertEquals(
      code.match(/(\bfrom|\bimport|\brequire\()\s*\(?\s*["'`][^"'`]*["'`]/g),
      null,
    );
  }
});

browserTest(
  "a browser reads every codec, and errors name the alternative to what it cannot write",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const zstd = directory.file("zstd.bin");
    await repack({
      source: fixture("none.bin"),
      target: zstd,
      targetCodec: "zstd",
    });
    const html =
      `<!doctype html><script type="module" src="/page.js"></script>`;
    const files: Record<string, [string, BodyInit]> = {
      "/": ["text/html", html],
      "/favicon.ico": ["image/png", ""],
      "/page.js": ["text/javascript", await bundle("_library_page.ts")],
      "/worker.js": ["text/javascript", await bundle("_library_worker.ts")],
    };
    await using server = Deno.serve({ port: 0, onListen() {} }, ({ url }) => {
      const { pathname } = new URL(url);
      const [type, body] = files[pathname] ??
        [
          "application/octet-stream",
          Deno.readFileSync(
            pathname === "/zstd.bin" ? zstd : fixture(pathname.slice(1)),
          ),
        ];
      return new Response(body, { headers: { "content-type": type } });
    });
    const page = await browser.open(`http://localhost:${server.addr.port}/`);
    await page.until("globalThis.outcome !== undefined");
    // deno-lint-ignore no-explicit-any
    const outcome = await page.evaluate<any>("outcome");
    assertEquals(page.problems, []);

    const documents = manifest.map(({ key, sha256 }) => [key, sha256]);
    for (
      const codec of ["none", "gzip", "bzip2", "brotli", "lz4", "xz", "zstd"]
    ) {
      assertEquals(outcome.read[codec], documents, codec);
    }
    assertEquals(outcome.worker, { codec: "xz", documents });
    assertEquals(outcome.repacked, documents);

    for (const codec of ["none", "gzip", "zip", "bzip2", "lz4", "xz"]) {
      assertEquals(outcome.written[codec], "done");
    }
    const remedy = /on this runtime.* Use Deno.* Node.* Bun/;
    assertMatch(outcome.written.zstd, remedy);
    assertMatch(outcome.written.brotli, remedy);
    assertMatch(outcome.errors.compressionStream, remedy);
    for (const name of ["openFile", "DocWriter", "repack"]) {
      assertMatch(
        outcome.errors[name],
        /^FileError: .*no node:fs.* from a stream/,
      );
    }
    assertMatch(
      outcome.errors.blobSource,
      /^FileError: .* only in web workers/,
    );
    assertEquals(outcome.idle, 1);
    assertEquals(outcome.engines, [
      "gzip: fflate",
      "none: binfiles",
      "zip: fflate",
      "bzip2: binfiles",
      "brotli: binfiles",
      "lz4: binfiles",
      "xz: binfiles",
      "zstd: fzstd",
    ]);
  },
);
