import { compress } from "../../codec/compress.ts";
import { OptionError } from "../../pool/errors.ts";
import type { ByteSink } from "../target/byte_sink.ts";
import { EncodingSink } from "./encoding_sink.ts";
import type { JobOptions } from "./options.ts";
import type { Plan } from "./plan.ts";
import { runPlan } from "./run_plan.ts";
import type { WriteOutcome } from "./write_target.ts";

const NOTHING = new Uint8Array(0);

/**
 * Runs a job in the calling thread and writes its output to a sink, which is
 * closed once everything is written. If that fails, the caller aborts it.
 *
 * @throws {FileError | RecordError | CancelledError} The source cannot be read.
 * Errors of the sink are passed on.
 */
export async function writeSink(
  plan: Plan,
  sink: ByteSink,
  options: Pick<JobOptions, "pool" | "signal" | "onProgress" | "onWarning">,
): Promise<WriteOutcome> {
  const { job: { blockCodec, split, steps }, target } = plan;
  const { packageCodec } = target!;
  let encoder: EncodingSink | undefined;
  try {
    if (split !== Infinity || steps.some(({ kind }) => kind === "sum")) {
      throw new OptionError(
        "Cannot write parts or checksums to a sink. Specify the path of a target.",
      );
    }
    if (packageCodec !== blockCodec) {
      encoder = new EncodingSink(sink, packageCodec);
    }
    const outcome = await runPlan(plan, {
      ...options,
      output: encoder === undefined ? sink : {
        write: (bytes) => encoder!.write(bytes, false),
        close() {},
      },
    });
    const { totals } = outcome;
    let targetSize = totals.bytesWritten;
    if (encoder !== undefined) {
      await encoder.write(NOTHING, true);
      targetSize = encoder.size;
    } else if (targetSize === 0 && packageCodec !== "none") {
      // Without documents, a package must be a valid stream as well.
      const empty = compress(NOTHING, packageCodec);
      await sink.write(empty, 0);
      targetSize = empty.length;
    }
    options.onProgress?.({ ...totals, totalBytes: totals.bytesRead });
    await sink.close();
    return { outcomes: [outcome], totals, targets: [], targetSize };
  } finally {
    encoder?.[Symbol.dispose]();
  }
}
