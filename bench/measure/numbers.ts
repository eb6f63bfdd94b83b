/** Numbers that are measured several times, and what is said of them. */

/** What several measurements of one thing gave. */
export interface Spread {
  median: number;
  low: number;
  high: number;
  /** How many there were. */
  runs: number;
}

/** The number in the middle; the larger one of two. */
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
 * How many times `b` goes into `a`, turn by turn: what was measured side by side
 * is compared, so that a busy moment weighs on both.
 */
export function ratios(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((value, turn) => value / b[turn]));
}

/**
 * Measures several things that are to be compared: each in turn, round after
 * round, the order rotating, so that all of them see the same machine.
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
