import { repack, type RepackOptions } from "../../doc/mod.ts";
import { MemoryPool } from "../../pool/mod.ts";

/** Repacks a file with the library. @param task.pooled Default: as `BINFILES_POOL` says. */
export async function repackJob(
  { pooled, ...options }:
    & Omit<RepackOptions, "signal" | "onProgress" | "pool">
    & { pooled?: boolean },
): Promise<{ targetSize: number }> {
  const pool = pooled === undefined
    ? undefined
    : new MemoryPool({ enabled: pooled });
  const { targetSize } = await repack({ ...options, pool });
  return { targetSize };
}
