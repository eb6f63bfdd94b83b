/**
 * CRC-64 as in xz (ECMA-182, reflected polynomial 0xC96C5795D7870F42).
 *
 * Fast integers of JavaScript have 32 bits, so a CRC is stored in two halves. Four
 * tables let one step of the loop process four bytes: table k has the contribution
 * of a byte that k more bytes follow.
 */

const LOW = new Int32Array(4 * 256);
const HIGH = new Int32Array(4 * 256);

for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const mask = -(low & 1);
    low = (low >>> 1 | high << 31) ^ (0xd7870f42 & mask);
    high = (high >>> 1) ^ (0xc96c5795 & mask);
  }
  LOW[byte] = low;
  HIGH[byte] = high;
}
for (let i = 256; i < LOW.length; i++) {
  const low = LOW[i - 256];
  const high = HIGH[i - 256];
  LOW[i] = (low >>> 8 | high << 24) ^ LOW[low & 0xff];
  HIGH[i] = (high >>> 8) ^ HIGH[low & 0xff];
}

/**
 * Updates the CRC-64 in `crc` (low half, high half; initially zeros) with `bytes`
 * from `start` up to `end`.
 */
export function crc64(
  crc: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let low = ~crc[0];
  let high = ~crc[1];
  let i = start;
  for (const stop = end - 3; i < stop; i += 4) {
    low ^= bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 |
      bytes[i + 3] << 24;
    const a = 0x300 + (low & 0xff);
    const b = 0x200 + (low >>> 8 & 0xff);
    const c = 0x100 + (low >>> 16 & 0xff);
    const d = low >>> 24;
    low = high ^ LOW[a] ^ LOW[b] ^ LOW[c] ^ LOW[d];
    high = HIGH[a] ^ HIGH[b] ^ HIGH[c] ^ HIGH[d];
  }
  for (; i < end; i++) {
    const index = (low ^ bytes[i]) & 0xff;
    low = (low >>> 8 | high << 24) ^ LOW[index];
    high = (high >>> 8) ^ HIGH[index];
  }
  crc[0] = ~low;
  crc[1] = ~high;
}
