/**
 * The contract between codecs and their engines.
 *
 * Everything that handles whole documents writes *into* memory of the caller and
 * allocates nothing per call.
 */

/** What an engine is asked to do. */
export type Direction = "compress" | "decompress";

/** Compresses whole buffers, one independent frame per call. */
export interface Compressor {
  /**
   * Compresses the bytes of `src` from `start` to `end` (default: all) into
   * `dst`, starting at `offset`. A range is cheaper than a view, of which there
   * would be one per document.
   *
   * `src` and `dst` must not overlap. Neither is kept after the call.
   *
   * @returns The number of bytes written; undefined if they do not fit, and then
   * the bytes of `dst` from `offset` on are unspecified. Some engines need one
   * spare byte to know that everything fitted.
   */
  compress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start?: number,
    end?: number,
  ): number | undefined;
  /**
   * Makes the output independent of earlier documents. Only engines whose output
   * can depend on them have it. Takes as long as creating a compressor.
   */
  restart?(): void;
  /** Releases memory that the garbage collector does not manage. */
  close?(): void;
}

/** Decompresses whole buffers. */
export interface Decompressor {
  /**
   * Decompresses the bytes of `src` from `start` to `end` (default: all), one
   * frame or several in a row, into `dst`, starting at `offset`.
   *
   * `src` and `dst` must not overlap. Neither is kept after the call.
   *
   * @returns The number of bytes written; undefined if they do not fit, and then
   * the bytes of `dst` from `offset` on are unspecified. Some engines need one
   * spare byte to know that everything fitted.
   * @throws {CorruptDataError} `src` is malformed, truncated, does not match its
   * checksum, or is followed by bytes that are not a frame. The decompressor can
   * be used again.
   */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start?: number,
    end?: number,
  ): number | undefined;
  /** Releases memory that the garbage collector does not manage. */
  close?(): void;
}

/** Largest piece that stream coders emit where they can choose, in bytes. */
export const PIECE_SIZE: number = 64 * 1024;

/** Receives output of a stream. The bytes are borrowed: copy them to keep them. */
export type Emit = (bytes: Uint8Array) => void;

/**
 * One direction of a codec over a stream of chunks, in bounded memory.
 *
 * Feed it with {@linkcode StreamCoder.push}; `last` ends the stream. After the
 * call with `last`, or after an error, it cannot be used again.
 */
export interface StreamCoder {
  /**
   * Takes `chunk` (borrowed during the call, may be empty) and passes all output
   * that is ready to `emit`, in pieces of bounded size. The pieces are borrowed:
   * copy them to keep them.
   *
   * @throws {CorruptDataError} When decoding, as {@linkcode Decompressor.decompress}.
   */
  push(
    chunk: Uint8Array,
    last: boolean,
    emit: (bytes: Uint8Array) => void,
  ): void;
  /** Releases memory that the garbage collector does not manage. */
  close?(): void;
}

/** One implementation of a codec. */
export interface Engine {
  /** Where the implementation comes from: `node:zlib`, `fflate`, `lz4js`, `fzstd`, `binfiles`. */
  readonly name: string;
  /**
   * What it is made of: native code of the runtime, TypeScript of this module, or
   * an npm package. All but native engines run wherever JavaScript does.
   */
  readonly kind: "native" | "built-in" | "portable";
  /**
   * Finds out what the engine can do on this runtime, compressing at `level`.
   * Only native engines have it: all others can do what they have methods for.
   */
  probe?(level: number): Record<"compress" | "decompress", boolean>;
  /** Creates a compressor. The caller has checked that the codec has this level. */
  createCompressor?(level: number): Compressor;
  /** Creates a decompressor. */
  createDecompressor?(): Decompressor;
  /** Creates a compressor of one stream. The caller has checked that the codec has this level. */
  createEncoder?(level: number): StreamCoder;
  /** Creates a decompressor of one stream. */
  createDecoder?(): StreamCoder;
  /** The engine's one-shot compression, which reuses nothing: what the pool is compared with. */
  compressOnce?(data: Uint8Array, level: number): Uint8Array;
  /**
   * The engine's one-shot decompression, which reuses nothing.
   *
   * @throws {OutputLimitError} The output exceeds `limit` bytes.
   */
  decompressOnce?(data: Uint8Array, limit: number): Uint8Array;
}
