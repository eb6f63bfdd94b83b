import { PIECE_SIZE } from "../engine.ts";

/** Decodes the delta filter: each byte is the difference to an earlier one. */
export class Delta {
  #distance = 1;
  #position = 0;
  readonly #history = new Uint8Array(256);
  readonly #piece = new Uint8Array(PIECE_SIZE);

  /** Starts over with a distance of 1 to 256 bytes. */
  reset(distance: number): void {
    this.#distance = distance;
    this.#position = 0;
    this.#history.fill(0);
  }

  /** Decodes the bytes from `start` to `end` in place. */
  decode(bytes: Uint8Array, start: number, end: number): void {
    const history = this.#history;
    const distance = this.#distance;
    let position = this.#position;
    for (let i = start; i < end; i++) {
      bytes[i] += history[position - distance & 0xff];
      history[position++ & 0xff] = bytes[i];
    }
    this.#position = position & 0xff;
  }

  /** Decodes a copy of `piece`, at most {@linkcode PIECE_SIZE} bytes. The copy is valid until the next call. */
  decoded(piece: Uint8Array): Uint8Array {
    const copy = this.#piece.subarray(0, piece.length);
    copy.set(piece);
    this.decode(copy, 0, copy.length);
    return copy;
  }
}
