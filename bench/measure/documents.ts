/** Documents to measure with: real text files of this machine, and made-up records. */
import { join } from "node:path";
import { Doc } from "../../doc/mod.ts";

/** Where machines keep text. */
const ROOTS = [
  "/usr/share",
  "/usr/include",
  "/usr/lib",
  "/usr/local",
  "/Library",
  "/System/Library",
  "C:\\Program Files",
];

/** Larger files are no small documents. */
const MAX_FILE_SIZE = 256 * 1024;

/** Reads text files of this machine, in the order of their paths, until they have `bytes` bytes. */
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

/** The content of a file, if it is small, not empty, and text. */
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

/** Made-up text of `size` bytes each: a sentence with the document's number, repeated. */
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

/** What documents to measure with are like. */
export type Kind = "text" | "json" | "random";

/** Everything there is to measure with. */
export const kinds: readonly Kind[] = ["text", "json", "random"];

/** Sizes of documents to measure with, in bytes. */
export const sizes = {
  "256 B": 256,
  "1 KB": 1000,
  "4 KB": 4000,
  "32 KB": 32_000,
  "1 MB": 1_000_000,
} as const;

/** Made-up documents of `size` bytes each, the same ones every time. */
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

/** Numbers that look random and are the same on every machine: xorshift. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Made-up prose: words of a made-up language, the short ones more often. */
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
      // A product of two makes low ranks likely, as they are in real languages.
      const word = words[Math.floor(random(4000) * random(4000) / 4000)];
      text += word + (random(12) === 0 ? ".\n" : " ");
    }
    yield new Doc(`page-${id}`, text.slice(0, size));
  }
}

/** Bytes that no codec makes smaller. */
function* noise(count: number, size: number): Generator<Doc> {
  const random = randomNumbers(98765);
  for (let id = 0; id < count; id++) {
    const content = Uint8Array.from({ length: size }, () => random(256));
    yield new Doc(`noise-${id}`, content);
  }
}

/** Made-up series of measurements as JSON of `size` bytes each, the same ones every time. */
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
    // Cut to size, as the size is the point; nobody parses them.
    yield new Doc(`series-${id}`, text.slice(0, size));
  }
}
