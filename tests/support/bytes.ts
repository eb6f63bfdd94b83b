/** Bytes to compress, and processes to do it in, for the tests of the pool and the codecs. */
import { assert, assertEquals } from "@std/assert";
import fc from "./fast_check.ts";
import { fileURLToPath } from "node:url";
import type { StreamCoder } from "../../codec/mod.ts";

/** Asserts equality; much faster than comparing element by element when it holds. */
export function assertSameBytes(
  actual: Uint8Array,
  expected: Uint8Array,
): void {
  assertEquals(actual.length, expected.length, "the lengths differ");
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] !== expected[i]) throw new Error(`bytes differ from ${i} on`);
  }
}

/** All parts, one after the other, in new memory. */
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

/** Pseudo-random bytes, which do not compress. */
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

/** Words in a pseudo-random order, which compress as text does. */
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

/** Documents of every kind, up to `maxLength` bytes. */
export function anyDocument(
  maxLength: number,
): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const length = fc.oneof(
    { arbitrary: fc.nat(100), weight: 3 },
    { arbitrary: fc.nat(Math.min(5000, maxLength)), weight: 3 },
    { arbitrary: fc.nat(maxLength), weight: 1 },
  );
  return fc.record({
    kind: fc.constantFrom("random", "text", "run", "mixed"),
    length,
    seed: fc.nat(1000),
  }).map(({ kind, length, seed }) => {
    if (kind === "random") return randomBytes(length, seed);
    if (kind === "text") return text(length, seed);
    if (kind === "run") return new Uint8Array(length).fill(seed);
    return concat(text(length, seed), randomBytes(length >> 2, seed));
  });
}

/** Passes `data` through a coder in chunks of the given sizes, over and over. */
export function runCoder(
  coder: StreamCoder,
  data: Uint8Array,
  chunkSizes: readonly number[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const emit = (bytes: Uint8Array) => void parts.push(new Uint8Array(bytes));
  for (let at = 0, i = 0; at < data.length; i++) {
    // A copy that is overwritten afterwards: chunks are only borrowed.
    const chunk = data.slice(at, at + chunkSizes[i % chunkSizes.length]);
    coder.push(chunk, false, emit);
    at += chunk.length;
    chunk.fill(0xaa);
  }
  coder.push(new Uint8Array(0), true, emit);
  return concat(...parts);
}

/** How to run a program. */
export interface ProgramOptions {
  /** Flags of `deno run`. Default: all permissions. */
  flags?: string[];
  /** Environment variables to set. */
  env?: Record<string, string>;
}

/**
 * Runs a program in a Deno process of its own, without a terminal.
 *
 * @param args Arguments of the program.
 * @returns What it printed.
 */
export async function runProgram(
  url: string | URL,
  args: string[] = [],
  { flags = ["--allow-all"], env = {} }: ProgramOptions = {},
): Promise<string> {
  const lock = fileURLToPath(new URL("../../dev.lock", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", `--lock=${lock}`, ...flags],
      ...[fileURLToPath(url), ...args],
    ],
    env: { NO_COLOR: "1", FORCE_COLOR: "", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}

/**
 * How much more memory than before the process had at any time while `work`
 * ran, in bytes. Linux tells; elsewhere it is what remains at the end. Needs a
 * process of its own, because tests may run in parallel threads.
 */
export async function peakGrowth(
  work: () => void | Promise<void>,
): Promise<number> {
  if (Deno.build.os !== "linux") {
    const before = Deno.memoryUsage().rss;
    await work();
    return Deno.memoryUsage().rss - before;
  }
  const read = () =>
    1024 *
    Number(
      Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+)/)![1],
    );
  // 5 sets the highest resident size to the present one.
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  const before = read();
  await work();
  return read() - before;
}
