/** The `repack` command by itself: `deno task repack <source> <target>`. */
import { repackCommand } from "./_repack_command.ts";
import { run } from "./_run.ts";

await run(repackCommand());
