/**
 * The CRC-32 of bzip2: the polynomial of Ethernet and gzip, with the most
 * significant bit first.
 */

/**
 * `CRC_TABLES[k * 256 + b]` is the checksum of byte `b` followed by `k` zero
 * bytes, so that four bytes can be looked up independently of each other.
 */
const CRC_TABLES = makeCrcTables();

function makeCrcTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    }
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256];
    tables[i] = (shorter << 8) ^ tables[shorter >>> 24];
  }
  return tables;
}

/**
 * Updates `crc` with `bytes[from..to)`. The checksum of a block begins with -1 and
 * is inverted at its end.
 */
export function updateCrc(
  crc: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const tables = CRC_TABLES;
  let i = from;
  for (const end = to - 3; i < end; i += 4) {
    crc ^= bytes[i] << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 |
      bytes[i + 3];
    crc = tables[768 + (crc >>> 24)] ^ tables[512 + (crc >>> 16 & 255)] ^
      tables[256 + (crc >>> 8 & 255)] ^ tables[crc & 255];
  }
  for (; i < to; i++) {
    crc = crc << 8 ^ tables[crc >>> 24 ^ bytes[i]];
  }
  return crc;
}

/** Updates the checksum of a stream with that of its next block. */
export function combineCrc(streamCrc: number, blockCrc: number): number {
  return (streamCrc << 1 | streamCrc >>> 31) ^ blockCrc;
}
