/** What a pool has done since it was made, and what it holds now. */
export interface PoolStatistics {
  /** Requests served with something that was used before. */
  hits: number;
  /** Requests for which something new had to be made. */
  misses: number;
  /** Handed out and not yet returned. */
  inUse: number;
  /** The largest number that was ever in use at once. */
  highWater: number;
  /** Idle and ready to be handed out again. */
  idle: number;
  /** Bytes of the idle buffers; 0 for pools of objects, whose size is not known. */
  retainedBytes: number;
  /** Given back to the runtime: too large, over a limit, no longer needed, or broken. */
  discarded: number;
}

/** Statistics with every counter at zero. */
export function emptyStatistics(): PoolStatistics {
  return {
    hits: 0,
    misses: 0,
    inUse: 0,
    highWater: 0,
    idle: 0,
    retainedBytes: 0,
    discarded: 0,
  };
}

/** Adds up the statistics of several pools; high-water marks add up to an upper bound. */
export function sumStatistics(
  parts: Iterable<Readonly<PoolStatistics>>,
): PoolStatistics {
  const total = emptyStatistics();
  for (const part of parts) {
    for (const counter of Object.keys(total) as (keyof PoolStatistics)[]) {
      total[counter] += part[counter];
    }
  }
  return total;
}

/** Counts one handing out in `statistics`. */
export function countGet(statistics: PoolStatistics, hit: boolean): void {
  if (hit) statistics.hits++;
  else statistics.misses++;
  if (++statistics.inUse > statistics.highWater) {
    statistics.highWater = statistics.inUse;
  }
}
