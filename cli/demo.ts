/** The optimization demo by itself: `deno task demo`. */
import { runOptimizationDemo } from "./_optimization_demo.ts";

await runOptimizationDemo();
