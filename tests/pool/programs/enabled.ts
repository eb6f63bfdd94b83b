/** Prints for three pools whether they are enabled, and how often they reused a buffer. */
import { globalMemoryPool, MemoryPool } from "../../../pool/mod.ts";

const pools = [
  globalMemoryPool,
  new MemoryPool(),
  new MemoryPool({ enabled: true }),
];
for (const pool of pools) {
  for (let i = 0; i < 5; i++) pool.putBuffer(pool.getBuffer());
}
console.log(JSON.stringify(
  pools.map((pool) => [pool.enabled, pool.statistics().total.hits]),
));
