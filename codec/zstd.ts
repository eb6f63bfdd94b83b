/**
 * Zstandard for bundles with chosen codecs: importing this module makes the codec
 * work. `@binfiles/binfiles` has all codecs.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/zstd";
 * import { compress, decompress } from "@binfiles/binfiles/core";
 *
 * decompress(compress(new Uint8Array(1000), "zstd"), "zstd");
 * ```
 *
 * @module
 */
import { registerEngines } from "./engines.ts";
import { engines } from "./zstd/engine.ts";
import { fzstdEngine } from "./zstd/fzstd.ts";

registerEngines("zstd", [...engines, fzstdEngine]);
