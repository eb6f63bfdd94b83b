import { concat, randomBytes, text } from "./bytes.ts";
import fc from "./fast_check.ts";

/** Any content of up to `maxLength` bytes: random, text, one byte repeated, or mixed; mostly short. */
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
