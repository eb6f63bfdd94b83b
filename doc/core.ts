/**
 * Everything of `doc/mod.ts`, without the engines of the codecs.
 *
 * @module
 */
export { BatchProcessor } from "./batch_processor.ts";
export type { SkippedRegion } from "./damage/block_reader.ts";
export { blobSource } from "./source/blob_source.ts";
export {
  type ByteSource,
  memorySource,
  openFile,
} from "./source/byte_source.ts";
export {
  type DetectedCodecs,
  detectSource,
  type OpenInputOptions,
} from "./detect_source.ts";
export {
  compressDoc,
  compressDocOriginal,
  decompressDoc,
  decompressDocOriginal,
  Doc,
} from "./doc.ts";
export {
  CancelledError,
  ClosedError,
  DocumentError,
  FileError,
  KeyError,
  LockedError,
  PermissionError,
  RecordError,
  RecordLimitError,
  type RecordLocation,
  TarError,
  TargetExistsError,
} from "./errors.ts";
export {
  type PackedError,
  packError,
  unpackError,
} from "./job/packed_error.ts";
export { type OpenedInput, openInput } from "./open_input.ts";
export {
  packageFiles,
  type PackageOptions,
  type PackageResult,
  type SkippedFile,
} from "./package_files.ts";
export { type DocEntry, DocReader, type DocReaderOptions } from "./reader.ts";
export {
  DEFAULT_KEY_SIZE_LIMIT,
  encodeRecord,
  MAX_CONTENT_SIZE,
} from "./format/record.ts";
export { RecordScanner, type RecordScannerOptions } from "./record_scanner.ts";
export {
  repackDirectory,
  type RepackDirectoryOptions,
  type RepackDirectoryResult,
  type SkippedSource,
} from "./repack_directory.ts";
export { repack, type RepackOptions, type RepackResult } from "./repack.ts";
export { findRecord } from "./find_record.ts";
export {
  compareFiles,
  type CompareOptions,
  type Comparison,
  type DocumentDifference,
} from "./compare.ts";
export {
  merge,
  type MergedSource,
  type MergeOptions,
  type MergeResult,
} from "./merge.ts";
export type { SumComparison, SumDifference } from "./format/sums.ts";
export { scan, type ScanOptions, type ScanResult } from "./scan.ts";
export type { LargeDocument, Tally } from "./job/steps/tally.ts";
export type {
  JobOptions,
  JobProgress,
  JobTotals,
  TargetOptions,
} from "./job/options.ts";
export { type ByteSink, MemorySink } from "./target/byte_sink.ts";
export type { LockOptions } from "./target/target_lock.ts";
export {
  docStream,
  type DocStreamOptions,
  recordStream,
  type RecordStreamOptions,
} from "./streams.ts";
export { readTar, type TarOptions } from "./source/tar.ts";
export type { TarEntry, TarHandler } from "./source/tar_parser.ts";
export { unpack, type UnpackOptions, type UnpackResult } from "./unpack.ts";
export type { TornRecord } from "./target/torn_record.ts";
export { DocWriter, type DocWriterOptions } from "./writer.ts";
