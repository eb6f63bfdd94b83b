/** Garbage collections of a process, summed over its threads. */
export interface Collections {
  count: number;
  /** Total pause, in milliseconds. */
  milliseconds: number;
}

/** Makes V8 print a line for each garbage collection. */
export const TRACE_COLLECTIONS = "--v8-flags=--trace-gc";

/** Sums up the lines that V8 prints with {@linkcode TRACE_COLLECTIONS}. */
export function readCollections(trace: string): Collections {
  const result = { count: 0, milliseconds: 0 };
  // ` Scavenge 4.3 (5.0) -> 4.0 (5.8) MB, pooled: 0.0 MB, 1.11 / 0.00 ms …`
  for (
    const [, pause] of trace.matchAll(
      /(?:Scavenge|Mark-Compact)[^\n]*?MB, ([\d.]+) \/ /g,
    )
  ) {
    result.count++;
    result.milliseconds += Number(pause);
  }
  return result;
}
