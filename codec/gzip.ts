/**
 * gzip for bundles with chosen codecs: importing this module makes the codec
 * work. `@binfiles/binfiles` has all codecs.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/gzip";
 * import { compress, decompress } from "@binfiles/binfiles/core";
 *
 * decompress(compress(new Uint8Array(1000), "gzip"), "gzip");
 * ```
 *
 * @module
 */
import { registerEngines } from "./engines.ts";
import { engines } from "./gzip/engine.ts";
import { fflateEngine } from "./gzip/fflate.ts";

registerEngines("gzip", [...engines, fflateEngine]);
registerEngines("zip", [...engines, fflateEngine]);
