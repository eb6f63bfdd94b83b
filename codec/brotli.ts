/**
 * Brotli for bundles with chosen codecs: importing this module makes the codec
 * work. `@binfiles/binfiles` has all codecs.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/brotli";
 * import { compress, decompress } from "@binfiles/binfiles/core";
 *
 * decompress(compress(new Uint8Array(1000), "brotli"), "brotli");
 * ```
 *
 * @module
 */
import { engines } from "./brotli/engine.ts";
import { registerEngines } from "./engines.ts";

registerEngines("brotli", engines);
