/**
 * LZ4 for bundles with chosen codecs: importing this module makes the codec
 * work. `@binfiles/binfiles` has all codecs.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/lz4";
 * import { compress, decompress } from "@binfiles/binfiles/core";
 *
 * decompress(compress(new Uint8Array(1000), "lz4"), "lz4");
 * ```
 *
 * @module
 */
import { engines } from "./lz4/engine.ts";
import { registerEngines } from "./engines.ts";

registerEngines("lz4", engines);
