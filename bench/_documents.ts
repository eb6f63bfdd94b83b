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

const WORDS =
  ("archive bucket cache crawl document engine fetch gateway header index journal kernel " +
    "ledger manifest network object packet query record segment token update vector worker " +
    "apply build check delete encode filter group handle insert join keep list merge notify " +
    "order parse queue read store trace unpack verify write").split(" ");

/** Made-up JSON records of `size` bytes each, the same every time. */
export function* madeDocuments(count: number, size: number): Generator<Doc> {
  let state = 12345;
  // xorshift: fast, and the same on every machine.
  const random = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let id = 0; id < count; id++) {
    let text = `{"id":${id},"url":"https://example.com/${
      WORDS[random(WORDS.length)]
    }/${random(1e9)}","status":${200 + random(5)},"text":"`;
    while (text.length < size) text += `${WORDS[random(WORDS.length)]} `;
    yield new Doc(`doc-${id}`, `${text.slice(0, size - 2)}"}`);
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
