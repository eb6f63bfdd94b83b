/** The messages between page and worker. */
import type { CodecName } from "../codec/mod.ts";

/** Which rows to list. */
export interface Filter {
  /** Text that keys must contain, ignoring case. */
  text: string;
  /** Whether to list only corrupted regions. */
  onlyCorrupt: boolean;
}

/** A row of the list: a document or a corrupted region. */
export interface Row {
  /** Index in the filtered list. */
  position: number;
  /** The key, as text. */
  key: string;
  /** Offset in the file, or in the contents of the package, in bytes. */
  offset: number;
  /** Size of the stored content, or of the corrupted region, in bytes. */
  stored: number;
  /** Size of the decompressed content, in bytes; undefined until known. */
  unpacked?: number;
  /** What is wrong, if something is. */
  problem?: string;
  /** Whether it is a corrupted region. */
  isRegion: boolean;
}

/** Progress of reading and filtering. */
export interface Progress {
  /** Bytes of the file that were read. */
  done: number;
  /** Bytes of the package's contents that were read. */
  unpacked?: number;
  /** Documents found. */
  documents: number;
  /** Corrupted regions found. */
  regions: number;
  /** Rows that pass the filter. */
  listed: number;
  /** Whether the file was read and filtered to its end. */
  complete: boolean;
  /** Why only part of the file is listed. */
  note?: string | undefined;
}

/** A message from the page to the worker. */
export type Request =
  | { kind: "open"; file: File }
  /** Answers about rows carry the `version` of their filter. */
  | { kind: "filter"; filter: Filter; version: number }
  /** Positions from `from` up to, not including, `to`. */
  | { kind: "rows"; from: number; to: number }
  | { kind: "content"; position: number };

/** A message from the worker to the page. */
export type Answer =
  /** The worker is listening. Earlier messages may be lost. */
  | { kind: "ready" }
  | { kind: "opened"; packageCodec: CodecName; codec: CodecName }
  | { kind: "progress"; progress: Progress; version: number }
  | { kind: "rows"; rows: Row[]; version: number }
  /** `bytes` are the stored bytes if the row has a problem. */
  | { kind: "content"; row: Row; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "failed"; message: string };
