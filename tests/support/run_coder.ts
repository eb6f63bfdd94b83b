import type { StreamCoder } from "../../codec/mod.ts";
import { concat } from "./bytes.ts";

/** Passes `data` through a coder in chunks; their sizes are taken from `chunkSizes` in turn. @returns All output. */
export function runCoder(
  coder: StreamCoder,
  data: Uint8Array,
  chunkSizes: readonly number[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const emit = (bytes: Uint8Array) => void parts.push(new Uint8Array(bytes));
  for (let at = 0, i = 0; at < data.length; i++) {
    // Chunks are borrowed: overwriting one afterwards must not matter.
    const chunk = data.slice(at, at + chunkSizes[i % chunkSizes.length]);
    coder.push(chunk, false, emit);
    at += chunk.length;
    chunk.fill(0xaa);
  }
  coder.push(new Uint8Array(0), true, emit);
  return concat(...parts);
}
