/** Compresses and decompresses with every codec and prints how often the pool was used. */
import { codecNames, compress, decompress } from "../../../codec/mod.ts";
import { globalMemoryPool } from "../../../pool/mod.ts";

for (const codec of codecNames) {
  const size = decompress(compress(new Uint8Array(100), codec), codec).length;
  if (size !== 100) throw new Error(codec);
}
console.log(globalMemoryPool.statistics().total.misses);
