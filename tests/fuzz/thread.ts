/** A thread of the fuzzer: runs one target. */
/// <reference lib="deno.worker" />
import { countAllocations, fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

countAllocations();

self.onmessage = async ({ data: { name, seed, inputs, memory } }) => {
  const progress = new Int32Array(memory);
  const target = targets.find((target) => target.name === name)!;
  const before = (index: number) => void (progress[0] = index);
  for await (const failure of fuzz(target, seed, 0, inputs, before)) {
    self.postMessage(failure);
  }
  self.postMessage("done");
};
