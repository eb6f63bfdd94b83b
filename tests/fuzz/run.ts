/**
 * A long run of the fuzzer: `deno task fuzz [inputs] [seed] [target]`.
 *
 * Two targets run at a time, each in a thread. A thread that is not done with an
 * input after {@linkcode MAX_TIME} is reported as hanging. Failures are printed
 * with everything needed to reproduce them.
 */
import { type Failure, inputAt } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** How long an input may take, in milliseconds. */
const MAX_TIME = 20_000;

const count = Number(Deno.args[0] ?? 1_000_000);
const seed = Number(Deno.args[1] ?? 1);
const wanted = Deno.args[2] ?? "";

const chosen = targets.filter(({ name }) => name.includes(wanted));
const shares = chosen.reduce((sum, { share }) => sum + share, 0);
const failures: Failure[] = [];

/** Runs a target in a thread. @returns The number of inputs that it finished. */
function run(name: string, inputs: number): Promise<number> {
  const worker = new Worker(new URL("thread.ts", import.meta.url), {
    type: "module",
  });
  const memory = new SharedArrayBuffer(4);
  const progress = new Int32Array(memory);
  const { promise, resolve } = Promise.withResolvers<number>();
  let seen = -1;
  let since = performance.now();
  const watch = setInterval(() => {
    if (progress[0] !== seen) {
      seen = progress[0];
      since = performance.now();
    } else if (performance.now() - since > MAX_TIME) {
      const { seeds } = targets.find((target) => target.name === name)!;
      const { input } = inputAt(seeds(), seed, seen);
      report({ target: name, seed, index: seen, input, problem: "it hangs" });
      finish(seen);
    }
  }, 500);
  const finish = (done: number) => {
    clearInterval(watch);
    worker.terminate();
    resolve(done);
  };
  worker.onmessage = ({ data }) => {
    if (data === "done") finish(inputs);
    else report(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    report({
      target: name,
      seed,
      index: progress[0],
      input: new Uint8Array(0),
      problem: event.message,
    });
    finish(progress[0]);
  };
  worker.postMessage({ name, seed, inputs, memory });
  return promise;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

function report(failure: Failure): void {
  failures.push(failure);
  const { target, seed, index, input, problem } = failure;
  console.log(`FAILED ${target}, seed ${seed}, input ${index}: ${problem}`);
  console.log(`  ${hex(input)}`);
}

const queue = [...chosen];
let total = 0;
await Promise.all([1, 2].map(async () => {
  for (let target = queue.shift(); target; target = queue.shift()) {
    const inputs = Math.ceil(count * target.share / shares);
    const started = performance.now();
    const done = await run(target.name, inputs);
    total += done;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`${target.name}: ${done} inputs in ${seconds} s`);
  }
}));
const { rss } = Deno.memoryUsage();
console.log(
  `${total} inputs, ${failures.length} failures, seed ${seed}, ` +
    `${Math.round(rss / 1e6)} MB resident at the end`,
);
if (failures.length > 0) Deno.exitCode = 1;
