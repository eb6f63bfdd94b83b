/** What page and worker say to each other. */
import type { CodecName } from "../codec/mod.ts";

/** Which rows are wanted. */
export interface Filter {
  /** Part of the keys, in whatever case. */
  text: string;
  /** Whether only broken ranges are wanted. */
  onlyBroken: boolean;
}

/** A row of the list: a document, or a range in which there is none. */
export interface Row {
  /** Its place in the list as it is filtered. */
  position: number;
  /** The key, as text. */
  key: string;
  /** Where it is in the (unpackaged) file, in bytes. */
  offset: number;
  /** Size in the file: of the content, or of the whole range if it is broken. */
  stored: number;
  /** Size of the content, decompressed; undefined until it is known. */
  unpacked?: number;
  /** What is wrong with it. */
  problem?: string;
  /** Whether it is a range without a record. */
  isGap: boolean;
}

/** How far the work has come. */
export interface Progress {
  /** Bytes of the file that were looked at. */
  done: number;
  /** Bytes of a package's contents that were found. */
  unpacked?: number;
  /** Documents that were found. */
  documents: number;
  /** Broken ranges that were found. */
  gaps: number;
  /** Rows that are listed. */
  listed: number;
  /** Whether every row has been filtered. */
  complete: boolean;
  /** Why not all of the file is listed. */
  note?: string | undefined;
}

/** What the page asks of the worker. */
export type Request =
  | { kind: "open"; file: File }
  /** `version` comes back with all that is said about the rows that pass the filter. */
  | { kind: "filter"; filter: Filter; version: number }
  /** Positions from `from` up to, not including, `to`. */
  | { kind: "rows"; from: number; to: number }
  | { kind: "content"; position: number };

/** What the worker answers. */
export type Answer =
  /** It listens; what is sent before may be lost. */
  | { kind: "ready" }
  | { kind: "opened"; packageCodec: CodecName; codec: CodecName }
  | { kind: "progress"; progress: Progress; version: number }
  | { kind: "rows"; rows: Row[]; version: number }
  /** `bytes` are the stored ones if there is a problem with the row. */
  | { kind: "content"; row: Row; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "failed"; message: string };
