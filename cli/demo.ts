/** The optimization demo by itself: `deno task demo`. */
import { Command } from "commander";
import { runOptimizationDemo } from "./_optimization_demo.ts";
import { run } from "./_run.ts";

await run(
  new Command("demo")
    .description("show what the pool gains: time, memory, garbage collections")
    .action(() => runOptimizationDemo()),
);
