import { invalidOption } from "./check.ts";

/** Smallest buffer of a pool, in bytes. Smaller requests share this class. */
export const MIN_BUFFER_SIZE = 1024;

/** 2^31: the largest power of two for which the 32-bit arithmetic below is exact. */
export const LARGEST_CLASS_SIZE = 0x8000_0000;

/**
 * Index of the smallest size class that holds `size` bytes.
 *
 * Classes are powers of two, from {@linkcode MIN_BUFFER_SIZE} up: 0 is 1 KiB,
 * 6 is 64 KiB, 10 is 1 MiB.
 *
 * @throws {OptionError} `size` is not an integer from 0 to 2 GiB.
 */
export function sizeClassOf(size: number): number {
  // Not checkInteger(): this is called for each buffer.
  if (!(Number.isInteger(size) && size >= 0 && size <= LARGEST_CLASS_SIZE)) {
    const expected = `an integer from 0 to ${LARGEST_CLASS_SIZE}`;
    throw invalidOption("buffer size", size, expected);
  }
  if (size <= MIN_BUFFER_SIZE) return 0;
  // The bits of size - 1, minus the ten bits of the smallest class.
  return 22 - Math.clz32(size - 1);
}

/** Size in bytes of the buffers of a class; see {@linkcode sizeClassOf}. */
export function sizeOfClass(sizeClass: number): number {
  return MIN_BUFFER_SIZE * 2 ** sizeClass;
}
