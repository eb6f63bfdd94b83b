import type { Direction, Engine } from "../engine.ts";

/**
 * Tries a native engine on a small document, several times, because reuse is what
 * breaks. Native engines rely on undocumented interfaces of the runtime, so they
 * have to prove that they work before their first use.
 *
 * @returns Whether it can compress, and decompress, on this runtime.
 */
export function probe(
  engine: Engine,
  level: number,
): Record<Direction, boolean> {
  const outcome = { compress: false, decompress: false };
  const compressor = engine.createCompressor?.(level);
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
