/**
 * Bin files: one file that holds millions of small documents.
 *
 * @example Repack a bin file and read it
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { DocReader, repack } from "@binfiles/binfiles";
 *
 * const target = `${mkdtempSync(`${tmpdir()}/docs-`)}/docs.bin`;
 * await repack({ source: "tests/fixtures/none.bin", target, targetCodec: "gzip" });
 * using reader = new DocReader(target);
 * for (const doc of reader) console.log(doc.name, doc.content.length);
 * ```
 *
 * @module
 */
import "./doc/mod.ts";
export * from "./core.ts";
