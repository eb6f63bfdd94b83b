/** Runs `exercise()` on Node and Bun, and prints its outcome. */
import { exercise } from "./consumer.ts";

declare const process: { argv: string[] };

console.log(JSON.stringify(await exercise(process.argv[2])));
