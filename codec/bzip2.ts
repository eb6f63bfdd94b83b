/**
 * bzip2 for bundles with chosen codecs: importing this module makes the codec
 * work. `@binfiles/binfiles` has all codecs.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/bzip2";
 * import { compress, decompress } from "@binfiles/binfiles/core";
 *
 * decompress(compress(new Uint8Array(1000), "bzip2"), "bzip2");
 * ```
 *
 * @module
 */
import { engines } from "./bzip2/engine.ts";
import { registerEngines } from "./engines.ts";

registerEngines("bzip2", engines);
