/** The `repack` command on its own: `deno task repack <source> <target>`. */
import { repackCommand } from "./commands/repack.ts";
import { run } from "./run.ts";

await run(repackCommand());
