/** Handles other events, then continues. */
export function nextEvent(): Promise<void> {
  return new Promise((resolve) =>
    // Browsers have no setImmediate.
    "setImmediate" in globalThis ? setImmediate(resolve) : setTimeout(resolve)
  );
}

/** Maximum time between two pauses, in milliseconds. */
const PAUSE_INTERVAL = 10;

/**
 * Creates a function for long work to call often. If the last pause was some time
 * ago, the function calls `work` and handles other events.
 */
export function pacer(): (work?: () => void) => Promise<void> | undefined {
  let last = performance.now();
  return (work) => {
    if (performance.now() - last < PAUSE_INTERVAL) return undefined;
    work?.();
    return nextEvent().then(() => void (last = performance.now()));
  };
}
