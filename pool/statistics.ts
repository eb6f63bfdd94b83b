/** What a pool has done since it was created, and what it holds now. */
export interface PoolStatistics {
  /** Requests that were served by reuse. */
  hits: number;
  /** Requests for which something new was allocated. */
  misses: number;
  /** Taken and not yet returned. */
  inUse: number;
  /** Largest number in use at the same time. */
  highWater: number;
  /** Idle, ready for reuse. */
  idle: number;
  /** Bytes of the idle buffers; 0 for pools of objects, whose size is unknown. */
  retainedBytes: number;
  /** Released instead of kept: too large, over a limit, no longer needed, or broken. */
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

/** Adds up the statistics of several pools. The sum of the high-water marks is an upper bound. */
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

/** Counts one request in `statistics`. */
export function countGet(statistics: PoolStatistics, hit: boolean): void {
  if (hit) statistics.hits++;
  else statistics.misses++;
  if (++statistics.inUse > statistics.highWater) {
    statistics.highWater = statistics.inUse;
  }
}
