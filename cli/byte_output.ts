import { printableKey } from "./format.ts";

/** Bytes to buffer before they are written. */
const BUFFER_SIZE = 256 * 1024;

const DIGIT_0 = 48;
const SPACE = 32;
const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;

/** Takes bytes, which are valid during the call. */
export type Sink = (bytes: Uint8Array) => void;

/** Buffers many small pieces of output for a sink. Numbers and plain keys are formatted without making strings. */
export class ByteOutput {
  readonly #sink: Sink;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #encoder = new TextEncoder();
  readonly #digits = new Uint8Array(16);
  #length = 0;
  #last = NEWLINE;

  /** Creates an empty output for `sink`. */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Adds bytes. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#last = bytes[bytes.length - 1];
    if (bytes.length > BUFFER_SIZE - this.#length) this.flush();
    if (bytes.length > BUFFER_SIZE) return this.#sink(bytes);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds text. */
  text(text: string): void {
    this.bytes(this.#encoder.encode(text));
  }

  /** Adds a whole number, padded with spaces to `width`. */
  number(value: number, width = 0): void {
    const digits = this.#digits;
    let at = digits.length;
    do {
      const rest = Math.floor(value / 10);
      digits[--at] = DIGIT_0 + value - 10 * rest;
      value = rest;
    } while (value > 0);
    while (digits.length - at < width) digits[--at] = SPACE;
    if (digits.length > BUFFER_SIZE - this.#length) this.flush();
    while (at < digits.length) this.#buffer[this.#length++] = digits[at++];
  }

  /** Adds a key of `size` bytes at `start` of `bytes`, in printable form. */
  key(bytes: Uint8Array, start: number, size: number): void {
    if (size > BUFFER_SIZE - this.#length) this.flush();
    const end = start + size;
    const buffer = this.#buffer;
    let to = this.#length;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (byte < 32 || byte > 126 || byte === BACKSLASH || to === BUFFER_SIZE) {
        this.text(printableKey(bytes.subarray(start, end)));
        return;
      }
      buffer[to++] = byte;
    }
    this.#length = to;
  }

  /** Adds a tab. */
  tab(): void {
    this.#byte(TAB);
  }

  /** Adds a newline. */
  newline(): void {
    this.#byte(NEWLINE);
  }

  /** Adds a newline, unless the output ends with one. */
  endLine(): void {
    if (this.#last !== NEWLINE) this.newline();
  }

  /** Writes what is buffered. */
  flush(): void {
    const length = this.#length;
    this.#length = 0;
    if (length > 0) this.#sink(this.#buffer.subarray(0, length));
  }

  #byte(byte: number): void {
    if (this.#length === BUFFER_SIZE) this.flush();
    this.#buffer[this.#length++] = this.#last = byte;
  }
}
