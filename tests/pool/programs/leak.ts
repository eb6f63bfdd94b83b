/** Leaks 20 buffers and prints how many are still in memory, and how many are listed. */
import { MemoryPool } from "../../../pool/mod.ts";

const { gc } = globalThis as unknown as { gc(): void };
const pool = new MemoryPool();
const memories: WeakRef<ArrayBuffer>[] = [];
for (let i = 0; i < 20; i++) {
  memories.push(new WeakRef(pool.getBuffer().buffer));
}
let alive = memories.length;
for (let i = 0; i < 50 && alive > 0; i++) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  gc();
  alive = memories.filter((memory) => memory.deref() !== undefined).length;
}
console.log(alive, pool.outstanding().length);
