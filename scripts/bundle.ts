import { run } from "./run.ts";

/** Bundles a module and everything it imports into one module for browsers. @returns Its source. */
export async function bundleForBrowser(entry: URL): Promise<string> {
  const output = Deno.makeTempFileSync({ suffix: ".js" });
  try {
    await run(Deno.execPath(), [
      ...["bundle", "--quiet", "--platform", "browser", "--minify"],
      ...["--output", output, entry.href],
    ], ".");
    return Deno.readTextFileSync(output);
  } finally {
    Deno.removeSync(output);
  }
}
