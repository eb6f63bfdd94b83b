/** The command line: `binfiles <command> …`. */
import { program } from "./program.ts";
import { run } from "./run.ts";

await run(program());
