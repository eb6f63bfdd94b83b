import { assertEquals } from "@std/assert";
import { detectSource, docStream, openFile, repack } from "../../doc/mod.ts";
import {
  describe,
  fixture,
  manifest,
  readBinFile,
  TemporaryDirectory,
} from "../support/files.ts";

const codecs = ["none", "gzip", "brotli", "bzip2", "lz4", "xz"];
const packageCodecs = ["gzip", "brotli", "bzip2", "lz4", "xz"] as const;

for (const codec of codecs) {
  Deno.test(`a file of ${codec} documents written by the original reads as its manifest says`, async () => {
    assertEquals(
      await describe(readBinFile(fixture(`${codec}.bin`))),
      manifest,
    );
  });

  Deno.test(`a file of ${codec} documents written by the original repacks to the plain one`, async () => {
    using directory = new TemporaryDirectory();
    const target = directory.file("plain.bin");
    const result = await repack({ source: fixture(`${codec}.bin`), target });
    assertEquals(result.documents, manifest.length);
    assertEquals(result.sourceCodec, codec);
    assertEquals(
      Deno.readFileSync(target),
      Deno.readFileSync(fixture("none.bin")),
    );
  });
}

for (const codec of packageCodecs) {
  const name = `none.bin.${codec}`;

  Deno.test(`a file packaged with ${codec} by the original is recognised and repacks to the plain one`, async () => {
    using directory = new TemporaryDirectory();
    const target = directory.file("plain.bin");
    const result = await repack({ source: fixture(name), target });
    assertEquals(result.sourcePackageCodec, codec);
    assertEquals(result.sourceCodec, "none");
    assertEquals(
      Deno.readFileSync(target),
      Deno.readFileSync(fixture("none.bin")),
    );
  });

  Deno.test(`a file packaged with ${codec} by the original streams as its manifest says`, async () => {
    const file = await Deno.open(fixture(name));
    const docs = await Array.fromAsync(
      docStream(file.readable, { packageCodec: codec }),
    );
    assertEquals(await describe(docs), manifest);
  });
}

Deno.test("gzip documents in a gzip package flushed after every document read as their manifest says", async () => {
  const name = fixture("gzip.bin.gzip-doc-mode");
  const source = openFile(name);
  assertEquals(detectSource(source), { packageCodec: "gzip", codec: "gzip" });
  source.close();
  using directory = new TemporaryDirectory();
  const target = directory.file("plain.bin");
  await repack({ source: name, target });
  assertEquals(await describe(readBinFile(target)), manifest);
});
