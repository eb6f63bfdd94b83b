/** A short run of the fuzzer; `deno task fuzz` runs longer. */
import { assertEquals, assertMatch } from "@std/assert";
import { countAllocations, fuzz, MAX_ALLOCATION } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** Number of inputs, of all targets together. */
const INPUTS = 20_000;

countAllocations();

const shares = targets.reduce((sum, { share }) => sum + share, 0);

for (const target of targets) {
  Deno.test(`hostile input causes no crash and no large allocation: ${target.name}`, async () => {
    const inputs = Math.ceil(INPUTS * target.share / shares);
    const failures = await Array.fromAsync(fuzz(target, 20, 0, inputs));
    assertEquals(failures, []);
  });
}

Deno.test("the fuzzer finds crashes and large allocations, and repeats its inputs", async () => {
  const run = (work: (input: Uint8Array) => void, count = 1) =>
    Array.fromAsync(
      fuzz(
        {
          name: "sample",
          share: 1,
          seeds: () => [new Uint8Array(100)],
          run: work,
        },
        3,
        5,
        count,
      ),
    );
  const [crash] = await run(() => {
    throw new TypeError("broken");
  });
  assertMatch(crash.problem, /broken/);
  const [bloat] = await run(() => void new Uint8Array(MAX_ALLOCATION + 10_000));
  assertMatch(bloat.problem, /allocates/);
  assertEquals(bloat.input, crash.input);
  assertEquals(await run(() => {}, 20), []);
});
