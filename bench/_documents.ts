/** Documents to measure with: real text files of this machine, and made-up records. */
import { join } from "node:path";
import { Doc, DocWriter } from "../doc/mod.ts";

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

/** Made-up series of measurements as JSON of `size` bytes each, the same ones every time. */
export function* measuredSeries(count: number, size: number): Generator<Doc> {
  let state = 12345;
  // xorshift: fast, and the same on every machine.
  const random = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
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

/** Writes documents to an uncompressed bin file, unless it is there already. */
export function makeBinFile(path: string, documents: Iterable<Doc>): void {
  try {
    Deno.statSync(path);
    return;
  } catch {
    // Not there yet.
  }
  {
    using writer = new DocWriter(`${path}.part`, {
      codec: "none",
      force: true,
    });
    for (const document of documents) writer.write(document);
  }
  Deno.renameSync(`${path}.part`, path);
}
