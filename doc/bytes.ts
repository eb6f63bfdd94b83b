const decoder = new TextDecoder();

/** Decodes UTF-8. Invalid bytes become replacement characters. */
export function decodeKey(key: Uint8Array): string {
  // Browsers refuse to decode shared memory.
  return decoder.decode(key.buffer instanceof ArrayBuffer ? key : key.slice());
}

/** Returns `old` if it views exactly `bytes`, otherwise a new view. */
export function viewOf(bytes: Uint8Array, old: DataView): DataView {
  const isSame = old.buffer === bytes.buffer &&
    old.byteOffset === bytes.byteOffset && old.byteLength === bytes.length;
  return isSame
    ? old
    : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
