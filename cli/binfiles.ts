/** The command line: `binfiles <command> …`. */
import process from "node:process";
import { program } from "./program.ts";
import { run } from "./run.ts";

await run(await program(process.argv.slice(2)));
