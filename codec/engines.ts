import { environmentVariable } from "../pool/runtime.ts";
import { type Codec, codecs, findCodec } from "./codecs.ts";
import type { Direction, Engine } from "./engine.ts";
import { NoEngineError } from "./errors.ts";
import { type CodecLike, type CodecName, codecNames } from "./names.ts";
import { works } from "./probe.ts";

/** What an engine is used for: whole documents in buffers, or streams of any length. */
export type EngineUse = "buffers" | "streams";

/** An engine of a codec, and what it can do on this runtime. */
export interface EngineInfo {
  /** Name of the codec. */
  codec: CodecName;
  /** Name of the engine. */
  engine: string;
  /** What the engine is made of; see {@linkcode Engine.kind}. */
  kind: Engine["kind"];
  /** Whether it can compress. */
  compresses: boolean;
  /** Whether it can decompress. */
  decompresses: boolean;
  /** For what it is in use. */
  inUse: ("compress" | "decompress")[];
}

/**
 * Modules with the engines of each codec. They are loaded on demand: the codecs
 * in TypeScript are most of all code, and loading them takes longer than
 * repacking a small file.
 */
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

/** Engines by codec; filled by {@linkcode loadEngines}. */
const ownEngines = new Map<CodecName, readonly Engine[]>();

/** Portable engines by codec; filled by {@linkcode loadPortableEngines}. */
const portableEngines = new Map<CodecName, Engine[]>();

/** Preferred name or kind of engine, by codec; under undefined, for all codecs. */
const preferences = new Map<CodecName | undefined, string>();

/** Chosen engines by direction, use, and the codec as the caller gave it. */
const chosen: Record<Direction, Record<EngineUse, Map<CodecLike, Engine>>> = {
  compress: { buffers: new Map(), streams: new Map() },
  decompress: { buffers: new Map(), streams: new Map() },
};

/**
 * Returns the engine in use for a codec on this runtime: the first one, in order
 * of preference, that works.
 *
 * Native engines have to pass a round trip, and reject truncated data, before
 * their first use; if one fails, the next engine is used. `BINFILES_ENGINE` names
 * the engine, or kind of engine, to try first.
 *
 * @param options `use`: what it is needed for; not every engine handles streams.
 * Default `buffers`.
 * @throws {UnknownCodecError} There is no such codec.
 * @throws {NoEngineError} No engine works; the message says what to do.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { engineFor } from "@binfiles/binfiles/codec";
 *
 * assertEquals(engineFor("lz4", "compress").kind, "built-in");
 * ```
 */
export function engineFor(
  codec: CodecLike,
  direction: "compress" | "decompress",
  options?: { use?: EngineUse },
): Engine {
  const use = options?.use ?? "buffers";
  let engine = chosen[direction][use].get(codec);
  if (engine === undefined) {
    const found = findCodec(codec);
    if (!ownEngines.has(found.name)) throw notLoaded(found);
    engine = enginesOf(found).find((candidate) =>
      works(candidate, found, direction) &&
      (use === "buffers" || handlesStreams(candidate, direction))
    );
    if (engine === undefined) throw noEngine(found, direction);
    chosen[direction][use].set(codec, engine);
  }
  return engine;
}

/** Lists all engines of all codecs, what they can do here, and which are in use. */
export function listEngines(): EngineInfo[] {
  return codecs.flatMap((codec) =>
    enginesOf(codec).map((engine) => ({
      codec: codec.name,
      engine: engine.name,
      kind: engine.kind,
      compresses: works(engine, codec, "compress"),
      decompresses: works(engine, codec, "decompress"),
      inUse: (["compress", "decompress"] as const).filter((direction) =>
        enginesOf(codec).find((other) => works(other, codec, direction)) ===
          engine
      ),
    }))
  );
}

/**
 * Prefers an engine, in this thread, by its name or kind.
 *
 * @param preference A name (`fflate`) or kind (`portable`); undefined restores the default order.
 * @param codec The codec to which it applies. Default: all codecs.
 * @throws {NoEngineError} `codec` has no such engine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { engineFor, preferEngine } from "@binfiles/binfiles/codec";
 *
 * await preferEngine("fflate", "gzip");
 * assertEquals(engineFor("gzip", "compress").name, "fflate");
 * await preferEngine(undefined, "gzip");
 * ```
 */
export async function preferEngine(
  preference: string | undefined,
  codec?: CodecLike,
): Promise<void> {
  const name = codec === undefined ? undefined : findCodec(codec).name;
  if (preference === undefined) preferences.delete(name);
  else {
    await Promise.all([loadEngines(), loadPortableEngines()]);
    const known = codecs
      .filter((candidate) => name === undefined || candidate.name === name)
      .flatMap(enginesOf)
      .some((engine) => matches(engine, preference));
    if (!known) {
      throw new NoEngineError(
        name ?? "any codec",
        `Cannot prefer the engine "${preference}" for ${
          name ?? "any codec"
        }: no engine has that name or kind. listEngines() lists all engines.`,
      );
    }
    preferences.set(name, preference);
  }
  forgetChoices();
}

/**
 * Loads the engines of codecs, unless they are loaded. Codecs do not work before
 * that. Importing `all_engines.ts` does the same for modules whose functions take
 * any codec and cannot wait.
 *
 * @param names The codecs. Default: all of them.
 */
export async function loadEngines(
  names: readonly CodecName[] = codecNames,
): Promise<void> {
  await Promise.all(names.map(async (name) => {
    if (ownEngines.has(name)) return;
    ownEngines.set(name, (await modules[name]()).engines);
  }));
  if (names.some((name) => ownEngines.get(name)!.length === 0)) {
    await loadPortableEngines();
  }
}

/**
 * Loads the engines that come from npm packages, unless they are loaded.
 *
 * They are not loaded at start-up if the runtime has engines of its own, because
 * that takes longer than repacking a small file.
 */
export async function loadPortableEngines(): Promise<void> {
  if (portableEngines.size > 0) return;
  const [{ fflateEngine }, { fzstdEngine }, { createLz4jsEngine }, lz4js] =
    await Promise.all([
      import("./gzip/fflate.ts"),
      import("./zstd/fzstd.ts"),
      import("./lz4/lz4js.ts"),
      import("lz4js"),
    ]);
  portableEngines.set("gzip", [fflateEngine]);
  portableEngines.set("zip", [fflateEngine]);
  portableEngines.set("zstd", [fzstdEngine]);
  portableEngines.set("lz4", [createLz4jsEngine(lz4js.default ?? lz4js)]);
  forgetChoices();
}

/**
 * Returns the preferences set with {@linkcode preferEngine}, for other threads to
 * apply: pairs of a preference and its codec.
 */
export function enginePreferences(): [string, CodecName | undefined][] {
  return Array.from(preferences, ([codec, preference]) => [preference, codec]);
}

function forgetChoices(): void {
  for (const uses of Object.values(chosen)) {
    for (const engines of Object.values(uses)) engines.clear();
  }
}

/** All engines of a codec, the preferred ones first. */
function enginesOf(codec: Codec): Engine[] {
  const engines = [
    ...ownEngines.get(codec.name) ?? [],
    ...portableEngines.get(codec.name) ?? [],
  ];
  const preference = preferences.get(codec.name) ?? preferences.get(undefined);
  if (preference === undefined) return engines;
  return [
    ...engines.filter((engine) => matches(engine, preference)),
    ...engines.filter((engine) => !matches(engine, preference)),
  ];
}

function matches(engine: Engine, preference: string): boolean {
  return engine.name === preference || engine.kind === preference;
}

function handlesStreams(engine: Engine, direction: Direction): boolean {
  const make = direction === "compress"
    ? engine.createEncoder
    : engine.createDecoder;
  return make !== undefined;
}

function noEngine(codec: Codec, direction: Direction): NoEngineError {
  const remedy = codec.name === "brotli"
    ? "Use Deno, Node or Bun for it, or another codec"
    : portableEngines.size === 0
    ? "Call `await loadPortableEngines()` first"
    : "Use Deno 2.9, Node 22.15 or Bun, or another codec";
  return new NoEngineError(
    codec.name,
    `Cannot ${direction} ${codec.name} on this runtime: no engine supports it. ${remedy}.`,
  );
}

function notLoaded({ name }: Codec): NoEngineError {
  return new NoEngineError(
    name,
    `Cannot use ${name}: its engines are not loaded. ` +
      "This is a bug in binfiles; please report it.",
  );
}

const setting = environmentVariable("BINFILES_ENGINE");
if (setting !== undefined && setting !== "") await preferEngine(setting);
