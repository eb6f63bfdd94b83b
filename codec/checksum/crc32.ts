/**
 * CRC-32 as in gzip, zip and xz (reflected polynomial 0xEDB88320).
 *
 * Eight tables let one step of the loop process eight bytes ("slicing by 8"): table
 * k has the contribution of a byte that k more bytes follow.
 */

const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
    }
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256];
    tables[i] = (shorter >>> 8) ^ tables[shorter & 0xff];
  }
  return tables;
}

/**
 * Returns the CRC-32 of `bytes` from `start` up to `end`.
 *
 * @param seed The CRC-32 of earlier bytes, to continue it.
 */
export function crc32(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
  seed = 0,
): number {
  const tables = TABLES;
  let crc = ~seed;
  let i = start;
  for (const stop = end - 7; i < stop; i += 8) {
    crc ^= bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 |
      bytes[i + 3] << 24;
    crc = tables[0x700 + (crc & 0xff)] ^
      tables[0x600 + (crc >>> 8 & 0xff)] ^
      tables[0x500 + (crc >>> 16 & 0xff)] ^
      tables[0x400 + (crc >>> 24)] ^
      tables[0x300 + bytes[i + 4]] ^
      tables[0x200 + bytes[i + 5]] ^
      tables[0x100 + bytes[i + 6]] ^
      tables[bytes[i + 7]];
  }
  for (; i < end; i++) crc = crc >>> 8 ^ tables[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}
