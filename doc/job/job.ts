import type { CodecName } from "../../codec/names.ts";
import type { FileIdentity } from "../source/byte_source.ts";
import type { StepPlan } from "./steps/step_plan.ts";

/** What is known about a source before its records are read. */
export interface SourceFacts {
  /** Name in results and error messages. */
  readonly name: string;
  /** Path of the file; undefined if it is not a file. */
  readonly path?: string;
  /** Identity of the file, so that all threads read the same one. */
  readonly identity?: Readonly<FileIdentity>;
  /** Size in bytes; undefined if unknown. */
  readonly size?: number;
  /** Codec of the contents. */
  readonly codec: CodecName;
  /** Codec of the source as a whole. */
  readonly packageCodec: CodecName;
}

/**
 * A job over the records of a source, as every thread needs to know it: plain
 * data, which does not change once it is planned.
 */
export interface Job {
  /** Where the records come from. */
  readonly source: SourceFacts;
  /** What is done to each record, in this order. Without steps, blocks are copied, or just counted. */
  readonly steps: readonly StepPlan[];
  /** Codecs whose engines a thread has to load. */
  readonly codecs: readonly CodecName[];
  /** Codec with which each block of output is compressed as a stream; `none` if it is not. */
  readonly blockCodec: CodecName;
  /** Offset of the first record. */
  readonly start: number;
  /** Offset before which records have to start; Infinity for all. */
  readonly end: number;
  /** Maximum number of records; Infinity for all. */
  readonly limit: number;
  /** Number of documents per part of the target; Infinity for a single file. */
  readonly split: number;
  /** Whether to skip corrupted regions. */
  readonly skipErrors: boolean;
  /** Whether the sizes of all records are known to be correct, so that only contents can be corrupt. */
  readonly intact: boolean;
  /** Whether threads use their global pools. */
  readonly pooled: boolean;
  /** Longest accepted key, in bytes. */
  readonly keySizeLimit: number;
  /** Maximum size of a decompressed document, in bytes. */
  readonly maxSize: number;
  /** Bytes per block. */
  readonly blockSize: number;
}
