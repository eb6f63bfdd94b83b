/** Lower-case letters for upper-case ones, of ASCII only. */
const FOLDED = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

/** Tells keys that contain a text from others, on their bytes: decoding millions of them takes too long. */
export class KeyFilter {
  readonly #wanted: Uint8Array;

  /** Looks for `text`; the letters A to Z in whatever case. */
  constructor(text: string) {
    this.#wanted = new TextEncoder().encode(text).map((byte) => FOLDED[byte]);
  }

  /** Whether a key contains the text. */
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
