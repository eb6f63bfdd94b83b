/** Smallest buffer that pools hand out, in bytes; smaller ones are not worth keeping apart. */
export const MIN_BUFFER_SIZE = 1024;

/** 2^31: the largest power of two for which 32-bit arithmetic below still holds. */
const LARGEST_CLASS_SIZE = 0x8000_0000;

/**
 * Index of the smallest size class that holds `size` bytes.
 *
 * Classes are powers of two, from {@linkcode MIN_BUFFER_SIZE} up: 0 is 1 KiB,
 * 6 is 64 KiB, 10 is 1 MiB. A buffer is thus at most twice as large as needed,
 * and any buffer of a class serves any request of that class.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sizeClassOf, sizeOfClass } from "@binfiles/binfiles/pool";
 *
 * assertEquals(sizeOfClass(sizeClassOf(65_000)), 65_536);
 * assertEquals(sizeOfClass(sizeClassOf(65_537)), 131_072);
 * ```
 *
 * @throws {RangeError} `size` is negative, no number, or above 2 GiB.
 */
export function sizeClassOf(size: number): number {
  if (!(size >= 0 && size <= LARGEST_CLASS_SIZE)) {
    throw new RangeError(
      `Cannot choose a buffer size: expected 0 to ${LARGEST_CLASS_SIZE} bytes, received ${size}`,
    );
  }
  if (size <= MIN_BUFFER_SIZE) return 0;
  // Bits needed for size - 1, less the ten bits of the smallest class.
  return 22 - Math.clz32(size - 1);
}

/** Size in bytes of the buffers of a class; see {@linkcode sizeClassOf}. */
export function sizeOfClass(sizeClass: number): number {
  return MIN_BUFFER_SIZE * 2 ** sizeClass;
}
