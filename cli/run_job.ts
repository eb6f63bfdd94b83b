import { interruptSignal } from "./interrupt.ts";
import { note, type OutputOptions } from "./output.ts";
import { type Progress, withProgress } from "./progress.ts";

/** What the command line adds to the options of a job. */
interface Control {
  signal: AbortSignal | undefined;
  onProgress(progress: Progress, total?: number): void;
  onWarning(message: string): void;
}

/**
 * Runs a job of the library with the options of a command, which are stored
 * under the library's names (see `options.ts`): Ctrl-C cancels it, progress is
 * shown, warnings are printed.
 */
export function runJob<
  Options extends OutputOptions & { pattern?: RegExp },
  Result,
>(
  options: Options,
  job: (options: Options & Control) => Promise<Result>,
): Promise<Result> {
  const signal = interruptSignal(options.pattern);
  return withProgress(
    options,
    (show) =>
      job({
        ...options,
        signal,
        onProgress: (progress, total) =>
          show(total ? { ...progress, totalBytes: total } : progress),
        onWarning: note,
      }),
  );
}
