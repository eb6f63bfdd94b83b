/** Prints what a program without permissions sees of its environment. */
import { MemoryPool } from "../../../pool/mod.ts";
import { environmentVariable, nodeModule } from "../../../pool/runtime.ts";

console.log(JSON.stringify([
  environmentVariable("BINFILES_POOL") ?? null,
  typeof nodeModule<{ gzipSync: unknown }>("node:zlib")?.gzipSync,
  new MemoryPool().enabled,
]));
