import { repack, type RepackOptions } from "../../doc/mod.ts";

/** Repacks a file with the library. @param task.pooled Default: as `BINFILES_POOL` says. */
export async function repackJob(
  { pooled, ...options }:
    & Omit<RepackOptions, "signal" | "onProgress" | "optimized">
    & { pooled?: boolean },
): Promise<{ targetSize: number }> {
  const { targetSize } = await repack({ ...options, optimized: pooled });
  return { targetSize };
}
