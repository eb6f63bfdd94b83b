/** Files that are made to mislead who looks for records: see {@linkcode keyKinds} and {@linkcode contentKinds}. */
import { Doc, encodeRecord } from "../../doc/mod.ts";
import { concat, randomBytes, text } from "./bytes.ts";
import { type Sample, sampleOf } from "./damage.ts";
import type { Random } from "../fuzz/random.ts";

const encoder = new TextEncoder();

/** Small integers, one after the other. */
function integers(random: Random, count: number, limit: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * count));
  for (let i = 0; i < count; i++) {
    view.setInt32(4 * i, random.below(limit), true);
  }
  return new Uint8Array(view.buffer);
}

/** Makes a key. */
type MakeKey = (index: number, random: Random) => Uint8Array;

/** Keys, some of which look like sizes, or like records. */
export const keyKinds: Record<string, MakeKey> = {
  "numbered keys": (i) => encoder.encode(`key-${i}`),
  "random keys": (_, random) => encoder.encode(`doc/${random.below(1e9)}`),
  "64-bit keys": (i) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt32(0, 3 * i + 20, true);
    return new Uint8Array(view.buffer);
  },
  "keys of integers": (_, random) => integers(random, 1 + random.below(4), 120),
  "empty keys": () => new Uint8Array(0),
  "keys with a length": (i) => {
    const key = encoder.encode(`doc/${i}`);
    return concat(new Uint8Array([key.length, 0, 0, 0]), key);
  },
};

/** Makes a content, given the records before it. */
type MakeContent = (random: Random, records: Uint8Array[]) => Uint8Array;

/** Contents, most of which do. */
export const contentKinds: Record<string, MakeContent> = {
  text: (random) => text(random.below(200), random.below(1e6)),
  "random bytes": (random) => randomBytes(random.below(200), random.below(1e6)),
  "single bytes": (random) => randomBytes(random.below(2), random.below(1e6)),
  integers: (random) =>
    integers(random, random.below(40), [40, 120, 300][random.below(3)]),
  "bin files": (random) =>
    concat(
      ...Array.from(
        { length: random.below(6) },
        (_, i) => encodeRecord(encoder.encode(`in-${i}`), text(1 + i * i)),
      ),
    ),
  "bin files of copies": (random, records) =>
    concat(
      ...Array.from(
        { length: Math.min(records.length, random.below(4)) },
        () => records[random.below(records.length)],
      ),
    ),
  "all of these": (random, records) => {
    const kinds = Object.values(contentKinds);
    return kinds[random.below(kinds.length - 1)](random, records);
  },
};

/** A file of documents. */
export function fileOf(docs: Doc[]): Sample {
  const records = docs.map(({ key, content }) => encodeRecord(key, content));
  return sampleOf(concat(...records), "none");
}

/** A file of documents of a kind each. */
export function makeFile(
  makeKey: MakeKey,
  makeContent: MakeContent,
  random: Random,
  count: number,
): Sample {
  const docs: Doc[] = [];
  const records: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const key = makeKey(i, random);
    const small = records.filter(({ length }) => length < 400);
    let content = makeContent(random, small);
    if (key.length + content.length === 0) content = text(5, i);
    docs.push(new Doc(key, content));
    records.push(encodeRecord(key, content));
  }
  return fileOf(docs);
}
