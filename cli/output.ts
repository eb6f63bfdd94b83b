/** What the command line prints: sizes, progress, warnings, and how it ends. */
import { Buffer } from "node:buffer";
import process from "node:process";
import { styleText } from "node:util";
import { format as formatBytes } from "@std/fmt/bytes";
import type { SkippedRange } from "../doc/mod.ts";

/** Exit codes of all commands. */
export const ExitCode = {
  /** Everything was done. */
  Done: 0,
  /** Nothing was done, because something failed. */
  Failed: 1,
  /** The command was called wrongly. */
  Usage: 2,
  /** It was done, but something was left out. */
  Skipped: 3,
  /** It was interrupted: 128 plus the number of SIGINT, as shells have it. */
  Interrupted: 130,
} as const;

/** A size for people: `12.3 MB`. */
export function humanSize(bytes: number): string {
  return formatBytes(bytes);
}

/** A number for people: `1,234,567`. */
export function humanCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Text in a colour, if the stream is a terminal that has colours and `NO_COLOR` is not set. */
export function styled(
  style: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WriteStream,
): string {
  const { NO_COLOR = "", TERM } = process.env;
  // Asked itself, styleText() would go by CI and FORCE_COLOR, too.
  return stream.isTTY && NO_COLOR === "" && TERM !== "dumb"
    ? styleText(style, text, { validateStream: false })
    : text;
}

/** Control characters that have a name. */
const ESCAPES: Record<string, string> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

/**
 * Text without control characters, for which `\n`, `\x1b` and the like stand:
 * whoever chose a name must not be able to write to somebody's terminal as they
 * like.
 */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (control) => ESCAPES[control] ?? escapeByte(control.charCodeAt(0)),
  );
}

/**
 * A key as {@linkcode printable} text that tells all keys apart: a backslash is
 * printed as two, and bytes of what is no UTF-8 as `\xff` and the like.
 */
export function printableKey(key: Uint8Array): string {
  let text: string;
  try {
    text = strictDecoder.decode(key);
  } catch {
    return Array.from(
      key,
      (byte) =>
        byte > 126 ? escapeByte(byte) : printableKey(Uint8Array.of(byte)),
    ).join("");
  }
  return printable(text.replaceAll("\\", "\\\\"));
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Throws at what is no UTF-8, and drops nothing. */
const strictDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/** Bytes as a member of a JSON object: `name` if they are UTF-8, otherwise `nameBase64`. */
export function jsonMember(
  name: string,
  bytes: Uint8Array,
): Record<string, string> {
  try {
    return { [name]: strictDecoder.decode(bytes) };
  } catch {
    const { buffer, byteOffset, length } = bytes;
    const base64 = Buffer.from(buffer, byteOffset, length).toString("base64");
    return { [`${name}Base64`]: base64 };
  }
}

/** Prints a line of results. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line for whoever is watching, beside the results. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Shortest time between two lines of progress where there is no terminal, in milliseconds. */
const LINE_INTERVAL = 5000;

/** What has been done. */
export interface Progress {
  /** Documents that were seen to. */
  documents: number;
  /** Bytes that were read. */
  bytesRead: number;
  /** Bytes that were written, where there is a target. */
  bytesWritten?: number;
}

/** Shows progress on the standard error: one line that changes on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  readonly #started = performance.now();
  readonly #isTerminal = process.stderr.isTTY === true;
  #lastLine = performance.now();

  /** Shows what has been done, of `total` bytes; 0 if that is not known. */
  show(progress: Progress, total: number): void {
    if (this.#isTerminal) {
      process.stderr.write(`\r\x1b[K${this.#describe(progress, total)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLine < LINE_INTERVAL) return;
    this.#lastLine = now;
    note(this.#describe(progress, total));
  }

  /** Makes room for other lines. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[K");
  }

  #describe(progress: Progress, total: number): string {
    const { documents, bytesRead, bytesWritten } = progress;
    const seconds = (performance.now() - this.#started) / 1000;
    const parts = [
      `${humanCount(documents)} documents`,
      ...(bytesWritten === undefined ? [humanSize(bytesRead)] : [
        `${humanSize(bytesRead)} → ${humanSize(bytesWritten)}`,
        ratio(bytesRead, bytesWritten),
      ]),
      `${humanSize(bytesRead / seconds)}/s`,
    ];
    if (bytesRead > 0 && total > 0) {
      const left = (total - bytesRead) * seconds / bytesRead;
      parts.push(
        `${Math.floor(100 * bytesRead / total)}%`,
        `${humanDuration(left)} left`,
      );
    }
    return parts.join("  ");
  }
}

/** Shows progress while some work is done, unless nobody wants to see it. */
export async function withProgress<T>(
  { quiet, json }: { quiet?: boolean; json?: boolean },
  work: (show: ProgressLine["show"]) => Promise<T>,
): Promise<T> {
  if (quiet || json) return await work(() => {});
  const line = new ProgressLine();
  return await work((progress, total) => line.show(progress, total))
    .finally(() => line.clear());
}

/** How much smaller one size is than another: `2.9x smaller`. */
export function ratio(before: number, after: number): string {
  if (before === 0 || after === 0) return "1.0x";
  return after <= before
    ? `${(before / after).toFixed(1)}x smaller`
    : `${(after / before).toFixed(1)}x larger`;
}

/** A duration for people: `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function humanDuration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `gzip`, or `gzip in xz` for packages. */
export function describeCodecs(codec: string, packageCodec: string): string {
  return packageCodec === "none" ? codec : `${codec} in ${packageCodec}`;
}

/** How many ranges are told of one by one. */
const MAX_RANGES_SHOWN = 20;

/**
 * Tells of ranges of a file that are damaged.
 *
 * @param verb What was done to them: `skipped`, say.
 */
export function noteRanges(
  ranges: readonly SkippedRange[],
  verb: string = "skipped",
): void {
  for (
    const { offset, size, reason, key } of ranges.slice(0, MAX_RANGES_SHOWN)
  ) {
    const name = key === undefined ? "" : ` (key ${JSON.stringify(key)})`;
    note(
      `${verb} ${plural(size, "byte")} at offset ${offset}${name}: ${reason}`,
    );
  }
  if (ranges.length < 2) return;
  const bytes = ranges.reduce((sum, { size }) => sum + size, 0);
  note(
    `${verb} ${plural(ranges.length, "range")}, ${
      plural(bytes, "byte")
    } in all`,
  );
}

/** Tells of what was cut off from a file that a dead process was appending to. */
export function noteCut(
  file: string,
  { offset, size }: { offset: number; size: number },
): void {
  note(
    `cut off ${plural(size, "byte")} from offset ${offset} of ${file} on: ` +
      "a process died while it was writing them",
  );
}

/** A number of things for people: `1 range`, `1,234 ranges`. */
export function plural(count: number, thing: string): string {
  return `${humanCount(count)} ${thing}${count === 1 ? "" : "s"}`;
}
