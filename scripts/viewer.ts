/**
 * Builds the viewer, one HTML file with all that it needs: `deno task viewer`
 * serves it on this machine; with `--build` it is only built, for a place
 * where others find it.
 */
import { mkdirSync } from "node:fs";
import { bundleForBrowser } from "./bundle.ts";

/** Where the page is put. */
const OUTPUT = "dist/viewer.html";

const folder = new URL("../viewer/", import.meta.url);

/** Builds the page. @returns Its HTML. */
export async function buildViewer(): Promise<string> {
  const [worker, main, style, html] = await Promise.all([
    bundleForBrowser(new URL("worker.ts", folder)),
    bundleForBrowser(new URL("main.ts", folder)),
    Deno.readTextFile(new URL("style.css", folder)),
    Deno.readTextFile(new URL("index.html", folder)),
  ]);
  // A page that is opened as a file may start such a thread, but none of a module.
  const source = `(async () => {\n${worker}})();`;
  // Whatever the sources say, they must not end the element that they are in.
  const script = `const WORKER_SOURCE = ${JSON.stringify(source)};\n${main}`
    .replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
  // Scripts and styles are those of the page, and it can connect to nothing.
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(script)} blob:`,
    `style-src ${await hashOf(style)}`,
    "worker-src blob:",
    "img-src blob: data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return html
    .replace('content=""', () => `content="${policy}"`)
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace('module"></script>', () => `module">${script}</script>`);
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle
    .digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${new Uint8Array(digest).toBase64()}'`;
}

if (import.meta.main) {
  const html = await buildViewer();
  mkdirSync("dist", { recursive: true });
  Deno.writeTextFileSync(OUTPUT, html);
  console.log(`The viewer is ${OUTPUT}: open it in a browser, or host it.`);
  if (!Deno.args.includes("--build")) {
    Deno.serve(
      { hostname: "localhost", port: 8080 },
      ({ url }) =>
        new URL(url).pathname === "/"
          ? new Response(html, { headers: { "content-type": "text/html" } })
          : new Response("There is only one page: /", { status: 404 }),
    );
  }
}
