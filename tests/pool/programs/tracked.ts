/** Takes a buffer and prints where the pool says that it was taken. */
import { globalMemoryPool } from "../../../pool/mod.ts";

globalMemoryPool.getBuffer();
console.log(globalMemoryPool.outstanding()[0].takenAt);
