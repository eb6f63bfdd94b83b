import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { formatStatistics } from "../../cli/statistics.ts";
import { compress } from "../../codec/mod.ts";
import { MemoryPool, watchMemory } from "../../pool/mod.ts";
import { runCommand } from "../support/command.ts";
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

Deno.test("the statistics show how much of the pool was reused", () => {
  const pool = new MemoryPool();
  const watch = watchMemory({ pool });
  for (let i = 0; i < 4; i++) compress(new Uint8Array(1000), "lz4", { pool });
  const lines = formatStatistics(watch.close()).split("\n");
  assert(lines[0].startsWith("memory: peak "), lines[0]);
  const compressors = lines.find((line) => line.startsWith("compressors"))!;
  assertEquals(compressors.split(/\s+/).slice(1, 5), ["4", "75.0%", "1", "1"]);
  // An unused part has no share of reuse.
  const documents = lines.find((line) => line.startsWith("document buffers"))!;
  assertEquals(documents.split(/\s+/).slice(2, 5), ["0", "0", "0"]);
});
