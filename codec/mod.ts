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
} from "./compress.ts";
export {
  leaseCompressor,
  type LeasedCompressor,
  type LeasedDecompressor,
  leaseDecompressor,
} from "./lease.ts";
export { MAX_DOCUMENT_SIZE, maxCompressedSize } from "./output_size.ts";
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
