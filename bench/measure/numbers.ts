/** Statistics of repeated measurements. */

/** Median and range of repeated measurements of one quantity. */
export interface Spread {
  median: number;
  low: number;
  high: number;
  /** Number of measurements. */
  runs: number;
}

/** The median; the larger of the two middle values if their number is even. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Median and range of measurements. */
export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    runs: values.length,
  };
}

/**
 * `a / b`, round by round. Both were measured side by side in each round, so load
 * on the machine affects both and cancels out.
 */
export function ratios(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((value, round) => value / b[round]));
}

/**
 * Measures alternatives side by side: each once per round, in rotating order, so
 * that all of them see the same machine.
 */
export async function takeTurns<K extends string, T>(
  rounds: number,
  ways: Record<K, () => T | Promise<T>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(ways) as K[];
  const results = Object.fromEntries(
    names.map((name) => [name, []]),
  ) as unknown as Record<K, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      results[name].push(await ways[name]());
    }
  }
  return results;
}
