/**
 * The layout's rules, checked on Deno's own module graph. The tables come
 * first; a rule that fails names the import, file or symbol that breaks it.
 */
import { assertEquals } from "@std/assert";
import {
  circles,
  type Import,
  moduleGraph,
  publicDeclarations,
  sourceFiles,
} from "./support/module_graph.ts";

/** What every codec's room may import. */
const CODEC_ROOM = [
  "codec/engine.ts",
  "codec/errors.ts",
  "codec/bytes.ts",
  "codec/magic.ts",
  "codec/checksum",
];

/** What every sub-room of `doc/` may import from above it and from outside `doc/`. */
const DOC_ROOM = [
  "doc/errors.ts",
  "doc/bytes.ts",
  "doc/detect_source.ts",
  "codec",
  "codec/checksum",
  "pool",
];

/**
 * What the modules of a folder may import beside each other: the modules of a
 * folder, of a folder and those below it (`/**`), one module, or a package.
 */
const ROOMS: Record<string, string[]> = {
  ".": ["doc", "codec", "pool"],
  "pool": [],

  "codec": ["pool", "codec/**", "npm:deno-std", "npm:lz4js"],
  "codec/checksum": [],
  "codec/native": [...CODEC_ROOM, "pool/runtime.ts"],
  "codec/brotli": [...CODEC_ROOM, "codec/native"],
  "codec/bzip2": CODEC_ROOM,
  "codec/gzip": [...CODEC_ROOM, "codec/native", "npm:fflate"],
  "codec/lz4": CODEC_ROOM,
  "codec/xz": CODEC_ROOM,
  "codec/zstd": [...CODEC_ROOM, "codec/native", "npm:fzstd"],

  "doc": ["pool", "codec", "codec/checksum", "doc/**", "npm:deno-std"],
  "doc/source": DOC_ROOM,
  "doc/format": [...DOC_ROOM, "doc/source"],
  "doc/damage": [...DOC_ROOM, "doc/source", "doc/format"],
  "doc/target": [
    ...DOC_ROOM,
    ...["doc/source", "doc/format", "doc/damage", "doc/record_scanner.ts"],
  ],
  "doc/job": [
    ...DOC_ROOM,
    ...["doc/source", "doc/format", "doc/damage", "doc/target"],
    ...["doc/job/steps", "doc/thread.ts"],
  ],
  "doc/job/steps": [...DOC_ROOM, "doc/format", "doc/target"],

  "cli": ["pool", "codec", "doc/**", "cli/commands", "npm:*", "deno.json"],
  "cli/commands": ["pool", "codec", "doc/**", "cli", "npm:*"],
  "viewer": ["codec", "doc/**", "cli/indent_json.ts", "npm:deno-std"],
};

/** Modules that browsers load: nothing that they load may need `node:`. */
const BROWSER_ENTRIES = [
  "mod.ts",
  "core.ts",
  "pool/mod.ts",
  "codec/mod.ts",
  "doc/mod.ts",
  "viewer/main.ts",
  "viewer/worker.ts",
];

/** Most lines of a file that is not in {@linkcode LONG_FILES}. */
const MAX_LINES = 400;

/** Longer files, and why they are not split. */
const LONG_FILES: Record<string, string> = {
  "codec/brotli/decode.ts": "the decoder's loop and its state",
  "codec/brotli/dictionary.ts": "the dictionary of RFC 7932, as data",
  "codec/bzip2/block_decoder.ts": "the decoder's loop and its state",
  "codec/bzip2/block_encoder.ts": "the encoder's loop and its state",
  "codec/bzip2/sort.ts": "one suffix sort",
  "codec/xz/lzma_decode.ts": "the decoder's loop and its state",
  "codec/xz/lzma_encode.ts": "the encoder's optimal parser",
  "doc/writer.ts": "one public class, half of it documentation",
};

const SHIPPED = ["pool", "codec", "doc", "cli", "viewer"];
const files = ["mod.ts", "core.ts", ...sourceFiles(...SHIPPED)];
const tools = sourceFiles("bench", "scripts");
const graph = moduleGraph([...files, ...tools, ...sourceFiles("tests")]);

const folderOf = (file: string) =>
  file.split("/").slice(0, -1).join("/") || ".";
const show = ({ from, to }: Import) => `${from} imports ${to}`;

/** Whether a module is one that an entry of {@linkcode ROOMS} names. */
function isNamed(module: string, entry: string): boolean {
  if (entry.endsWith("*")) return module.startsWith(entry.replace(/\*+$/, ""));
  return module === entry ||
    module.includes("/") && folderOf(module) === entry;
}

Deno.test("imports go from cli to doc, codec and pool, and each room imports only what its row names", async () => {
  const folders = new Set(files.map(folderOf));
  assertEquals([...folders].sort(), Object.keys(ROOMS).sort(), "rows");
  const wrong = (await graph).filter(({ from, to }) =>
    files.includes(from) && !to.startsWith("node:") &&
    folderOf(to) !== folderOf(from) &&
    !ROOMS[folderOf(from)].some((entry) => isNamed(to, entry))
  );
  assertEquals(wrong.map(show), []);
});

Deno.test("no modules import each other in a circle, not even their types", async () => {
  assertEquals(circles(await graph).map((circle) => circle.map(show)), []);
});

Deno.test("what browsers load needs no module of Node", async () => {
  const loaded = new Set(BROWSER_ENTRIES);
  const imports = (await graph).filter(({ kind }) => kind !== "type");
  for (const module of loaded) {
    for (const { from, to } of imports) if (from === module) loaded.add(to);
  }
  const wrong = imports
    .filter(({ from, to }) => loaded.has(from) && to.startsWith("node:"));
  assertEquals(wrong.map(show), []);
});

Deno.test("a file whose name begins with an underscore is imported by its own folder only", async () => {
  const wrong = (await graph).filter(({ from, to }) =>
    isPrivate(to) && folderOf(from) !== folderOf(to)
  );
  assertEquals(wrong.map(show), []);
});

Deno.test("nothing public is declared in a file whose name begins with an underscore", async () => {
  const entries = BROWSER_ENTRIES.filter((entry) => entry.endsWith("mod.ts"));
  const wrong = (await publicDeclarations(entries))
    .filter(({ file }) => isPrivate(file))
    .map(({ name, file }) => `${name} is declared in ${file}`);
  assertEquals([...new Set(wrong)], []);
});

Deno.test("a file of more than 400 lines is on the list, with its reason", () => {
  const long = [...files, ...tools].filter((file) => {
    const text = Deno.readTextFileSync(new URL(`../${file}`, import.meta.url));
    return text.trimEnd().split("\n").length > MAX_LINES;
  });
  assertEquals(long.sort(), Object.keys(LONG_FILES).sort());
});

Deno.test("deno.lock names the packages that the command line loads and no others", async () => {
  const { specifiers }: { specifiers: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(new URL("../deno.lock", import.meta.url)),
  );
  const locked = Object.keys(specifiers)
    .map((specifier) => specifier.replace(/@[^@]*$/, ""));
  const loaded = (await graph)
    .filter(({ from, to }) => files.includes(from) && to.startsWith("npm:"))
    .map(({ to }) => to);
  assertEquals(
    locked.sort(),
    [...new Set(loaded)].sort(),
    "Packages of tests belong into dev.lock: restore deno.lock (git checkout deno.lock) and run tests with `deno task test`",
  );
});

function isPrivate(file: string): boolean {
  return /(^|\/)_[^/]*$/.test(file);
}
