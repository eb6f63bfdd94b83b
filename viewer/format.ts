import { format as formatBytes } from "@std/fmt/bytes";

/** Formats a count: `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Formats a size: `12.3 kB`. */
export const formatSize = (bytes: number): string => formatBytes(bytes);

/** Formats the compression ratio: `2.9×`; empty if it is unknown. */
export function formatRatio(stored: number, unpacked?: number): string {
  if (unpacked === undefined || stored === 0 || unpacked === 0) return "";
  return `${(unpacked / stored).toFixed(unpacked < 10 * stored ? 2 : 0)}×`;
}

/** Derives a file name from a key: its last part, without characters that file systems reject. */
export function fileNameOf(key: string, offset: number): string {
  const last = key.replace(/[?#].*$/s, "").split(/[/\\]/).findLast(Boolean);
  const name = (last ?? "")
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x1f\x7f<>:"|*?]+/g, "_")
    .replace(/^\.+|[. ]+$/g, "")
    .slice(0, 120);
  return name === "" ? `document-${offset}` : name;
}
