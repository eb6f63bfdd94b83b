/**
 * Reads tar archives (ustar, GNU, pax; plain or compressed) in bounded memory.
 * Names stay bytes, like keys. Maps of sparse files are not mistaken for content.
 */
import { checkBytes } from "../../codec/bytes.ts";
import type { CodecLike, CodecName } from "../../codec/names.ts";
import { findCodec } from "../../codec/codecs.ts";
import { detectMagic } from "../../codec/detect.ts";
import { loadEngines } from "../../codec/load_engines.ts";
import { CorruptDataError } from "../../codec/errors.ts";
import { createDecoder } from "../../codec/stream_coders.ts";
import {
  BLOCK_SIZE,
  hasChecksum,
  isZero,
  type TarHandler,
  TarParser,
} from "./tar_parser.ts";

/** How to read a tar archive. */
export interface TarOptions {
  /** Package codec of the archive: a name, alias or number. Default: detected. */
  codec?: CodecLike;
  /** Its path, for error messages and for its suffix: brotli has no magic number. */
  file?: string;
}

/** Compressed bytes per step, which bounds the size of the output of a step. */
const SLICE_SIZE = 4096;

/**
 * Reads a tar archive from chunks of bytes, such as those of a file or stream.
 *
 * Header checksums are verified. An archive without an end-of-archive marker
 * counts as truncated. Concatenated archives are read as one.
 *
 * @throws {TarError} The archive is corrupt or truncated, or is not a tar archive.
 * @throws {UnknownCodecError | NoEngineError} The codec is unknown or unavailable.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readTar } from "@binfiles/binfiles/doc";
 *
 * const header = new Uint8Array(512);
 * const write = (text: string, at: number) =>
 *   new TextEncoder().encodeInto(text, header.subarray(at));
 * write("hello.txt", 0);
 * write("00000000000", 124);
 * write("        ", 148);
 * const sum = header.reduce((sum, byte) => sum + byte);
 * write(sum.toString(8).padStart(6, "0") + "\0", 148);
 *
 * const names: string[] = [];
 * await readTar([header, new Uint8Array(1024)], {
 *   entry({ name }) {
 *     names.push(new TextDecoder().decode(name));
 *     return false;
 *   },
 * });
 * assertEquals(names, ["hello.txt"]);
 * ```
 */
export async function readTar(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  handler: TarHandler,
  { codec, file }: TarOptions = {},
): Promise<void> {
  await loadEngines();
  const parser = new TarParser(handler, file);
  const known = codec === undefined ? undefined : findCodec(codec).name;
  const input = new TarInput(parser, known, file);
  try {
    for await (const chunk of chunks) {
      checkBytes(chunk, "chunk");
      for (let at = 0; at < chunk.length; at += SLICE_SIZE) {
        input.push(chunk.subarray(at, at + SLICE_SIZE), false);
        if (await handler.goOn?.() === false) return;
      }
    }
    input.push(new Uint8Array(0), true);
    parser.finish();
  } catch (error) {
    if (!(error instanceof CorruptDataError)) throw error;
    throw parser.error(error.message, { cause: error });
  } finally {
    input.close();
  }
}

/** Detects the codec of an archive and decompresses it for the parser. */
class TarInput {
  readonly #parser: TarParser;
  readonly #file: string | undefined;
  #codec: CodecName | undefined;
  #decoder: ReturnType<typeof createDecoder> | undefined;
  /** The first bytes, until they suffice to detect the codec. */
  #start: Uint8Array = new Uint8Array(0);

  constructor(
    parser: TarParser,
    codec: CodecName | undefined,
    file: string | undefined,
  ) {
    this.#parser = parser;
    this.#file = file;
    if (codec !== undefined) this.#choose(codec);
  }

  push(bytes: Uint8Array, last: boolean): void {
    if (this.#codec === undefined) {
      const start = new Uint8Array(this.#start.length + bytes.length);
      start.set(this.#start);
      start.set(bytes, this.#start.length);
      this.#start = bytes = start;
      if (start.length < BLOCK_SIZE && !last) return;
      this.#choose(detectTarCodec(start, this.#file));
    }
    if (this.#decoder === undefined) this.#parser.push(bytes);
    else {
      this.#decoder.push(bytes, last, (piece) => this.#parser.push(piece));
    }
  }

  close(): void {
    this.#decoder?.close?.();
  }

  #choose(codec: CodecName): void {
    this.#codec = codec;
    if (codec !== "none") this.#decoder = createDecoder(codec);
  }
}

/** Detects the codec of an archive by its first bytes and its suffix. */
function detectTarCodec(start: Uint8Array, file = ""): CodecName {
  // First, because the name of an entry may start with a magic number.
  if (isTarStart(start)) return "none";
  const magic = detectMagic(start);
  if (magic !== undefined) return magic;
  if (/\.(br|tbr)$/.test(file)) return "brotli";
  const unpacked = new Uint8Array(BLOCK_SIZE);
  let length = 0;
  const decoder = createDecoder("brotli");
  try {
    decoder.push(start, false, (piece) => {
      const fitting = piece.subarray(0, BLOCK_SIZE - length);
      unpacked.set(fitting, length);
      length += fitting.length;
    });
  } catch {
    // The output before the error suffices.
  } finally {
    decoder.close?.();
  }
  return isTarStart(unpacked.subarray(0, length)) ? "brotli" : "none";
}

/** Whether the first block is a header or an end-of-archive marker. */
function isTarStart(bytes: Uint8Array): boolean {
  const block = bytes.subarray(0, BLOCK_SIZE);
  return block.length === BLOCK_SIZE && (isZero(block) || hasChecksum(block));
}
