import process from "node:process";

/** Aborted by SIGINT and SIGTERM, once a command has asked for its signal. */
let interruption: AbortController | undefined;

/**
 * The signal that Ctrl-C or SIGTERM aborts, for commands that have to clean up.
 * Commands that leave nothing behind don't ask for it: they die at once, even in
 * the middle of a regular expression that never finishes.
 *
 * @param pattern The user's pattern, if the work matches one.
 * @returns Undefined if `pattern` may run practically forever: JavaScript cannot
 * be interrupted while it matches, so the process has to be killed. Temporary
 * files are then left behind, and removed by the next run.
 */
export function interruptSignal(pattern?: RegExp): AbortSignal | undefined {
  if (pattern !== undefined && mayNeverFinish(pattern)) return undefined;
  if (interruption === undefined) {
    const controller = interruption = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => controller.abort());
    }
  }
  return interruption.signal;
}

/**
 * Whether matching may take far too long. Repeated groups and back references
 * can take exponential time, and n repeated parts time in the n-th power of the
 * key's length.
 */
function mayNeverFinish({ source }: RegExp): boolean {
  const repeating = source.match(/[*+]|,\}/g) ?? [];
  return repeating.length > 2 || /\)[*+{]|\\[1-9k]/.test(source);
}
