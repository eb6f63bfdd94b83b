/** Input that claims or becomes much more than it is must not take the memory for it. */
import { assert } from "@std/assert";
import { runProgram } from "../support/run_program.ts";

/** No input may take more than this, in megabytes. */
const LIMIT = 64;

/** Runs a case in a process of its own and checks how much memory it took. */
async function assertSmall(name: string): Promise<void> {
  const program = new URL("programs/hostile_input.ts", import.meta.url);
  const grown: Record<string, number> = JSON.parse(
    await runProgram(program, [name], {
      flags: ["--allow-all", "--v8-flags=--expose-gc"],
    }),
  );
  assert(Object.keys(grown).length > 0);
  for (const [name, megabytes] of Object.entries(grown)) {
    // One step of a stream is 64 bytes of these, which are up to 80 MB of zeros
    // in brotli, and in bzip2 a block of up to 46 MB, twice for a moment.
    const isDense = name === "brotli stream" || name === "bzip2 stream";
    const limit = isDense ? 2 * LIMIT : LIMIT;
    assert(megabytes <= limit, `${name} took ${megabytes} MB`);
  }
}

Deno.test("decompression bombs stop at the limit, wherever they come in", () =>
  assertSmall("bombs"));

Deno.test("the size in a header is not allocated before the bytes arrive", () =>
  assertSmall("claims"));

Deno.test("large windows, dictionaries and blocks are not allocated before there is data for them", () =>
  assertSmall("windows"));
