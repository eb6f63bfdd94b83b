/**
 * Repacks a file with threads that use up all memory.
 *
 * Needs `--v8-flags=--max-old-space-size=64`. Arguments: <source> <target>
 */
import { repack } from "../../../doc/mod.ts";
import { dyingThreads } from "../../support/dying_threads.ts";

using _ = dyingThreads("memory");
const [source, target] = Deno.args;
await repack({ source, target, targetCodec: "gzip", workers: 2 });
