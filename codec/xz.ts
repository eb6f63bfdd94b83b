/**
 * xz for bundles with chosen codecs: importing this module makes the codec
 * work. `@binfiles/binfiles` has all codecs.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/xz";
 * import { compress, decompress } from "@binfiles/binfiles/core";
 *
 * decompress(compress(new Uint8Array(1000), "xz"), "xz");
 * ```
 *
 * @module
 */
import { engines } from "./xz/engine.ts";
import { registerEngines } from "./engines.ts";

registerEngines("xz", engines);
