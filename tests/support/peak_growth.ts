/**
 * Runs work and measures by how much the process's resident memory grew at its
 * peak, in bytes. Only Linux reports the peak; elsewhere it is the growth at
 * the end.
 *
 * Call it in a process of its own: tests run in parallel threads, whose memory
 * would be counted too.
 */
export async function peakGrowth(
  work: () => void | Promise<void>,
): Promise<number> {
  if (Deno.build.os !== "linux") {
    const before = Deno.memoryUsage().rss;
    await work();
    return Deno.memoryUsage().rss - before;
  }
  const read = () =>
    1024 *
    Number(
      Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+)/)![1],
    );
  // Writing 5 resets the peak to the current size.
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  const before = read();
  await work();
  return read() - before;
}
