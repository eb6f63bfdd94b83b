/** Files and documents for tests. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { CodecLike } from "../../codec/mod.ts";
import {
  Doc,
  DocReader,
  DocWriter,
  type DocWriterOptions,
} from "../../doc/mod.ts";

/** A temporary directory, removed at the end of the scope. */
export class TemporaryDirectory implements Disposable {
  /** Its path. */
  readonly path = Deno.makeTempDirSync({ prefix: "binfiles-test-" });

  /** Path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Names of the files in it, hidden ones included, sorted. */
  list(): string[] {
    return Array.from(Deno.readDirSync(this.path), ({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Path of a fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** What the manifest of the fixtures says about a document. */
export interface ManifestEntry {
  key: string;
  size: number;
  sha256: string;
}

/** The documents of every fixture, in order. */
export const manifest: ManifestEntry[] = JSON.parse(
  Deno.readTextFileSync(fixture("manifest.json")),
);

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes.slice());
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** Describes documents as the manifest does. */
export function describe(docs: Iterable<Doc>): Promise<ManifestEntry[]> {
  return Promise.all(
    Array.from(docs, async ({ name, content }) => ({
      key: name,
      size: content.length,
      sha256: await sha256(content),
    })),
  );
}

/** Writes a bin file. @returns The offsets of its records. */
export function writeBinFile(
  path: string,
  docs: Iterable<Doc>,
  options: DocWriterOptions = {},
): number[] {
  using writer = new DocWriter(path, { codec: "none", ...options });
  const offsets = Array.from(docs, (doc) => writer.write(doc));
  writer.close();
  return offsets;
}

/** Reads all documents of a bin file. */
export function readBinFile(path: string, codec?: string): Doc[] {
  using reader = new DocReader(path, { codec: codec as CodecLike });
  return [...reader];
}

/** One line per document, with key, first characters, size and checksum: enough to compare, short enough to print. */
export function outline(docs: Iterable<Doc>): string[] {
  return Array.from(docs, (doc) => {
    const { length } = doc.content;
    const start = doc.text().slice(0, 30);
    return `${doc.name}: ${start}… (${length}, ${crc32(doc.content)})`;
  });
}

/** Numbered documents of text, of many sizes. */
export function numberedDocs(count: number): Doc[] {
  return Array.from({ length: count }, (_, i) => {
    const line = `document ${i} has something to say about ${i * i % 977}\n`;
    return new Doc(`key-${i}`, line.repeat(1 + i * 7 % 40));
  });
}
