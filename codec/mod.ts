/**
 * Codecs, the engines that serve them, and compression with pooled memory.
 *
 * @module
 */
import "./all_engines.ts";
export type { Codec } from "./codec.ts";
export { codecs, findCodec } from "./codecs.ts";
export { codecAliases, type CodecName, codecNames } from "./names.ts";
export {
  compress,
  type CompressOptions,
  compressOriginal,
  compressWithPool,
  decompress,
  type DecompressOptions,
  decompressOriginal,
  decompressWithPool,
  leaseCompressor,
  type LeasedCompressor,
  type LeasedDecompressor,
  leaseDecompressor,
  MAX_DOCUMENT_SIZE,
  maxCompressedSize,
} from "./compress.ts";
export { detectCodec, detectMagic } from "./detect.ts";
export type {
  Compressor,
  Decompressor,
  Emit,
  Engine,
  EngineKind,
  StreamCoder,
} from "./engine.ts";
export {
  type Direction,
  engineFor,
  type EngineInfo,
  enginePreferences,
  type Input,
  listEngines,
  loadPortableEngines,
  preferEngine,
} from "./engines.ts";
export {
  CodecError,
  CorruptDataError,
  NoEngineError,
  OutputLimitError,
  UnknownCodecError,
} from "./errors.ts";
export { createDecoder, createEncoder } from "./stream_coders.ts";
export { compressionStream, decompressionStream } from "./streams.ts";
