/**
 * The contracts between codecs and the engines that do their work.
 *
 * Everything that handles whole documents writes *into* memory that the caller
 * owns; nothing here allocates per call.
 */

/** Compresses whole buffers, one independent frame per call. */
export interface Compressor {
  /**
   * Compresses `src`, or its bytes from `start` to `end`, into `dst`, starting at
   * `offset`. A range costs less than a view, of which there would be one per
   * document.
   *
   * @returns The number of bytes written, or -1 when they do not fit; what is
   * in `dst` from `offset` on is then unspecified. Some engines need one spare
   * byte to know that everything fitted.
   * `src` and `dst` must not overlap. Neither is kept after the call.
   */
  compress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start?: number,
    end?: number,
  ): number;
  /**
   * Forgets what earlier documents have left. Only engines have it whose output
   * depends on that; it takes as long as making a compressor.
   */
  restart?(): void;
  /** Releases what lies outside the garbage collector's reach. */
  close?(): void;
}

/** Decompresses whole buffers. */
export interface Decompressor {
  /**
   * Decompresses `src`, or its bytes from `start` to `end` (one frame, or several
   * one after the other), into `dst`, starting at `offset`.
   *
   * @returns The number of bytes written, or -1 when they do not fit; what is
   * in `dst` from `offset` on is then unspecified. Some engines need one spare
   * byte to know that everything fitted.
   * @throws {CorruptDataError} `src` is malformed, cut short, fails its
   * checksum, or is followed by bytes that are no frame.
   */
  decompress(
    src: Uint8Array,
    dst: Uint8Array,
    offset: number,
    start?: number,
    end?: number,
  ): number;
  /** Releases what lies outside the garbage collector's reach. */
  close?(): void;
}

/** Receives output of a stream. The bytes are borrowed: copy them to keep them. */
export type Emit = (bytes: Uint8Array) => void;

/**
 * One direction of a codec over a stream of chunks, in bounded memory.
 *
 * Feed it with {@linkcode StreamCoder.push}; `last` ends the stream. After the
 * call with `last`, or after an error, it is used up.
 */
export interface StreamCoder {
  /**
   * Takes `chunk` (borrowed during the call, may be empty) and hands what can
   * be produced so far to `emit`, in pieces of bounded size.
   *
   * @throws {CorruptDataError} when decoding, as in
   * {@linkcode Decompressor.decompress}.
   */
  push(chunk: Uint8Array, last: boolean, emit: Emit): void;
  /** Releases what lies outside the garbage collector's reach. */
  close?(): void;
}

/**
 * What an engine is made of: the runtime's native code, TypeScript of this
 * module, or a package of npm. All but native ones run wherever JavaScript does.
 */
export type EngineKind = "native" | "built-in" | "portable";

/** One implementation of a codec. */
export interface Engine {
  /** Where the implementation comes from: `node:zlib`, `fflate`, `lz4js`, `fzstd`, `binfiles`. */
  readonly name: string;
  /** What it is made of. */
  readonly kind: EngineKind;
  /** Makes a compressor. */
  createCompressor?(level: number): Compressor;
  /** Makes a decompressor. */
  createDecompressor?(): Decompressor;
  /** Makes a compressor of one stream of any length. */
  createEncoder?(level: number): StreamCoder;
  /** Makes a decompressor of one stream of any length. */
  createDecoder?(): StreamCoder;
  /** The engine's one-shot compression, with nothing reused: what pooling is compared with. */
  compressOnce?(data: Uint8Array, level: number): Uint8Array;
  /**
   * The engine's one-shot decompression, with nothing reused.
   *
   * @throws {OutputLimitError} when the output exceeds `limit` bytes.
   */
  decompressOnce?(data: Uint8Array, limit: number): Uint8Array;
}
