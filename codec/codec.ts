import type { CodecName } from "./names.ts";

/** A way to compress documents: its names and properties. Engines do the work; `listEngines()` tells which. */
export interface Codec {
  /** The name used everywhere. */
  readonly name: CodecName;
  /** The original's number for it; 7 for zstd, which the original does not have. */
  readonly id: number;
  /** Suffix of files that are compressed as a whole, with its dot. Empty for none. */
  readonly suffix: string;
  /** Levels that may be asked for, and the one used when none is: the original's where it has one. */
  readonly level: { min: number; max: number; default: number };
  /** First bytes of everything the codec writes; undefined where there is no such mark. */
  readonly magic: readonly number[] | undefined;
  /** Whether streams written one after the other read as one stream. */
  readonly concatenable: boolean;
}
