/** Maps bytes to lower case, ASCII only. */
const FOLDED = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

/** Finds keys that contain a text. It compares bytes, because decoding millions of keys takes too long. */
export class KeyFilter {
  readonly #wanted: Uint8Array;

  /** Creates a filter for `text`. The case of A to Z is ignored. */
  constructor(text: string) {
    this.#wanted = new TextEncoder().encode(text).map((byte) => FOLDED[byte]);
  }

  /** Whether `key` contains the text. */
  matches(key: Uint8Array): boolean {
    const wanted = this.#wanted;
    const last = key.length - wanted.length;
    for (let at = 0; at <= last; at++) {
      let i = 0;
      while (i < wanted.length && FOLDED[key[at + i]] === wanted[i]) i++;
      if (i === wanted.length) return true;
    }
    return false;
  }
}
