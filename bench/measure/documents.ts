/** Documents to measure with: text files of this machine, and generated ones that are the same everywhere. */
import { join } from "node:path";
import { Doc } from "../../doc/mod.ts";

/** Where machines have text files. */
const ROOTS = [
  "/usr/share",
  "/usr/include",
  "/usr/lib",
  "/usr/local",
  "/Library",
  "/System/Library",
  "C:\\Program Files",
];

/** Limit of a small document, in bytes. */
const MAX_FILE_SIZE = 256 * 1024;

/** Text files of this machine, in the order of their paths, `bytes` bytes in all. */
export function* realDocuments(bytes: number): Generator<Doc> {
  let left = bytes;
  for (const root of ROOTS) {
    for (const path of walk(root)) {
      if (left <= 0) return;
      const content = readText(path);
      if (content === undefined) continue;
      left -= content.length;
      yield new Doc(path, content);
    }
  }
}

function* walk(directory: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(directory)];
  } catch {
    return;
  }
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isFile, isDirectory } of entries) {
    const path = join(directory, name);
    if (isFile) yield path;
    else if (isDirectory) yield* walk(path);
  }
}

/** The content of a file if it is small, not empty, and text. */
function readText(path: string): Uint8Array | undefined {
  try {
    const { size } = Deno.statSync(path);
    if (size === 0 || size > MAX_FILE_SIZE) return undefined;
    const content = Deno.readFileSync(path);
    return content.subarray(0, 1024).includes(0) ? undefined : content;
  } catch {
    return undefined;
  }
}

/** Documents of `size` bytes: a sentence with the number of the document, repeated. */
export function* repetitiveDocuments(
  count: number,
  size: number,
): Generator<Doc> {
  for (let id = 0; id < count; id++) {
    const sentence =
      `This is document ${id}, and it says so again and again.\n`;
    const text = sentence.repeat(Math.ceil(size / sentence.length));
    yield new Doc(`doc-${id}`, text.slice(0, size));
  }
}

/** Kinds of generated documents. */
export const kinds = ["text", "json", "random"] as const;

/** What a generated document is like. */
export type Kind = typeof kinds[number];

/** Sizes of documents that are benchmarked, in bytes. */
export const sizes = {
  "256 B": 256,
  "1 KB": 1000,
  "4 KB": 4000,
  "32 KB": 32_000,
  "1 MB": 1_000_000,
} as const;

/** Generated documents of `size` bytes, the same ones every time. */
export function madeDocuments(
  kind: Kind,
  count: number,
  size: number,
): Generator<Doc> {
  return { text: prose, json: measuredSeries, random: noise }[kind](
    count,
    size,
  );
}

/** Pseudo-random numbers, the same on every machine (xorshift32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Text in the words of an invented language, short ones more often. */
function* prose(count: number, size: number): Generator<Doc> {
  const random = randomNumbers(54321);
  const words = Array.from({ length: 4000 }, (_, rank) => {
    const syllables = 1 + Math.floor(Math.log10(1 + rank));
    return Array.from(
      { length: syllables },
      () =>
        "bdfgklmnprst"[random(12)] + "aeiou"[random(5)] + "nrs  "[random(5)],
    ).join("").replaceAll(" ", "");
  });
  for (let id = 0; id < count; id++) {
    let text = "";
    while (text.length < size) {
      // The product of two makes low ranks likely, as in real languages.
      const word = words[Math.floor(random(4000) * random(4000) / 4000)];
      text += word + (random(12) === 0 ? ".\n" : " ");
    }
    yield new Doc(`page-${id}`, text.slice(0, size));
  }
}

/** Bytes that no codec can compress. */
function* noise(count: number, size: number): Generator<Doc> {
  const random = randomNumbers(98765);
  for (let id = 0; id < count; id++) {
    const content = Uint8Array.from({ length: size }, () => random(256));
    yield new Doc(`noise-${id}`, content);
  }
}

/** Series of measurements as JSON. */
export function* measuredSeries(count: number, size: number): Generator<Doc> {
  const random = randomNumbers(12345);
  for (let id = 0; id < count; id++) {
    let time = 1_700_000_000 + random(1e7);
    let text = `{"station":${random(1e6)},"model":"WX-200","readings":[`;
    while (text.length < size) {
      text += `{"time":${time},"sensor":"temperature","value":${
        200 + random(50)
      },"unit":"0.1 K","ok":true},`;
      time += 60;
    }
    // Cut to size: they are never parsed.
    yield new Doc(`series-${id}`, text.slice(0, size));
  }
}
