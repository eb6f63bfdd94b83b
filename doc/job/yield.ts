/** Long work in the thread that has other events to handle. */

/** Lets other events be handled. */
export function nextEvent(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Longest time without a pause, in milliseconds. */
const PAUSE_INTERVAL = 10;

/**
 * Makes a function to be called again and again by long work. If there has been
 * no pause for a while, it calls `work` and lets other events be handled.
 */
export function pacer(): (work?: () => void) => Promise<void> | undefined {
  let last = performance.now();
  return (work) => {
    if (performance.now() - last < PAUSE_INTERVAL) return undefined;
    work?.();
    return nextEvent().then(() => void (last = performance.now()));
  };
}
