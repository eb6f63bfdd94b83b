/**
 * Imports nothing of the library but `doc/mod.ts`: the engines of codecs are in
 * modules that somebody has to load.
 */
import { assertEquals } from "@std/assert";
import { compressDoc, decompressDoc, Doc } from "../doc/mod.ts";
import { codecNames } from "../codec/names.ts";

Deno.test("who imports nothing but documents has every codec at once", () => {
  const doc = new Doc("key", new Uint8Array(1000));
  for (const codec of codecNames) {
    const packed = compressDoc(doc, codec);
    assertEquals(decompressDoc(packed, codec).content, doc.content);
  }
});
