/** The modules of the viewer that need no browser. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "../support/fast_check.ts";
import { compress } from "../../codec/mod.ts";
import { type ByteSource, Doc, memorySource } from "../../doc/mod.ts";
import { fileNameOf, formatRatio } from "../../viewer/format.ts";
import { KeyFilter } from "../../viewer/key_filter.ts";
import { imageTypeOf } from "../../viewer/media_type.ts";
import { RecordIndex } from "../../viewer/record_index.ts";
import { UnpackedSource } from "../../viewer/unpacked_source.ts";
import { concat, randomBytes } from "../support/bytes.ts";
import {
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Makes a bin file in memory, and the offsets of its records. */
function makeFile(docs: Doc[]): { bytes: Uint8Array; offsets: number[] } {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const offsets = writeBinFile(path, docs);
  return { bytes: Deno.readFileSync(path), offsets };
}

/** Makes the complete index of a file of uncompressed documents. */
function indexOf(source: ByteSource): RecordIndex {
  const index = new RecordIndex(source, "none");
  while (!index.complete) index.extend(0);
  return index;
}

/** Keys of the rows; offset and size of corrupted regions. */
function rowsOf(index: RecordIndex): string[] {
  return Array.from({ length: index.rows }, (_, row) => {
    const region = index.region(row);
    return region === undefined
      ? new TextDecoder().decode(index.key(row))
      : `${index.offset(row)}+${region.size}`;
  });
}

const docs = numberedDocs(500);
const keys = docs.map(({ name }) => name);
const { bytes, offsets } = makeFile(docs);

Deno.test("an index lists every document, with its key and content", () => {
  const index = indexOf(memorySource(bytes));
  assertEquals(rowsOf(index), keys);
  assertEquals(index.content(77), docs[77].content);
  assertEquals(index.regions, 0);
});

Deno.test("an index has a row for a corrupted region, and for all documents around it", () => {
  const damaged = bytes.slice();
  damaged.fill(0xff, offsets[100], offsets[103] + 20);
  const index = indexOf(memorySource(damaged));
  assertEquals(rowsOf(index), [
    ...keys.slice(0, 100),
    `${offsets[100]}+${offsets[104] - offsets[100]}`,
    ...keys.slice(104),
  ]);
  assertEquals(index.regionBytes(100, 10), new Uint8Array(10).fill(0xff));
});

Deno.test("an index finds the documents that a corrupt size field overlaps", () => {
  const damaged = bytes.slice();
  const sizeAt = offsets[100] + 4 + docs[100].key.length;
  const view = new DataView(damaged.buffer);
  view.setInt32(sizeAt, view.getInt32(sizeAt, true) + 1000, true);
  const rows = rowsOf(indexOf(memorySource(damaged)));
  assertEquals(rows.slice(0, 100), keys.slice(0, 100));
  assertEquals(rows.slice(-390), keys.slice(-390));
});

Deno.test("an index of a truncated file ends with a corrupted region", () => {
  const rows = rowsOf(indexOf(memorySource(bytes.subarray(0, -3))));
  assertEquals(rows.slice(0, -1), keys.slice(0, -1));
  assertMatch(rows.at(-1)!, new RegExp(`^${offsets.at(-1)}\\+`));
});

Deno.test("an index of random bytes ends, and covers all of them", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), (noise) => {
    const index = indexOf(memorySource(noise));
    assertEquals(index.position, noise.length);
  }));
});

for (const codec of ["gzip", "bzip2", "brotli", "lz4", "xz", "zstd"] as const) {
  Deno.test(`a ${codec} package is decompressed as far as it is read`, () => {
    const packed = memorySource(compress(bytes, codec));
    const source = new UnpackedSource(packed, codec, 1e9);
    const index = indexOf(source);
    assertEquals(rowsOf(index), keys);
    assertEquals(source.size, bytes.length);
    assertEquals(source.note, undefined);
  });
}

Deno.test("a package is decompressed up to a limit, and notes it", () => {
  const packed = memorySource(compress(bytes, "gzip"));
  const source = new UnpackedSource(packed, "gzip", 10_000);
  const rows = rowsOf(indexOf(source));
  assertEquals(source.size, 10_000);
  assertEquals(rows.slice(0, -1), keys.slice(0, rows.length - 1));
  assertMatch(source.note!, /without package compression/);
});

Deno.test("the documents before the damage of a package are listed", () => {
  const random = numberedDocs(300).map(({ key }, i) =>
    new Doc(key, randomBytes(500, i + 1))
  );
  const packed = compress(makeFile(random).bytes, "gzip");
  packed.fill(0, 40_000, 41_000);
  const source = new UnpackedSource(memorySource(packed), "gzip", 1e9);
  const rows = rowsOf(indexOf(source));
  assert(rows.length > 100 && rows.length < 300);
  assertEquals(rows[99], "key-99");
  assertMatch(source.note!, /^The package is corrupt: /);
});

Deno.test("a filter finds a text in keys, ignoring case", () => {
  const matches = (text: string, key: string) =>
    new KeyFilter(text).matches(bytesOf(key));
  assert(matches("PAGE-7", "https://example.org/Page-77"));
  assert(matches("", "anything"));
  assert(matches("文档", "a 文档 key"));
  assert(!matches("page-7", "page"));
  fc.assert(fc.property(fc.string(), fc.string(), (text, key) => {
    const fold = (string: string) =>
      string.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    assertEquals(matches(text, key), fold(key).includes(fold(text)));
  }));
});

Deno.test("images are detected by their first bytes", () => {
  const type = (text: string) =>
    imageTypeOf(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  assertEquals(type("\x89PNG\r\n\x1a\n..."), "image/png");
  assertEquals(type("\xff\xd8\xff\xe0"), "image/jpeg");
  assertEquals(type("GIF89a"), "image/gif");
  assertEquals(type("RIFF....WEBPVP8 "), "image/webp");
  assertEquals(
    type('<?xml version="1.0"?>\n<svg xmlns="…">'),
    "image/svg+xml",
  );
  assertEquals(type("<html><svg></svg>"), undefined);
  assertEquals(type(""), undefined);
});

Deno.test("any key gives a valid file name", () => {
  assertEquals(
    fileNameOf("https://example.org/a/page.html?q=1", 0),
    "page.html",
  );
  assertEquals(fileNameOf("..\\..\\etc\\passwd", 0), "passwd");
  assertEquals(fileNameOf("a/b/", 0), "b");
  assertEquals(fileNameOf('a<b>:"c"|d*', 0), "a_b_c_d_");
  assertEquals(fileNameOf("../..", 42), "document-42");
  fc.assert(fc.property(fc.string(), (key) => {
    assertMatch(fileNameOf(key, 1), /^[^/\\<>:"|*?]{1,120}$/);
  }));
});

Deno.test("a ratio is formatted if it is known", () => {
  assertEquals(formatRatio(100, 290), "2.90×");
  assertEquals(formatRatio(100), "");
  assertEquals(formatRatio(0, 0), "");
});

Deno.test("keys of every size are kept", () => {
  const { bytes } = makeFile([
    new Doc("a".repeat(1000), "1"),
    new Doc("b", "2"),
  ]);
  assertEquals(
    rowsOf(indexOf(memorySource(concat(bytes, bytes)))).map((key) =>
      key.length
    ),
    [1000, 1, 1000, 1],
  );
});
