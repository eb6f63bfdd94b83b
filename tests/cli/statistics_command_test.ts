import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCommand, startCommand } from "../support/command.ts";
import { fixture, TemporaryDirectory } from "../support/files.ts";

Deno.test("--stats prints memory and pool statistics at the end, on the standard error", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("target.bin");
  const { code, stdout, stderr } = await runCommand(
    ["repack", fixture("gzip.bin"), target, "-t", "zstd", "--json", "--stats"],
  );
  assertEquals([code, JSON.parse(stdout).documents], [0, 32]);
  assertMatch(stderr, /^memory: peak .* heap, .* external buffers; /);
  assertMatch(stderr, /^compressors +1 /m);
  // Also after an error.
  const failed = await runCommand(["count", directory.path, "--stats"]);
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.stderr, "memory: peak ");
});

Deno.test("RUN_OPTIMIZATION_DEMO=true runs the demo instead of any command", async () => {
  const child = startCommand(["count", "nosuch.bin"], {
    env: { RUN_OPTIMIZATION_DEMO: "true" },
  });
  // The demo itself takes half a minute and has a test of its own.
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assertMatch(new TextDecoder().decode(value), /^50,000 documents/);
  child.kill();
  await reader.cancel();
  await child.stderr.cancel();
  await child.status;
});
