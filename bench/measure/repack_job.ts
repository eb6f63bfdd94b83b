import { repack, type RepackOptions } from "../../doc/mod.ts";

/** Repacks a file with the library, with the pool or without it. */
export async function repackJob(
  { pooled = true, ...options }:
    & Omit<RepackOptions, "signal" | "onProgress" | "optimized">
    & { pooled?: boolean },
): Promise<{ targetSize: number }> {
  const { targetSize } = await repack({ ...options, optimized: pooled });
  return { targetSize };
}
