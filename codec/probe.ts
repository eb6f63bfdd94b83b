import type { Codec } from "./codecs.ts";
import type { Direction, Engine } from "./engine.ts";

/** Outcomes of probes. */
const probed = new Map<Engine, Record<Direction, boolean>>();

/**
 * Whether an engine can compress, or decompress, on this runtime.
 *
 * Native engines rely on undocumented interfaces of the runtime, so they have to
 * prove it with a round trip before their first use.
 */
export function works(
  engine: Engine,
  codec: Codec,
  direction: Direction,
): boolean {
  let outcome = probed.get(engine);
  if (outcome === undefined) {
    outcome = engine.kind === "native" ? probe(engine, codec) : {
      compress: engine.createCompressor !== undefined,
      decompress: engine.createDecompressor !== undefined,
    };
    probed.set(engine, outcome);
  }
  return outcome[direction];
}

/** Tries an engine on a small document, several times, because reuse is what breaks. */
function probe(engine: Engine, codec: Codec): Record<Direction, boolean> {
  const outcome = { compress: false, decompress: false };
  const compressor = engine.createCompressor?.(codec.level.default);
  const decompressor = engine.createDecompressor?.();
  if (compressor === undefined || decompressor === undefined) return outcome;
  try {
    const sample = new TextEncoder().encode("bin file, ".repeat(20));
    const packed = new Uint8Array(1024);
    const unpacked = new Uint8Array(1024);
    const roundTrips = () => {
      const size = compressor.compress(sample, packed, 1);
      const data = packed.subarray(1, 1 + size!);
      const end = decompressor.decompress(data, unpacked, 0);
      return end === sample.length &&
        sample.every((byte, i) => byte === unpacked[i]);
    };
    outcome.compress = roundTrips() && roundTrips();
    const size = compressor.compress(sample, packed, 0);
    const refusesTruncated = () => {
      try {
        decompressor.decompress(packed.subarray(0, size! - 1), unpacked, 0);
        return false;
      } catch {
        return true;
      }
    };
    outcome.decompress = outcome.compress && refusesTruncated() && roundTrips();
  } catch {
    // Any failure means that the engine cannot be trusted.
  } finally {
    compressor.close?.();
    decompressor.close?.();
  }
  return outcome;
}
