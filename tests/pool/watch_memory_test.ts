import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertThrows,
} from "@std/assert";
import { compress } from "../../codec/mod.ts";
import {
  MemoryPool,
  type MemorySnapshot,
  OptionError,
  watchMemory,
} from "../../pool/mod.ts";
import { runProgram } from "../support/run_program.ts";

const pause = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("a watch reports a peak between two reports", async () => {
  using watch = watchMemory({ interval: 5 });
  let held: Uint8Array[] = Array.from(
    { length: 30 },
    () => new Uint8Array(1_000_000),
  );
  await pause(50);
  held = held.slice(0, 1);
  const { peakExternal, peakRss, peakHeapUsed, seconds } = watch.report();
  assertGreater(peakExternal, 30e6);
  assertGreater(peakRss, 30e6);
  assertGreater(peakHeapUsed, 1e6);
  assertGreater(seconds, 0);
  assertEquals(held.length, 1);
});

Deno.test("a watch counts the garbage collections of its thread", () => {
  using watch = watchMemory();
  const before = watch.report().collections!;
  let garbage: unknown[] = [];
  for (let i = 0; i < 2_000_000; i++) garbage = [i, garbage[0]];
  assertEquals(garbage[0], 1_999_999);
  assertGreater(watch.report().collections!, before);
});

Deno.test("onSnapshot receives every sample, with the statistics of the watched pool", async () => {
  const pool = new MemoryPool();
  const snapshots: MemorySnapshot[] = [];
  const watch = watchMemory({
    interval: 5,
    pool,
    onSnapshot: (snapshot) => snapshots.push(snapshot),
  });
  compress(new Uint8Array(1000), "lz4", { pool });
  await pause(30);
  const report = watch.close();
  assertGreaterOrEqual(snapshots.length, 3);
  assertEquals(snapshots[0].pool.compressors.misses, 0);
  assertEquals(report.last.pool.compressors.misses, 1);
});

Deno.test("a closed watch keeps its report and takes no more samples", async () => {
  let samples = 0;
  const watch = watchMemory({ interval: 1, onSnapshot: () => samples++ });
  const report = watch.close();
  const before = samples;
  await pause(20);
  assertEquals(samples, before);
  assert(watch.close() === report && watch.report() === report);
});

Deno.test("an open watch does not keep a program from ending", async () => {
  const url = new URL("./programs/open_watch.ts", import.meta.url);
  assertEquals(await runProgram(url), "");
});

Deno.test("an invalid interval is rejected", () => {
  for (const interval of [0, -1, NaN]) {
    assertThrows(
      () => watchMemory({ interval }),
      OptionError,
      "expected a positive number",
    );
  }
});
