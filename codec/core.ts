/**
 * Everything of `codec/mod.ts`, without the engines of the codecs.
 *
 * @module
 */
export { type Codec, codecs, findCodec } from "./codecs.ts";
export {
  type CodecAlias,
  type CodecLike,
  type CodecName,
  codecNames,
} from "./names.ts";
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
export { leaseCompressor, type Leased, leaseDecompressor } from "./lease.ts";
export { maxCompressedSize } from "./output_size.ts";
export { detectCodec, detectMagic } from "./detect.ts";
export type {
  Compressor,
  Decompressor,
  Engine,
  StreamCoder,
} from "./engine.ts";
export {
  engineFor,
  type EngineInfo,
  type EngineUse,
  listEngines,
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
