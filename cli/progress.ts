import process from "node:process";
import { humanCount, humanDuration, humanSize, ratio } from "./format.ts";
import { note, type OutputOptions } from "./output.ts";

/** Milliseconds between two lines of progress when there is no terminal. */
const LINE_INTERVAL = 5000;

/** What has been done so far. */
export interface Progress {
  /** Documents done. */
  documents: number;
  /** Bytes read. */
  bytesRead: number;
  /** Bytes written, if there is a target. */
  bytesWritten?: number;
  /** Bytes to read in all, if that is known. */
  totalBytes?: number;
}

/** Shows progress on the standard error: one changing line on a terminal, otherwise a line every few seconds. */
export class ProgressLine {
  readonly #started = performance.now();
  readonly #isTerminal = process.stderr.isTTY === true;
  #lastLine = performance.now();

  /** Shows what has been done. */
  show(progress: Progress): void {
    if (this.#isTerminal) {
      process.stderr.write(`\r\x1b[K${this.#describe(progress)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLine < LINE_INTERVAL) return;
    this.#lastLine = now;
    note(this.#describe(progress));
  }

  /** Clears the line, so that others can be printed. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[K");
  }

  #describe(progress: Progress): string {
    const { documents, bytesRead, bytesWritten, totalBytes } = progress;
    const seconds = (performance.now() - this.#started) / 1000;
    const parts = [
      `${humanCount(documents)} documents`,
      ...(bytesWritten === undefined ? [humanSize(bytesRead)] : [
        `${humanSize(bytesRead)} → ${humanSize(bytesWritten)}`,
        ratio(bytesRead, bytesWritten),
      ]),
      `${humanSize(bytesRead / seconds)}/s`,
    ];
    if (bytesRead > 0 && totalBytes !== undefined) {
      const left = (totalBytes - bytesRead) * seconds / bytesRead;
      parts.push(
        `${Math.floor(100 * bytesRead / totalBytes)}%`,
        `${humanDuration(left)} left`,
      );
    }
    return parts.join("  ");
  }
}

/** Shows progress while `work` runs, unless the options forbid it. */
export async function withProgress<T>(
  { quiet, json }: OutputOptions,
  work: (show: ProgressLine["show"]) => Promise<T>,
): Promise<T> {
  if (quiet || json) return await work(() => {});
  const line = new ProgressLine();
  return await work((progress) => line.show(progress))
    .finally(() => line.clear());
}
