/**
 * Builds the viewer, a single HTML file, and serves it on this machine:
 * `deno task viewer`. With `--build`, it is only built.
 */
import { mkdirSync } from "node:fs";
import { bundleForBrowser } from "./bundle.ts";

/** Path of the page. */
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
  // A page opened from a file can start a classic worker, but not a module worker.
  const source = `(async () => {\n${worker}})();`;
  // Nothing in the script may close the script element.
  const script = `const WORKER_SOURCE = ${JSON.stringify(source)};\n${main}`
    .replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
  // Only the page's own script and style run, and it can connect to nothing.
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
  console.log(`Wrote ${OUTPUT}: open it in a browser, or host it.`);
  if (!Deno.args.includes("--build")) {
    Deno.serve(
      { hostname: "localhost", port: 8080 },
      ({ url }) =>
        new URL(url).pathname === "/"
          ? new Response(html, { headers: { "content-type": "text/html" } })
          : new Response("Not found. The viewer is at /.", { status: 404 }),
    );
  }
}
