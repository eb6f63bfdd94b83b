import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

/** The folder of `deno.json`, whose import map applies to all modules. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Bundles a module and everything it imports into one module without imports. */
export async function bundle(
  entry: string,
  output: string,
  ...options: string[]
): Promise<void> {
  await run(Deno.execPath(), [
    ...["bundle", "--quiet", "--platform", "browser", "--minify"],
    ...["--config", `${ROOT}deno.json`, ...options],
    ...["--output", output, entry],
  ], ROOT);
}

/** Bundles a module for browsers. @returns Its source. */
export async function bundleForBrowser(entry: URL): Promise<string> {
  const output = Deno.makeTempFileSync({ suffix: ".js" });
  try {
    await bundle(entry.href, output);
    return Deno.readTextFileSync(output);
  } finally {
    Deno.removeSync(output);
  }
}
