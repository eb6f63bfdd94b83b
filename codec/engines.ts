import { checkWord } from "../pool/check.ts";
import { environmentVariable } from "../pool/runtime.ts";
import { type Codec, codecs, findCodec } from "./codecs.ts";
import type { Direction, Engine } from "./engine.ts";
import { NoEngineError } from "./errors.ts";
import type { CodecLike, CodecName } from "./names.ts";
import { engines as noneEngines } from "./none.ts";

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
 * Engines by codec. Each codec's entry (`gzip.ts`, `lz4.ts`, ...) adds its own, so
 * that a bundle holds only the codecs whose entries it imports.
 */
const registered = new Map<CodecName, readonly Engine[]>([
  ["none", noneEngines],
]);

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
 * @throws {OptionError} `direction` or `options.use` is invalid.
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
  const { use = "buffers" } = options ?? {};
  let engine = chosen[direction]?.[use]?.get(codec);
  if (engine === undefined) {
    checkWord("direction", direction, ["compress", "decompress"]);
    checkWord("use", use, ["buffers", "streams"]);
    const found = findCodec(codec);
    if (!registered.has(found.name)) throw notRegistered(found, direction);
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
 * preferEngine("fflate", "gzip");
 * assertEquals(engineFor("gzip", "compress").name, "fflate");
 * preferEngine(undefined, "gzip");
 * ```
 */
export function preferEngine(
  preference: string | undefined,
  codec?: CodecLike,
): void {
  const name = codec === undefined ? undefined : findCodec(codec).name;
  if (preference === undefined) preferences.delete(name);
  else {
    checkPreference(preference, name);
    preferences.set(name, preference);
  }
  forgetChoices();
}

/**
 * Adds engines of a codec after those that it has. Native and built-in engines
 * come before portable ones.
 */
export function registerEngines(
  codec: CodecName,
  engines: readonly Engine[],
): void {
  const all = new Set([...registered.get(codec) ?? [], ...engines]);
  const isPortable = ({ kind }: Engine) => Number(kind === "portable");
  registered.set(
    codec,
    [...all].sort((a, b) => isPortable(a) - isPortable(b)),
  );
  forgetChoices();
}

/** Whether an engine is preferred for any codec. */
export function hasPreferences(): boolean {
  return preferences.size > 0;
}

/**
 * Checks `BINFILES_ENGINE`, once the engines of all codecs are registered.
 *
 * @throws {NoEngineError} No codec has such an engine.
 */
export function checkEngineSetting(): void {
  if (setting) checkPreference(setting);
}

/**
 * Returns the preferences set with {@linkcode preferEngine}, for other threads to
 * apply: pairs of a preference and its codec.
 */
export function enginePreferences(): [string, CodecName | undefined][] {
  return Array.from(preferences, ([codec, preference]) => [preference, codec]);
}

/** What engines can do on this runtime. */
const abilities = new Map<Engine, Record<Direction, boolean>>();

/** Whether an engine can compress, or decompress, on this runtime. */
function works(engine: Engine, codec: Codec, direction: Direction): boolean {
  let outcome = abilities.get(engine);
  if (outcome === undefined) {
    outcome = engine.probe?.(codec.level.default) ?? {
      compress: engine.createCompressor !== undefined,
      decompress: engine.createDecompressor !== undefined,
    };
    abilities.set(engine, outcome);
  }
  return outcome[direction];
}

function forgetChoices(): void {
  for (const uses of Object.values(chosen)) {
    for (const engines of Object.values(uses)) engines.clear();
  }
}

/** All engines of a codec, the preferred ones first. */
function enginesOf(codec: Codec): Engine[] {
  const engines = [...registered.get(codec.name) ?? []];
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

function checkPreference(preference: string, name?: CodecName): void {
  const known = codecs
    .filter((candidate) => name === undefined || candidate.name === name)
    .flatMap(enginesOf)
    .some((engine) => matches(engine, preference));
  if (known) return;
  throw new NoEngineError(
    name ?? "any codec",
    `Cannot prefer the engine "${preference}" for ${
      name ?? "any codec"
    }: no engine has that name or kind. listEngines() lists all engines.`,
  );
}

function noEngine(codec: Codec, direction: Direction): NoEngineError {
  const remedy = codec.name === "brotli"
    ? "Use Deno, Node or Bun for it, or another codec"
    : "Use Deno 2.9, Node 22.15 or Bun, or another codec";
  return new NoEngineError(
    codec.name,
    `Cannot ${direction} ${codec.name} on this runtime: no engine supports it. ${remedy}.`,
  );
}

function notRegistered(codec: Codec, direction: Direction): NoEngineError {
  const { name } = codec;
  const entry = name === "zip" ? "gzip" : name;
  return new NoEngineError(
    name,
    `Cannot ${direction} ${name}: the codec is not loaded. ` +
      `Import "@binfiles/binfiles/codec/${entry}", or "@binfiles/binfiles", which has all codecs.`,
  );
}

/** A preference for all codecs, checked once all engines are known. */
const setting = environmentVariable("BINFILES_ENGINE");
if (setting) preferences.set(undefined, setting);
