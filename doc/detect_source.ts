import type { CodecName } from "../codec/codec.ts";
import { detectCodec, detectMagic } from "../codec/detect.ts";
import { createDecoder } from "../codec/streams.ts";
import type { ByteSource } from "./byte_source.ts";
import { DEFAULT_KEY_SIZE_LIMIT, RecordState, RecordView } from "./record.ts";

/** Most bytes of a source, or of what it unpacks to, that are looked at. */
const SAMPLE_SIZE = 256 * 1024;
/** Most contents that are tried. */
const SAMPLE_COUNT = 16;

/** How a bin file is compressed. */
export interface Detection {
  /** The codec of the file as a whole; `none` for plain bin files. */
  packageCodec: CodecName;
  /** The codec of the contents; undefined when no record was found to tell by. */
  codec: CodecName | undefined;
}

/**
 * Finds out how a bin file is compressed, by its first 256 KiB.
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
): Detection {
  const start = new Uint8Array(Math.min(SAMPLE_SIZE, source.size));
  const length = source.read(start, 0, start.length, 0);
  const bytes = start.subarray(0, length);
  // Magic numbers, read as a key's size, are far over any limit that is set.
  const packageCodec = detectMagic(bytes);
  const samples = sampleContents(bytes, keySizeLimit);
  if (samples !== undefined) {
    return {
      packageCodec: "none",
      codec: samples.length === 0 ? undefined : detectCodec(samples),
    };
  }
  for (const candidate of [packageCodec, "brotli"] as const) {
    if (candidate === undefined) continue;
    const inside = sampleContents(unpack(bytes, candidate), keySizeLimit);
    if (inside !== undefined) {
      return {
        packageCodec: candidate,
        codec: inside.length === 0 ? undefined : detectCodec(inside),
      };
    }
  }
  return { packageCodec: packageCodec ?? "none", codec: undefined };
}

/** The whole contents at the start of some bytes; undefined if they are no records. */
function sampleContents(
  bytes: Uint8Array,
  keySizeLimit: number,
): Uint8Array[] | undefined {
  const samples: Uint8Array[] = [];
  const record = new RecordView(keySizeLimit);
  let at = 0;
  while (at < bytes.length && samples.length < SAMPLE_COUNT) {
    const state = record.parse(bytes, at, bytes.length);
    // A damaged record behind good ones does not make them less telling.
    if (state === RecordState.Invalid) return at === 0 ? undefined : samples;
    if (state === RecordState.Cut) break;
    samples.push(bytes.subarray(record.contentStart, record.end));
    at = record.end;
  }
  return samples;
}

/** What the beginning of a package unpacks to, as far as it goes. */
function unpack(bytes: Uint8Array, codec: CodecName): Uint8Array {
  const unpacked = new Uint8Array(SAMPLE_SIZE);
  let length = 0;
  const decoder = createDecoder(codec);
  try {
    // Small slices, so that not much more than needed is unpacked.
    for (let at = 0; at < bytes.length && length < SAMPLE_SIZE; at += 1024) {
      decoder.push(bytes.subarray(at, at + 1024), false, (piece) => {
        const fitting = piece.subarray(0, SAMPLE_SIZE - length);
        unpacked.set(fitting, length);
        length += fitting.length;
      });
    }
  } catch {
    // What came before the damage still tells.
  } finally {
    decoder.close?.();
  }
  return unpacked.subarray(0, length);
}
