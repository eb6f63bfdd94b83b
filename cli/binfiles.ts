/** The command line: `binfiles <command> …`. */
import { program } from "./_program.ts";
import { run } from "./_run.ts";

await run(program());
