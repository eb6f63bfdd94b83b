/** Bytes for tests, and comparing them. */
import { assertEquals } from "@std/assert";

/** Asserts equality, without the cost of `assertEquals` for large arrays. */
export function assertSameBytes(
  actual: Uint8Array,
  expected: Uint8Array,
): void {
  assertEquals(actual.length, expected.length, "lengths differ");
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] !== expected[i]) throw new Error(`byte ${i} differs`);
  }
}

/** A copy of all parts, one after the other. */
export function concat(
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Pseudo-random bytes, which no codec can compress. */
export function randomBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

const WORDS =
  "the of a document archive key value <p> </p> http://example.org/ \n 文档 0123456789 compress"
    .split(" ");

/** Words in pseudo-random order, which compress like text. */
export function text(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const picks = randomBytes(length, seed);
  const parts: string[] = [];
  for (let i = 0, size = 0; size < length; i++) {
    const word = WORDS[picks[i] % WORDS.length] + " ";
    parts.push(word);
    size += word.length;
  }
  return new TextEncoder().encode(parts.join("")).slice(0, length);
}
