import { checkLevel, findCodec } from "./codecs.ts";
import type { StreamCoder } from "./engine.ts";
import { engineFor } from "./engines.ts";

/** Makes a coder that compresses one stream of any length; see {@linkcode StreamCoder}. */
export function createEncoder(
  codec: string | number,
  level?: number,
): StreamCoder {
  const found = findCodec(codec);
  return engineFor(found.name, "compress", "streams")
    .createEncoder!(checkLevel(found, level));
}

/** Makes a coder that decompresses one stream of any length; see {@linkcode StreamCoder}. */
export function createDecoder(codec: string | number): StreamCoder {
  return engineFor(codec, "decompress", "streams").createDecoder!();
}
