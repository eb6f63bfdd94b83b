/**
 * The pool against the original, same engine, document by document: the ratios
 * that `deno bench` prints are what pooling gains.
 */
import { codecNames } from "../codec/mod.ts";
import { globalMemoryPool } from "../pool/mod.ts";
import { benchCodec } from "./_bench_codec.ts";

for (const codec of codecNames) {
  if (codec !== "none" && codec !== "zip") benchCodec(codec);
}

for (const size of [4 * 1024, 64 * 1024, 1024 * 1024]) {
  const group = `a buffer of ${size / 1024} KiB`;
  Deno.bench(`new Uint8Array: ${group}`, { group, baseline: true }, () => {
    new Uint8Array(size)[0] = 1;
  });
  Deno.bench(`get and put: ${group}`, { group }, () => {
    const buffer = globalMemoryPool.getBuffer(size);
    buffer[0] = 1;
    globalMemoryPool.putBuffer(buffer);
  });
}
