import { formatOf } from "../../../codec/codecs.ts";
import { engineFor } from "../../../codec/engines.ts";
import type { CodecName } from "../../../codec/names.ts";
import { OptionError } from "../../../pool/errors.ts";

/** A step of a job, as data that can be sent to threads; see `createStep`. */
export type StepPlan =
  | { readonly kind: "omit"; readonly offsets: Float64Array }
  | { readonly kind: "decompress"; readonly codec: CodecName }
  | {
    readonly kind: "record" | "line";
    /** Codec of the content once it is written. */
    readonly codec: CodecName;
    readonly content: ContentPlan;
  }
  | { readonly kind: "sum" }
  | { readonly kind: "tally" };

/** How the content of a record is written. */
export type ContentPlan =
  | { readonly kind: "stored" }
  | { readonly kind: "decompressed"; readonly codec: CodecName }
  | {
    readonly kind: "compressed";
    readonly codec: CodecName;
    readonly level: number | undefined;
  };

/** What {@linkcode planWriting} plans. */
export interface WritingOptions {
  /** Codec of the contents in the source. */
  from: CodecName;
  /** Codec of the contents in the target. */
  to: CodecName;
  /** Compression level. Default: that of the codec. */
  level?: number;
  /**
   * Whether every content must decompress, even if it is written unchanged: the
   * source is not trusted, or corrupted regions are skipped. Default false.
   */
  check?: boolean;
  /** Whether to write contents without keys, uncompressed, each followed by a newline. Default false. */
  contentOnly?: boolean;
  /** Offsets of records to omit, ascending, in shared memory. */
  omitted?: Float64Array;
  /** Whether to compute checksums. Default false. */
  sums?: boolean;
}

/**
 * Plans the steps that write documents. There are none if the records stay as
 * they are, so that whole blocks are copied.
 *
 * @throws {OptionError} The options exclude each other.
 */
export function planWriting(options: WritingOptions): StepPlan[] {
  const { from, to, level, check, contentOnly, omitted, sums } = options;
  if (sums && contentOnly) {
    throw new OptionError("Cannot write checksums of a file without keys");
  }
  const isPlain = from === "none";
  const stored: ContentPlan = { kind: "stored" };
  const decompressed: ContentPlan = isPlain
    ? stored
    : { kind: "decompressed", codec: from };
  const decompress: StepPlan[] = isPlain
    ? []
    : [{ kind: "decompress", codec: from }];
  const steps: StepPlan[] = omitted === undefined
    ? []
    : [{ kind: "omit", offsets: omitted }];
  const staysAsItIs = formatOf(from) === formatOf(to) &&
    (level === undefined || to === "none");
  if (contentOnly) {
    steps.push({ kind: "line", codec: "none", content: decompressed });
  } else if (staysAsItIs) {
    if (check || sums) steps.push(...decompress);
    if (steps.length > 0 || sums) {
      steps.push({ kind: "record", codec: to, content: stored });
    }
  } else if (to === "none") {
    steps.push({ kind: "record", codec: to, content: decompressed });
  } else {
    const content: ContentPlan = { kind: "compressed", codec: to, level };
    steps.push(...decompress, { kind: "record", codec: to, content });
  }
  if (sums) steps.push({ kind: "sum" });
  return steps;
}

/** Plans the steps that decompress and count documents, and optionally compute their checksums. */
export function planCounting(codec: CodecName, sums: boolean): StepPlan[] {
  const decompress: StepPlan = { kind: "decompress", codec };
  return [
    ...codec === "none" ? [] : [decompress],
    { kind: "tally" },
    ...sums ? [{ kind: "sum" } as const] : [],
  ];
}

/** Whether steps need little more time than copying the records. */
export function isCopying(steps: readonly StepPlan[]): boolean {
  return steps.every((step) =>
    step.kind === "omit" ||
    step.kind === "record" && step.content.kind === "stored"
  );
}

/**
 * Checks that there are engines for all steps; they must have been loaded.
 *
 * @throws {NoEngineError} One is missing.
 */
export function checkEngines(steps: readonly StepPlan[]): void {
  for (const step of steps) {
    const coder = "content" in step ? step.content : step;
    if (coder.kind === "compressed") engineFor(coder.codec, "compress");
    if (coder.kind === "decompress" || coder.kind === "decompressed") {
      engineFor(coder.codec, "decompress");
    }
  }
}
