/**
 * Repacks a file with threads that use up all the memory there is.
 *
 * Usage: deno run -A --v8-flags=--max-old-space-size=64 _repack_without_memory.ts <source> <target>
 */
import { repack } from "../../doc/mod.ts";
import { dyingThreads } from "./dying_threads.ts";

using _ = dyingThreads("memory");
const [source, target] = Deno.args;
await repack({ source, target, targetCodec: "gzip", workers: 2 });
