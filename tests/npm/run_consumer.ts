/**
 * Runs {@linkcode exercise} and prints its outcome as JSON.
 *
 * Arguments: <path of an empty directory>
 */
import { exercise } from "./consumer.ts";

// Every runtime has it; the package's users need not have its types.
const { process } = globalThis as unknown as { process: { argv: string[] } };
console.log(JSON.stringify(await exercise(process.argv[2])));
