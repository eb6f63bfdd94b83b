const decoder = new TextDecoder();

/** A key as text. Bytes that are no UTF-8 become replacement characters. */
export function decodeKey(key: Uint8Array): string {
  // Some runtimes refuse to decode shared memory.
  return decoder.decode(key.buffer instanceof ArrayBuffer ? key : key.slice());
}

/** The view `old` if it is of the same bytes, else another. */
export function viewOf(bytes: Uint8Array, old: DataView): DataView {
  const isSame = old.buffer === bytes.buffer &&
    old.byteOffset === bytes.byteOffset && old.byteLength === bytes.length;
  return isSame
    ? old
    : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
