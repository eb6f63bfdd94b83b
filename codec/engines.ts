import { environmentVariable } from "../pool/runtime.ts";
import type { Codec } from "./codec.ts";
import { type CodecName, codecNames } from "./names.ts";
import { codecs, findCodec } from "./codecs.ts";
import type { Engine, EngineKind } from "./engine.ts";
import { NoEngineError } from "./errors.ts";

/** What an engine is asked to do. */
export type Direction = "compress" | "decompress";

/** What an engine is asked to do it with: whole documents, or streams of any length. */
export type Input = "documents" | "streams";

/** What is known of an engine of a codec on this runtime. */
export interface EngineInfo {
  /** Name of the codec. */
  codec: CodecName;
  /** Name of the engine. */
  engine: string;
  /** What it is made of. */
  kind: EngineKind;
  /** Whether it can compress, and proved it. */
  compresses: boolean;
  /** Whether it can decompress, and proved it. */
  decompresses: boolean;
  /** What it is in use for. */
  inUse: Direction[];
}

/**
 * Modules with the engines of each codec. Those written in TypeScript are most of
 * all code there is, and loading it takes longer than repacking a small file.
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

/** Portable engines, by codec; filled by {@linkcode loadPortableEngines}. */
const portableEngines = new Map<CodecName, Engine[]>();

/** What users prefer: an engine's name or kind; for all codecs, or for one. */
const preferences = new Map<CodecName | undefined, string>();

/** Engines that were chosen, by direction, input, and the codec as it was named. */
const chosen: Record<Direction, Record<Input, Map<string | number, Engine>>> = {
  compress: { documents: new Map(), streams: new Map() },
  decompress: { documents: new Map(), streams: new Map() },
};

/** Outcomes of probes. */
const probed = new Map<Engine, Record<Direction, boolean>>();

/**
 * The engine that serves a codec on this runtime: the first of its engines, in
 * order of preference, that can do it and proves it.
 *
 * Native engines prove themselves by a round trip before their first use, and
 * by refusing data that is cut short; where that fails, the next engine serves.
 * `BINFILES_ENGINE` names the engine, or kind of engine, to try first.
 *
 * @param input What it is needed for; not every engine handles streams.
 * @throws {NoEngineError} None can; the message names the remedy.
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
  codec: string | number,
  direction: Direction,
  input: Input = "documents",
): Engine {
  let engine = chosen[direction][input].get(codec);
  if (engine === undefined) {
    const found = findCodec(codec);
    if (!ownEngines.has(found.name)) throw notLoaded(found);
    engine = enginesOf(found).find((candidate) =>
      proves(candidate, found, direction) &&
      (input === "documents" || handlesStreams(candidate, direction))
    );
    if (engine === undefined) throw noEngine(found, direction);
    chosen[direction][input].set(codec, engine);
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
      compresses: proves(engine, codec, "compress"),
      decompresses: proves(engine, codec, "decompress"),
      inUse: (["compress", "decompress"] as const).filter((direction) =>
        enginesOf(codec).find((other) => proves(other, codec, direction)) ===
          engine
      ),
    }))
  );
}

/**
 * Prefers an engine from now on, in this thread, by its name or kind.
 *
 * @param preference A name (`fflate`) or kind (`portable`); undefined for the usual order.
 * @param codec The codec it is for; all codecs when not given.
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
  codec?: string | number,
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
        }: ` +
          "there is none of that name or kind. listEngines() lists what there is.",
      );
    }
    preferences.set(name, preference);
  }
  forgetChoices();
}

/**
 * Loads the engines of codecs, unless that has been done; those of all when not
 * told of which. Codecs do not work before. Importing `_all_engines.ts` is the same
 * for whoever learns too late, or in no function that could wait, what he needs.
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
 * Loads the engines that come from npm packages, unless that has been done.
 *
 * Not done at start-up where the runtime brings engines of its own, because it
 * takes longer than repacking a small file.
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
 * What was preferred with {@linkcode preferEngine} so far, for other threads to
 * prefer as well: pairs of a preference and the codec that it is for.
 */
export function enginePreferences(): [string, CodecName | undefined][] {
  return Array.from(preferences, ([codec, preference]) => [preference, codec]);
}

function forgetChoices(): void {
  for (const inputs of Object.values(chosen)) {
    for (const engines of Object.values(inputs)) engines.clear();
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

function proves(engine: Engine, codec: Codec, direction: Direction): boolean {
  let outcome = probed.get(engine);
  if (outcome === undefined) {
    outcome = engine.kind === "native" ? probe(engine, codec) : {
      compress: engine.createCompressor !== undefined,
      decompress: engine.createDecompressor !== undefined,
    };
    probed.set(engine, outcome);
  }
  return outcome[direction];
}

/** Tries a native engine on a small document, several times over, because reuse is what breaks. */
function probe(engine: Engine, codec: Codec): Record<Direction, boolean> {
  const outcome = { compress: false, decompress: false };
  const compressor = engine.createCompressor?.(codec.level.default);
  const decompressor = engine.createDecompressor?.();
  if (compressor === undefined || decompressor === undefined) return outcome;
  try {
    const sample = new TextEncoder().encode("bin file, ".repeat(20));
    const packed = new Uint8Array(1024);
    const unpacked = new Uint8Array(1024);
    const roundTrips = () => {
      const size = compressor.compress(sample, packed, 1);
      const data = packed.subarray(1, 1 + size);
      const end = decompressor.decompress(data, unpacked, 0);
      return end === sample.length &&
        sample.every((byte, i) => byte === unpacked[i]);
    };
    outcome.compress = roundTrips() && roundTrips();
    const size = compressor.compress(sample, packed, 0);
    const refuses = () => {
      try {
        decompressor.decompress(packed.subarray(0, size - 1), unpacked, 0);
        return false;
      } catch {
        return true;
      }
    };
    outcome.decompress = outcome.compress && refuses() && roundTrips();
  } catch {
    // Whatever it was, this engine is not to be trusted.
  } finally {
    compressor.close?.();
    decompressor.close?.();
  }
  return outcome;
}

function noEngine(codec: Codec, direction: Direction): NoEngineError {
  const remedy = codec.name === "brotli"
    ? "Use Deno, Node or Bun for it, or another codec"
    : portableEngines.size === 0
    ? "Call `await loadPortableEngines()` first"
    : "Use Deno 2.9, Node 22.15 or Bun, or another codec";
  return new NoEngineError(
    codec.name,
    `Cannot ${direction} ${codec.name} on this runtime: none of its engines can. ${remedy}.`,
  );
}

function notLoaded({ name }: Codec): NoEngineError {
  return new NoEngineError(
    name,
    `Cannot use ${name}: its engines have not been loaded. ` +
      "This is a fault of binfiles; please report it.",
  );
}

const wish = environmentVariable("BINFILES_ENGINE");
if (wish !== undefined && wish !== "") await preferEngine(wish);
