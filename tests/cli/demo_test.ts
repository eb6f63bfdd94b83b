import { assert, assertEquals, assertMatch } from "@std/assert";
import { runOptimizationDemo } from "../../cli/demo.ts";
import { startCommand } from "../support/command.ts";

Deno.test("the demo compares both ways for each codec, and ends with advice", async () => {
  const lines: string[] = [];
  await runOptimizationDemo({
    documents: 50,
    codecs: ["gzip", "lz4"],
    print: (line) => lines.push(line),
  });
  const ways = lines.filter((line) =>
    /^(gzip|lz4) .*(original|pooled)/.test(line)
  );
  assertEquals(ways.length, 4);
  assert(lines.some((line) => /gzip \(.+\) [\d.]+ times as fast/.test(line)));
  assert(lines.some((line) => line.startsWith("What to do with it")));
});

Deno.test("RUN_OPTIMIZATION_DEMO=true runs the demo instead of any command", async () => {
  const child = startCommand(["count", "nosuch.bin"], {
    env: { RUN_OPTIMIZATION_DEMO: "true" },
  });
  // All of it takes half a minute.
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assertMatch(new TextDecoder().decode(value), /^50,000 documents/);
  child.kill();
  await reader.cancel();
  await child.stderr.cancel();
  await child.status;
});
