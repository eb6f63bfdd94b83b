/** Bytes per write, about as many as a repack writes at a time. */
const WRITE_SIZE = 1024 * 1024;

/** Writes a file of `bytes` bytes and flushes it to the disk. */
export function writeJob(
  { target, bytes }: { target: string; bytes: number },
): { seconds: number } {
  const block = new Uint8Array(WRITE_SIZE).fill(1);
  const started = performance.now();
  using file = Deno.openSync(target, { write: true, createNew: true });
  for (let left = bytes; left > 0; left -= WRITE_SIZE) {
    file.writeSync(block.subarray(0, Math.min(left, WRITE_SIZE)));
  }
  file.syncSync();
  return { seconds: (performance.now() - started) / 1000 };
}
