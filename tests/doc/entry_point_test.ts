/**
 * Imports only `doc/mod.ts` of the library: the modules with the engines of the
 * codecs have to be loaded by it.
 */
import { assertEquals } from "@std/assert";
import { codecNames } from "../../codec/names.ts";
import { compressDoc, decompressDoc, Doc } from "../../doc/mod.ts";

Deno.test("importing only the document module makes every codec available", () => {
  const doc = new Doc("key", new Uint8Array(1000));
  for (const codec of codecNames) {
    const packed = compressDoc(doc, codec);
    assertEquals(decompressDoc(packed, codec).content, doc.content);
  }
});
