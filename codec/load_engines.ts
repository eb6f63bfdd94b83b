/**
 * Loads the engines of codecs on demand. The codecs in TypeScript are most of
 * all code, and loading them takes longer than repacking a small file.
 */
import type { Engine } from "./engine.ts";
import {
  checkEngineSetting,
  hasPreferences,
  registerEngines,
} from "./engines.ts";
import { type CodecName, codecNames } from "./names.ts";

const modules: Record<
  CodecName,
  () => Promise<{ engines: readonly Engine[] }>
> = {
  gzip: () => import("./gzip/engine.ts"),
  none: () => import("./none.ts"),
  zip: () => import("./gzip/engine.ts"),
  bzip2: () => import("./bzip2/engine.ts"),
  brotli: () => import("./brotli/engine.ts"),
  lz4: () => import("./lz4/engine.ts"),
  xz: () => import("./xz/engine.ts"),
  zstd: () => import("./zstd/engine.ts"),
};

/** Codecs whose engines were loaded here. */
const loaded = new Set<CodecName>();

/**
 * Loads the engines of codecs, unless they are loaded. Those of npm packages are
 * loaded only if the runtime has none for a codec, or if an engine is preferred.
 *
 * @param names The codecs. Default: all of them.
 * @throws {NoEngineError} `BINFILES_ENGINE` names an engine that does not exist.
 */
export async function loadEngines(
  names: readonly CodecName[] = codecNames,
): Promise<void> {
  if (hasPreferences()) {
    await loadAllEngines();
    return checkEngineSetting();
  }
  await Promise.all(names.map(async (name) => {
    if (loaded.has(name)) return;
    const { engines } = await modules[name]();
    if (engines.length === 0) return await loadAllEngines();
    registerEngines(name, engines);
    loaded.add(name);
  }));
}

/** Loads all engines of all codecs, including those of npm packages. */
export async function loadAllEngines(): Promise<void> {
  await import("./all_engines.ts");
}
