/** Text for people: sizes, counts, durations, keys, tables. */
import { Buffer } from "node:buffer";
import { format as formatBytes } from "@std/fmt/bytes";

/** Formats a size: `12.3 MB`. */
export function humanSize(bytes: number): string {
  return formatBytes(bytes);
}

/** Formats a count: `1,234,567`. */
export function humanCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Formats a duration: `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function humanDuration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Formats a count with its noun: `1 region`, `1,234 regions`. */
export function plural(count: number, noun: string): string {
  return `${humanCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Compares two sizes: `2.9x smaller`. */
export function ratio(before: number, after: number): string {
  if (before === 0 || after === 0) return "1.0x";
  return after <= before
    ? `${(before / after).toFixed(1)}x smaller`
    : `${(after / before).toFixed(1)}x larger`;
}

/** Names the codecs of a file: `gzip`, or `gzip in xz` for a package. */
export function describeCodecs(codec: string, packageCodec: string): string {
  return packageCodec === "none" ? codec : `${codec} in ${packageCodec}`;
}

/** Formats rows as lines: the first column left-aligned, the others right-aligned. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[column])
        : cell.padStart(widths[column] + 2)
    ).join("").trimEnd()
  );
}

/** Escapes of control characters that have a name. */
const ESCAPES: Record<string, string> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

/**
 * Escapes control characters as `\n`, `\x1b` and so on. Keys and file names come
 * from strangers, and must not be able to send commands to a terminal.
 */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (control) => ESCAPES[control] ?? escapeByte(control.charCodeAt(0)),
  );
}

/**
 * A key as {@linkcode printable} text. Different keys give different texts: a
 * backslash is doubled, and in a key that is not UTF-8, bytes above 126 become
 * `\xff` and so on.
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

/** Throws on invalid UTF-8, and keeps a byte order mark. */
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
