/** How numbers are written in a report. */
import type { Spread } from "../measure/numbers.ts";

/** A pair of codecs. */
export function arrow({ from, to }: { from: string; to: string }): string {
  return `${from} → ${to}`;
}

/** A ratio with its range, such as `1.7× (1.2–3.5)`; empty if it was not measured. */
export function times(ratio: Spread | undefined, digits = 1): string {
  if (ratio === undefined) return "";
  const [median, low, high] = [ratio.median, ratio.low, ratio.high]
    .map((value) => value.toFixed(digits));
  return `${median}× (${low}–${high})`;
}

/** A share with its range, such as `88% (87–89%)`. */
export function share({ median, low, high }: Spread): string {
  return `${percent(median)} (${(100 * low).toFixed(0)}–${percent(high)})`;
}

/** A share. */
export function percent(value: number): string {
  return `${(100 * value).toFixed(0)}%`;
}

/** Milliseconds with their range, of seconds. */
export function milliseconds({ median, low, high }: Spread): string {
  const ms = (seconds: number) => (1000 * seconds).toFixed(0);
  return `${ms(median)} ms (${ms(low)}–${ms(high)})`;
}

/** MB/s. */
export function speed(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

/** A whole number. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** A size in bytes, with powers of 1,000. */
export function size(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = value < 10 && !Number.isInteger(value) && unit > 0 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
