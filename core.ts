/**
 * Everything of `@binfiles/binfiles` without the codecs, for bundles that hold
 * only what they use: import the entries of the codecs beside it.
 *
 * @example Read a bin file of gzip documents in a page
 * ```ts
 * import { readFileSync } from "node:fs";
 * import "@binfiles/binfiles/codec/gzip";
 * import { DocReader } from "@binfiles/binfiles/core";
 *
 * const bytes = readFileSync("tests/fixtures/gzip.bin");
 * using reader = new DocReader(bytes);
 * for (const doc of reader) console.log(doc.name, doc.content.length);
 * ```
 *
 * @module
 */
export * from "./pool/mod.ts";
export * from "./codec/core.ts";
export * from "./doc/core.ts";
