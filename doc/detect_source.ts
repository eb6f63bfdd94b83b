import { MAX_PACKAGE_START } from "./source/sequential_source.ts";
import { findCodec } from "../codec/codecs.ts";
import { type CodecLike, type CodecName, codecNames } from "../codec/names.ts";
import {
  detectCodec,
  detectCodecOfStart,
  detectMagic,
} from "../codec/detect.ts";
import { createDecoder } from "../codec/stream_coders.ts";
import { type ByteSource, memorySource } from "./source/byte_source.ts";
import {
  checkLimits,
  DEFAULT_KEY_SIZE_LIMIT,
  RecordState,
  RecordView,
} from "./format/record.ts";
import { findRecovery } from "./damage/recovery_support.ts";

/** Maximum bytes of records to inspect. */
const SAMPLE_SIZE = 256 * 1024;
/** Maximum number of contents to inspect. */
const SAMPLE_COUNT = 16;
/** Size of the longest magic number, that of xz, in bytes. */
const MAX_MAGIC_SIZE = 6;
/** Compressed bytes per step, small so that little more than needed is decompressed. */
const PACKAGE_SLICE = 4096;

/** The codecs of a bin file. */
export interface DetectedCodecs {
  /** The package codec; `none` for a plain bin file. */
  packageCodec: CodecName;
  /** The codec of the contents; undefined if there is no record. */
  codec: CodecName | undefined;
}

/** What is known about an input, and what to accept. */
export interface OpenInputOptions {
  /** Codec of the contents: a name, alias or number. Default: detected. */
  codec?: CodecLike;
  /** Maximum key size, in bytes. Default {@linkcode DEFAULT_KEY_SIZE_LIMIT}. */
  keySizeLimit?: number;
}

/**
 * Detects how a bin file is compressed, by the records at its start. With
 * `options.codec`, only the package codec is detected.
 *
 * @throws {UnknownCodecError} `options.codec` is unknown.
 * @throws {OptionError} `options.keySizeLimit` is invalid.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { detectSource, memorySource } from "@binfiles/binfiles/doc";
 *
 * const bytes = readFileSync("tests/fixtures/xz.bin");
 * assertEquals(detectSource(memorySource(bytes)), {
 *   packageCodec: "none",
 *   codec: "xz",
 * });
 * ```
 */
export function detectSource(
  source: ByteSource,
  options: OpenInputOptions = {},
): DetectedCodecs {
  checkLimits(options);
  const { keySizeLimit = DEFAULT_KEY_SIZE_LIMIT } = options;
  const known = options.codec === undefined
    ? undefined
    : findCodec(options.codec).name;
  const start = readStart(source);
  const plain = detectContents(start, keySizeLimit, known);
  if (plain !== undefined) return { packageCodec: "none", codec: plain };
  // As a key size, every magic number is far over the limit.
  const magic = detectMagic(start);
  const packageCodec = magic ?? "brotli";
  const { unpacked, complete } = unpackStart(source, packageCodec);
  const codec = detectContents(unpacked, keySizeLimit, known);
  // Brotli has no magic number: it must decompress to records, or to nothing.
  const holds = codec !== undefined || (complete && unpacked.length === 0);
  if (holds) return { packageCodec, codec };
  if (magic !== undefined) return { packageCodec: magic, codec };
  return {
    packageCodec: "none",
    codec: detectBehindDamage(start, keySizeLimit, known),
  };
}

/** What {@linkcode detectStart} has to go by. */
export interface StartOptions {
  /** Maximum key size, in bytes. */
  keySizeLimit: number;
  /** Codec of the contents; undefined to detect it. */
  codec: CodecName | undefined;
  /** Whether the bytes are records, not a package. */
  isUnpacked: boolean;
}

/**
 * Detects the codecs from the start of a stream, as {@linkcode detectSource} does
 * from the whole of it.
 *
 * @param isWhole Whether no bytes follow.
 * @returns undefined if more bytes are needed.
 */
export function detectStart(
  start: Uint8Array,
  isWhole: boolean,
  options: StartOptions,
): DetectedCodecs | undefined {
  const { keySizeLimit, codec: known, isUnpacked } = options;
  if (!isWhole && !suffices(start, options)) return undefined;
  if (!isUnpacked) {
    return detectSource(memorySource(start), { codec: known, keySizeLimit });
  }
  const sample = start.subarray(0, SAMPLE_SIZE);
  const codec = detectContents(sample, keySizeLimit, known) ??
    detectBehindDamage(sample, keySizeLimit, known);
  return { packageCodec: "none", codec };
}

/** Whether the bytes that follow `start` do not matter for detection. */
function suffices(
  start: Uint8Array,
  { keySizeLimit, codec: known, isUnpacked }: StartOptions,
): boolean {
  const areSettled = (samples: Samples) =>
    known !== undefined || samples.areComplete;
  const isLarge = start.length >= SAMPLE_SIZE;
  const samples = takeSamples(start, keySizeLimit);
  if (samples !== undefined) return isLarge || areSettled(samples);
  const record = new RecordView(keySizeLimit);
  const isCorrupt =
    record.parse(start, 0, start.length) === RecordState.Invalid;
  if (!isCorrupt || isUnpacked) return isLarge;
  if (start.length < MAX_MAGIC_SIZE) return false;
  const magic = detectMagic(start);
  const packed = unpackStart(memorySource(start), magic ?? "brotli");
  const inner = takeSamples(packed.unpacked, keySizeLimit);
  if (packed.isCorrupt) {
    // Neither records nor brotli: records are searched behind a corrupt start.
    return magic !== undefined || inner !== undefined || isLarge;
  }
  return packed.unpacked.length === SAMPLE_SIZE ||
    start.length >= MAX_PACKAGE_START ||
    (inner !== undefined && areSettled(inner));
}

/**
 * Codecs whose engines {@linkcode detectSource} may need, for callers that load
 * engines on demand.
 */
export function codecsToDetect(
  source: ByteSource,
  keySizeLimit: number,
  known?: CodecName,
): readonly CodecName[] {
  const samples = takeSamples(readStart(source), keySizeLimit);
  // A package, or a file with a corrupt start, may use any codec.
  if (samples === undefined) return codecNames;
  if (known !== undefined) return [];
  return samples.contents.map((content) => detectMagic(content) ?? "brotli");
}

/** Reads the start of a source. */
function readStart(source: ByteSource): Uint8Array {
  const bytes = new Uint8Array(Math.min(SAMPLE_SIZE, source.size));
  return bytes.subarray(0, source.read(bytes, 0, bytes.length, 0));
}

/** Detects the codec of the contents after a corrupt start; undefined if no record is found. */
function detectBehindDamage(
  bytes: Uint8Array,
  keySizeLimit: number,
  known: CodecName | undefined,
): CodecName | undefined {
  const recovery = findRecovery();
  const found = recovery?.resync(memorySource(bytes), 1, {
    keySizeLimit,
    checkContent: new recovery.ContentCheck("none"),
  });
  return found === undefined
    ? undefined
    : detectContents(bytes.subarray(found), keySizeLimit, known);
}

/** Detects the codec of the contents; undefined if `bytes` does not start with a record. */
function detectContents(
  bytes: Uint8Array,
  keySizeLimit: number,
  known: CodecName | undefined,
): CodecName | undefined {
  const samples = takeSamples(bytes, keySizeLimit);
  if (samples === undefined) return undefined;
  const { contents, isCut } = samples;
  return known ??
    (isCut ? detectCodecOfStart(contents[0]) : detectCodec(contents));
}

/** The first contents of a bin file. */
interface Samples {
  contents: Uint8Array[];
  /** Whether there is only the first part of a single content. */
  isCut: boolean;
  /** Whether there would be no other samples if there were more bytes. */
  areComplete: boolean;
}

/** Collects the first contents. @returns undefined if `bytes` does not start with a record. */
function takeSamples(
  bytes: Uint8Array,
  keySizeLimit: number,
): Samples | undefined {
  const contents: Uint8Array[] = [];
  const record = new RecordView(keySizeLimit);
  let at = 0;
  while (at < bytes.length && contents.length < SAMPLE_COUNT) {
    const state = record.parse(bytes, at, bytes.length);
    if (state !== RecordState.Whole) {
      // A corrupt record does not invalidate the samples before it.
      if (contents.length > 0) {
        const areComplete = state === RecordState.Invalid;
        return { contents, isCut: false, areComplete };
      }
      if (state === RecordState.Invalid || record.contentStart === 0) {
        return undefined;
      }
      const cut = bytes.subarray(record.contentStart);
      return { contents: [cut], isCut: true, areComplete: false };
    }
    contents.push(bytes.subarray(record.contentStart, record.end));
    at = record.end;
  }
  if (contents.length === 0) return undefined;
  const areComplete = contents.length === SAMPLE_COUNT;
  return { contents, isCut: false, areComplete };
}

/** Decompresses the start of a package, as far as possible. */
function unpackStart(
  source: ByteSource,
  codec: CodecName,
): { unpacked: Uint8Array; complete: boolean; isCorrupt: boolean } {
  const unpacked = new Uint8Array(SAMPLE_SIZE);
  const slice = new Uint8Array(PACKAGE_SLICE);
  const end = Math.min(source.size, MAX_PACKAGE_START);
  let length = 0;
  let complete = false;
  let isCorrupt = false;
  let last = false;
  const decoder = createDecoder(codec);
  try {
    for (let at = 0; at < end && length < SAMPLE_SIZE;) {
      const count = source.read(slice, 0, PACKAGE_SLICE, at);
      at += count;
      last = at >= source.size;
      decoder.push(slice.subarray(0, count), last, (piece) => {
        const fitting = piece.subarray(0, SAMPLE_SIZE - length);
        unpacked.set(fitting, length);
        length += fitting.length;
      });
      complete = last;
    }
  } catch {
    // The output before the corruption suffices. At the end, it may be truncated only.
    isCorrupt = !last;
  } finally {
    decoder.close?.();
  }
  return { unpacked: unpacked.subarray(0, length), complete, isCorrupt };
}
