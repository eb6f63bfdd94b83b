import { MAX_PACKAGE_START } from "./source/sequential_source.ts";
import { type CodecName, codecNames } from "../codec/names.ts";
import {
  detectCodec,
  detectCodecOfStart,
  detectMagic,
} from "../codec/detect.ts";
import { createDecoder } from "../codec/stream_coders.ts";
import { type ByteSource, memorySource } from "./source/byte_source.ts";
import {
  DEFAULT_KEY_SIZE_LIMIT,
  RecordState,
  RecordView,
} from "./format/record.ts";
import { ContentCheck } from "./damage/content_check.ts";
import { findRecord } from "./damage/resync.ts";

/** Most bytes of records that are looked at. */
const SAMPLE_SIZE = 256 * 1024;
/** Most contents that are tried. */
const SAMPLE_COUNT = 16;
/** Bytes of a package that are unpacked at a time, so that not much more than needed is. */
const PACKAGE_SLICE = 4096;

/** How a bin file is compressed. */
export interface Detection {
  /** The codec of the file as a whole; `none` for plain bin files. */
  packageCodec: CodecName;
  /** The codec of the contents; undefined when there is no record to tell by. */
  codec: CodecName | undefined;
}

/**
 * Finds out how a bin file is compressed, by the records at its start.
 *
 * @param known Codec of the contents, if that is known: only records are looked
 * for then, which takes less time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { detectSource, memorySource } from "@binfiles/binfiles/doc";
 *
 * const bytes = Deno.readFileSync("tests/fixtures/xz.bin");
 * assertEquals(detectSource(memorySource(bytes)), {
 *   packageCodec: "none",
 *   codec: "xz",
 * });
 * ```
 */
export function detectSource(
  source: ByteSource,
  keySizeLimit: number = DEFAULT_KEY_SIZE_LIMIT,
  known?: CodecName,
): Detection {
  const start = readStart(source);
  const plain = detectContents(start, keySizeLimit, known);
  if (plain !== undefined) return { packageCodec: "none", codec: plain };
  // Magic numbers, read as a key's size, are far over any limit that is set.
  const magic = detectMagic(start);
  const packageCodec = magic ?? "brotli";
  const { unpacked, complete } = unpackStart(source, packageCodec);
  const codec = detectContents(unpacked, keySizeLimit, known);
  // Brotli, which has no magic number, must hold records, or be whole and empty.
  const holds = codec !== undefined || (complete && unpacked.length === 0);
  if (holds) return { packageCodec, codec };
  if (magic !== undefined) return { packageCodec: magic, codec };
  return {
    packageCodec: "none",
    codec: detectBehindDamage(start, keySizeLimit, known),
  };
}

/**
 * Codecs that {@linkcode detectSource} may need the engines of, for whoever has
 * not loaded all of them.
 */
export function codecsToDetect(
  source: ByteSource,
  keySizeLimit: number,
  known?: CodecName,
): readonly CodecName[] {
  const samples = takeSamples(readStart(source), keySizeLimit);
  // What is packaged, or behind damage, can be anything.
  if (samples === undefined) return codecNames;
  if (known !== undefined) return [];
  return samples.contents.map((content) => detectMagic(content) ?? "brotli");
}

/** The beginning of a source. */
function readStart(source: ByteSource): Uint8Array {
  const bytes = new Uint8Array(Math.min(SAMPLE_SIZE, source.size));
  return bytes.subarray(0, source.read(bytes, 0, bytes.length, 0));
}

/** The codec of the contents behind damage at the very start; undefined if there are no records. */
function detectBehindDamage(
  bytes: Uint8Array,
  keySizeLimit: number,
  known: CodecName | undefined,
): CodecName | undefined {
  const found = findRecord(memorySource(bytes), 1, {
    keySizeLimit,
    checkContent: new ContentCheck("none"),
  });
  return found === undefined
    ? undefined
    : detectContents(bytes.subarray(found), keySizeLimit, known);
}

/** The codec of the contents at the start of some bytes; undefined if they are no records. */
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
  /** Whether only the beginning of the first one is there, and no other. */
  isCut: boolean;
}

/** Takes the first contents from the start of some bytes. @returns undefined if they are no records. */
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
      // A damaged record behind good ones does not make them less telling.
      if (contents.length > 0) break;
      return state === RecordState.Cut && record.contentStart > 0
        ? { contents: [bytes.subarray(record.contentStart)], isCut: true }
        : undefined;
    }
    contents.push(bytes.subarray(record.contentStart, record.end));
    at = record.end;
  }
  return contents.length === 0 ? undefined : { contents, isCut: false };
}

/** What the beginning of a package unpacks to, as far as it can be read. */
function unpackStart(
  source: ByteSource,
  codec: CodecName,
): { unpacked: Uint8Array; complete: boolean } {
  const unpacked = new Uint8Array(SAMPLE_SIZE);
  const slice = new Uint8Array(PACKAGE_SLICE);
  const end = Math.min(source.size, MAX_PACKAGE_START);
  let length = 0;
  let complete = false;
  const decoder = createDecoder(codec);
  try {
    for (let at = 0; at < end && length < SAMPLE_SIZE;) {
      const count = source.read(slice, 0, PACKAGE_SLICE, at);
      at += count;
      const last = at >= source.size;
      decoder.push(slice.subarray(0, count), last, (piece) => {
        const fitting = piece.subarray(0, SAMPLE_SIZE - length);
        unpacked.set(fitting, length);
        length += fitting.length;
      });
      complete = last;
    }
  } catch {
    // What came before the damage still tells.
  } finally {
    decoder.close?.();
  }
  return { unpacked: unpacked.subarray(0, length), complete };
}
