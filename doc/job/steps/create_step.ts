import {
  compressOriginal,
  decompressOriginal,
} from "../../../codec/compress.ts";
import type { Compressor, Decompressor } from "../../../codec/engine.ts";
import { leaseCompressor, leaseDecompressor } from "../../../codec/lease.ts";
import type { CodecName } from "../../../codec/names.ts";
import type { MemoryPool } from "../../../pool/memory_pool.ts";
import type { PartSink } from "../../target/part_sink.ts";
import { DecompressContent } from "./decompress_content.ts";
import { OmitRecords } from "./omit_records.ts";
import type { RecordStep } from "./record_step.ts";
import type { ContentPlan, StepPlan } from "./step_plan.ts";
import { SumDocuments } from "./sum_documents.ts";
import { TallyDocuments } from "./tally_documents.ts";
import {
  CompressedContent,
  type ContentWriter,
  DecompressedContent,
  StoredContent,
  WriteLine,
  WriteRecord,
} from "./write_record.ts";

/** What steps work with. */
export interface StepContext {
  /** The pool. If it is disabled, coders are not reused. */
  pool: MemoryPool;
  /** Maximum size of a decompressed document, in bytes. */
  maxSize: number;
  /** Where checksums are written, if there are any. */
  sums?: PartSink;
}

/** Creates a step of a job for this thread. */
export function createStep(plan: StepPlan, context: StepContext): RecordStep {
  switch (plan.kind) {
    case "omit":
      return new OmitRecords(plan.offsets);
    case "decompress":
      return new DecompressContent(
        plan.codec,
        takeDecompressor(plan.codec, context),
        context.maxSize,
      );
    case "record":
      return new WriteRecord(plan.codec, createWriter(plan.content, context));
    case "line":
      return new WriteLine(createWriter(plan.content, context));
    case "sum":
      return new SumDocuments(context.sums!);
    case "tally":
      return new TallyDocuments();
  }
}

function createWriter(plan: ContentPlan, context: StepContext): ContentWriter {
  switch (plan.kind) {
    case "stored":
      return new StoredContent();
    case "decompressed":
      return new DecompressedContent(
        plan.codec,
        takeDecompressor(plan.codec, context),
        context.maxSize,
      );
    case "compressed":
      return new CompressedContent(
        plan.codec,
        takeCompressor(plan.codec, plan.level, context),
      );
  }
}

/** Leases a compressor; without a pool, returns one that allocates everything for each document. */
function takeCompressor(
  codec: CodecName,
  level: number | undefined,
  { pool }: StepContext,
): Compressor & Disposable {
  if (pool.enabled) return leaseCompressor(codec, { level, pool });
  return {
    compress(src, dst, offset, start, end) {
      const result = compressOriginal(src.subarray(start, end), codec, {
        level,
      });
      dst.set(result, offset);
      return result.length;
    },
    [Symbol.dispose]() {},
  };
}

/** Leases a decompressor, likewise. */
function takeDecompressor(
  codec: CodecName,
  { pool, maxSize }: StepContext,
): Decompressor & Disposable {
  if (pool.enabled) return leaseDecompressor(codec, { pool });
  return {
    decompress(src, dst, offset, start, end) {
      const result = decompressOriginal(src.subarray(start, end), codec, {
        maxSize,
      });
      if (result.length > dst.length - offset) return undefined;
      dst.set(result, offset);
      return result.length;
    },
    [Symbol.dispose]() {},
  };
}
