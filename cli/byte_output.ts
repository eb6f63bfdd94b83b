/** Output of many small pieces: gathered as bytes and written in large pieces. */
import fs from "node:fs";
import process from "node:process";
import { fileError } from "../doc/source/byte_source.ts";
import { printableKey } from "./output.ts";

/** Bytes that are gathered. */
const BUFFER_SIZE = 256 * 1024;

/** Milliseconds between two attempts to write where there is no room just now. */
const RETRY_INTERVAL = 5;

const DIGIT_0 = 48;
const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;

/** Takes bytes, which are borrowed. */
export type Sink = (bytes: Uint8Array) => void;

/** Gathers text and bytes for a sink; no strings are made for numbers and plain keys. */
export class ByteOutput {
  readonly #sink: Sink;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #encoder = new TextEncoder();
  readonly #digits = new Uint8Array(16);
  #length = 0;
  #last = NEWLINE;

  /** Creates an output that is empty. */
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

  /** Adds a whole number, with spaces in front up to a width. */
  number(value: number, width = 0): void {
    const digits = this.#digits;
    let at = digits.length;
    do {
      const rest = Math.floor(value / 10);
      digits[--at] = DIGIT_0 + value - 10 * rest;
      value = rest;
    } while (value > 0);
    while (digits.length - at < width) digits[--at] = 32;
    if (digits.length > BUFFER_SIZE - this.#length) this.flush();
    while (at < digits.length) this.#buffer[this.#length++] = digits[at++];
  }

  /** Adds a key, of `size` bytes from `start` of `bytes` on, in a form that can be printed. */
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

  /** Adds a tabulator. */
  tab(): void {
    this.#byte(TAB);
  }

  /** Ends a line. */
  newline(): void {
    this.#byte(NEWLINE);
  }

  /** Ends the line, unless a newline was added last. */
  endLine(): void {
    if (this.#last !== NEWLINE) this.newline();
  }

  /** Hands over what is there. */
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

/** Writes to the standard output. If nobody reads it any more, the process ends without an error. */
export function writeStandardOutput(bytes: Uint8Array): void {
  try {
    writeWhole(process.stdout.fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit();
    throw fileError("write", "standard output", error);
  }
}

/** Writes all of `bytes` to a file that is open. */
export function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(descriptor, bytes, done, bytes.length - done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      // A pipe that does not block, and whose reader is slow.
      Atomics.wait(
        new Int32Array(new SharedArrayBuffer(4)),
        0,
        0,
        RETRY_INTERVAL,
      );
    }
  }
}
