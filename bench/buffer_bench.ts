/** Buffers from the pool against new ones. */
import { globalMemoryPool } from "../pool/mod.ts";

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
  Deno.bench(`lease: ${group}`, { group }, () => {
    using lease = globalMemoryPool.lease(size);
    lease.bytes[0] = 1;
  });
  Deno.bench(`take and return scratch: ${group}`, { group }, () => {
    const buffer = globalMemoryPool.takeScratch(size);
    buffer[0] = 1;
    globalMemoryPool.returnScratch(buffer);
  });
}
