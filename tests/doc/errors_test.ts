/** The errors of all entries: their codes, options, arguments, threads, permissions. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import * as binfiles from "../../mod.ts";
import {
  BatchProcessor,
  BinfilesError,
  CancelledError,
  ClosedError,
  compareFiles,
  compress,
  compressDoc,
  CorruptDataError,
  createDecoder,
  createEncoder,
  decompress,
  detectCodec,
  detectMagic,
  Doc,
  DocReader,
  DocumentError,
  DocWriter,
  encodeRecord,
  engineFor,
  FileError,
  findRecord,
  KeyError,
  leaseCompressor,
  leaseDecompressor,
  LockedError,
  maxCompressedSize,
  MemoryPool,
  memorySource,
  merge,
  NoEngineError,
  OptionError,
  OutputLimitError,
  packageFiles,
  packError,
  PermissionError,
  PoolError,
  RecordError,
  RecordLimitError,
  RecordScanner,
  repack,
  repackDirectory,
  scan,
  TarError,
  TargetExistsError,
  UnknownCodecError,
  unpack,
  unpackError,
  watchMemory,
} from "../../mod.ts";
import { contentError } from "../../doc/errors.ts";
import { fixture, TemporaryDirectory, writeBinFile } from "../support/files.ts";
import { runProgram } from "../support/run_program.ts";

const cause = new OutputLimitError("gzip", 10);
const location = { file: "docs.bin", offset: 12, key: "key" };

/** An error of each class. */
const samples: BinfilesError[] = [
  new CancelledError(new Error("a timeout"), "target.bin"),
  new ClosedError("read documents", "reader"),
  new CorruptDataError("xz", "unexpected end of data"),
  new DocumentError("Cannot write a document: empty record"),
  new FileError("docs.bin", "Cannot open docs.bin", {
    cause: new Error("system"),
  }),
  new KeyError("it is empty", { file: "docs.bin", offset: 3, key: "" }),
  new LockedError("docs.bin", ".docs.bin.lock", {
    ...{ pid: 5, host: "there", heartbeat: new Date(0) },
  }),
  new NoEngineError("zstd", "Cannot compress zstd"),
  new OptionError("Cannot use level 99", { option: "level", value: 99 }),
  cause,
  new PermissionError("docs.bin", "Cannot open docs.bin", {
    flag: "--allow-read",
  }),
  new PoolError("returned twice"),
  new RecordError("truncated", location),
  new RecordLimitError(cause, location),
  new TarError("truncated", { file: "a.tar", offset: 512, entry: "a" }),
  new TargetExistsError("target.bin"),
  new UnknownCodecError("snappy", "Cannot find a codec"),
  new binfiles.CodecError("none", "invalid content size"),
];

/** The public classes of errors. */
const classes = Object.values(binfiles).filter((value) =>
  typeof value === "function" && value.prototype instanceof BinfilesError
) as (new (...args: never[]) => BinfilesError)[];

Deno.test("every error has a code of its own, which the guide lists with its class", () => {
  const guide = readFileSync(
    new URL("../../guide/errors.md", import.meta.url),
    "utf8",
  );
  const rows = [...guide.matchAll(/^\| `(BINFILES_\w+)` +\| `(\w+)`/gm)]
    .map(([, code, name]) => [name, code]);
  assertEquals(rows.length, new Set(rows.map(([, code]) => code)).size);
  const names = classes.map(({ name }) => name).sort();
  assertEquals(rows.map(([name]) => name).sort(), names);
  for (const { name, code, constructor } of samples) {
    assertEquals(name, constructor.name);
    assertEquals(Object.fromEntries(rows)[name], code);
  }
  const untried = new Set(names);
  for (const { name } of samples) untried.delete(name);
  assertEquals([...untried], []);
});

Deno.test("packed errors keep class, code, fields, stack and causes", () => {
  for (const error of samples) {
    const restored = unpackError(structuredClone(packError(error)));
    assertInstanceOf(restored, error.constructor as typeof Error);
    assertEquals({ ...restored }, { ...error });
    assertEquals(restored.message, error.message);
    assertEquals(restored.stack, error.stack);
    const { cause } = error;
    assertEquals((restored.cause as Error)?.message, (cause as Error)?.message);
    if (cause instanceof BinfilesError) {
      assertInstanceOf(restored.cause, cause.constructor as typeof Error);
    }
    // A real error, which can be cloned and packed again.
    assertEquals(structuredClone(restored).message, error.message);
    assertEquals(packError(restored), packError(error));
  }
});

Deno.test("what cannot be cloned is left out of packed errors, and other values become errors", () => {
  const error = Object.assign(new TypeError("wrong", { cause: "text" }), {
    ...{ code: "CODE", call: () => {} },
  });
  const restored = unpackError(structuredClone(packError(error)));
  assertInstanceOf(restored, TypeError);
  assertEquals(Object.entries(restored), [["code", "CODE"]]);
  assertEquals((restored.cause as Error).message, "text");
  assertEquals(unpackError(packError("text")).message, "text");
  const abort = unpackError(packError(AbortSignal.abort().reason));
  assertEquals(abort.name, "AbortError");
  const endless = new Error("endless");
  endless.cause = endless;
  assertEquals(unpackError(packError(endless)).message, "endless");
});

Deno.test("a clone of an error keeps message and stack, as the guide says", () => {
  const error = new RecordError("truncated", location, { cause });
  const clone = structuredClone(error);
  assertInstanceOf(clone, Error);
  assertEquals(clone.message, error.message);
});

Deno.test("errors of worker threads keep their class, fields and causes", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("docs.bin");
  const text = "many documents ".repeat(100);
  const docs = Array.from({ length: 30_000 }, (_, i) => new Doc(`${i}`, text));
  docs.push(new Doc("bomb", new Uint8Array(5_000_000)));
  writeBinFile(source, docs, { codec: "lz4" });
  const error = await assertRejects(
    () => scan({ source, maxSize: 1_000_000, workers: 2 }),
    RecordLimitError,
  );
  assertEquals([error.key, error.limit], ["bomb", 1_000_000]);
  assertInstanceOf(error.cause, OutputLimitError);
});

Deno.test("a document above maxSize is not damage, but is skipped and reported like it", () => {
  const bytes = encodeRecord(
    new Uint8Array([1]),
    compress(new Uint8Array(1000), "gzip"),
  );
  using reader = new DocReader(bytes, { maxSize: 999 });
  const error = assertThrows(() => reader.read(), RecordLimitError);
  assert(!(error instanceof RecordError));
  assertEquals([error.code, error.limit], ["BINFILES_RECORD_TOO_LARGE", 999]);
  const corrupt = contentError(new CorruptDataError("xz", "cut"), location);
  assertInstanceOf(corrupt, RecordError);
  assertEquals(corrupt.code, "BINFILES_RECORD_CORRUPT");
});

Deno.test("a cancelled job rejects with the reason of the signal as the cause", async () => {
  using directory = new TemporaryDirectory();
  const source = fixture("gzip.bin");
  const target = directory.file("target.bin");
  const reason = new Error("the user left");
  const signal = AbortSignal.abort(reason);
  const jobs = [
    () => repack({ source, target, signal }),
    () => repack({ source: Deno.readFileSync(source), target, signal }),
    () => merge({ sources: [source], target, signal }),
    () => merge({ sources: [source], target, duplicates: "first", signal }),
    () => scan({ source, signal }),
    () => unpack({ source, target: directory.file("unpacked"), signal }),
    () => packageFiles({ source: fixture("."), target, signal }),
    () => compareFiles(source, source, { signal }),
  ];
  for (const job of jobs) {
    const error = await assertRejects(job, CancelledError);
    assertStrictEquals(error.cause, reason);
  }
  const error = await assertRejects(
    () => repack({ source, target, signal: AbortSignal.abort() }),
    CancelledError,
  );
  assertEquals((error.cause as Error).name, "AbortError");
});

/** Values that no number of bytes, documents or threads can be. */
const notCounts = [-1, 0.5, NaN, -Infinity, 2 ** 53, "5", null, 5n, {}];

Deno.test("invalid numbers are an OptionError that names the option and its value", async () => {
  using directory = new TemporaryDirectory();
  const source = fixture("gzip.bin");
  const bytes = Deno.readFileSync(source);
  const target = directory.file("target.bin");
  const unpacked = directory.file("unpacked");
  // deno-lint-ignore no-explicit-any
  type Call = (value: any) => unknown;
  const calls: [string, Call, ...unknown[]][] = [
    ["initialBufferSize", (v) => new MemoryPool({ initialBufferSize: v })],
    ["docBufferSize", (v) => new MemoryPool({ docBufferSize: v })],
    ["maxCacheSize", (v) => new MemoryPool({ maxCacheSize: v })],
    ["maxRetainedSize", (v) => new MemoryPool({ maxRetainedSize: v })],
    ["maxIdleObjects", (v) => new MemoryPool({ maxIdleObjects: v })],
    ["buffer size", (v) => new MemoryPool().getBuffer(v), Infinity],
    ["size", (v) => new MemoryPool().lease(v), Infinity, undefined],
    ["size", (v) => maxCompressedSize(v), undefined],
    ["level", (level) => compress(bytes, "gzip", { level }), 10, Infinity],
    ["level", (level) => leaseCompressor("xz", { level }), 10],
    ["maxSize", (maxSize) => decompress(bytes, "gzip", { maxSize })],
    ["maxSize", (maxSize) => new DocReader(bytes, { maxSize })],
    ["keySizeLimit", (v) => new DocReader(bytes, { keySizeLimit: v }), 0],
    ["keySizeLimit", (v) => new DocWriter(target, { keySizeLimit: v }), 0],
    ["size", (v) => new BatchProcessor(undefined as never, v), 0],
    ["offset", (v) => findRecord(memorySource(bytes), v)],
    ["position", (v) => new RecordScanner(memorySource(bytes)).position = v],
    ["position", (v) => new DocReader(bytes).position = v],
    ["workers", (workers) => repack({ source, target, workers })],
    ["limit", (limit) => repack({ source, target, limit })],
    ["split", (split) => repack({ source, target, split })],
    ["maxSize", (maxSize) => repack({ source, target, maxSize })],
    ["keySizeLimit", (v) => repack({ source, target, keySizeLimit: v }), 0],
    ["workers", (v) => merge({ sources: [source], target, workers: v })],
    ["maxSize", (v) => merge({ sources: [source], target, maxSize: v })],
    ["duplicates", (v) => merge({ sources: [source], target, duplicates: v })],
    ["duplicates", (v) => unpack({ source, target: unpacked, duplicates: v })],
    ["unsafeKeys", (v) => unpack({ source, target: unpacked, unsafeKeys: v })],
    ["direction", (v) => engineFor("gzip", v)],
    ["use", (v) => engineFor("gzip", "compress", { use: v })],
    ["start", (start) => scan({ source, start })],
    ["end", (end) => scan({ source, end })],
    ["limit", (limit) => unpack({ source, target: unpacked, limit })],
    ["maxSize", (maxSize) => unpack({ source, target: unpacked, maxSize })],
    ["limit", (limit) => packageFiles({ source: "pool", target, limit })],
    [
      "maxDifferences",
      (v) => compareFiles(source, source, { maxDifferences: v }),
    ],
    ["split", (v) => repackDirectory({ source: "pool", target, split: v })],
  ];
  for (const [option, call, ...others] of calls) {
    for (const value of [...notCounts, ...others]) {
      const error = await assertRejects(
        // deno-lint-ignore require-await
        async () => call(value),
        OptionError,
        "expected",
        `${option} ${String(value)} of ${call}`,
      );
      assertEquals(error.option, option, String(call));
      assertEquals(error.value, value);
      assertStringIncludes(error.message, option);
    }
  }
  for (const lockWait of [-1, NaN, "5" as unknown as number, null as never]) {
    assertThrows(
      () => new DocWriter(target, { lockWait }),
      OptionError,
      "lockWait",
    );
  }
  for (const interval of [0, -1, NaN, Infinity, "5" as unknown as number]) {
    assertThrows(() => watchMemory({ interval }), OptionError, "interval");
  }
  assertEquals(directory.list(), []);
});

Deno.test("anything but bytes where bytes are expected is a TypeError that names the parameter", async () => {
  // deno-lint-ignore no-explicit-any
  type Call = (value: any) => unknown;
  const bytes = new Uint8Array(100);
  using compressor = leaseCompressor("gzip");
  using decompressor = leaseDecompressor("gzip");
  const calls: [string, Call][] = [
    ["data", (value) => compress(value, "gzip")],
    ["data", (value) => decompress(value, "none")],
    ["data", (value) => binfiles.compressOriginal(value, "gzip")],
    ["data", (value) => binfiles.decompressOriginal(value, "none")],
    [
      "data",
      (value) => compressDoc({ content: value, key: bytes } as Doc, "xz"),
    ],
    ["src", (value) => compressor.compress(value, bytes, 0)],
    ["dst", (value) => compressor.compress(bytes, value, 0)],
    ["src", (value) => decompressor.decompress(value, bytes, 0)],
    ["dst", (value) => decompressor.decompress(bytes, value, 0)],
    ["chunk", (value) => createEncoder("lz4").push(value, true, () => {})],
    ["chunk", (value) => createDecoder("none").push(value, true, () => {})],
    ["bytes", (value) => detectMagic(value)],
    ["samples", (value) => detectCodec([value])],
    ["bytes", (value) => memorySource(value)],
    ["key", (value) => encodeRecord(value, bytes)],
    ["content", (value) => encodeRecord(bytes, value)],
    [
      "chunk",
      (value) =>
        ReadableStream.from([value])
          .pipeThrough(binfiles.compressionStream("gzip"))
          .getReader().read(),
    ],
    ["chunk", (value) => binfiles.readTar([value], {} as never)],
  ];
  const others = [
    ...["text", new Float64Array(4), new ArrayBuffer(8), [1, 2], 5, null],
    ...[undefined, new DataView(new ArrayBuffer(8)), { length: 3 }],
    new Uint8ClampedArray(4),
  ];
  const docs: [string, Call][] = [
    ["key", (value) => new Doc(value, "")],
    ["content", (value) => new Doc("", value)],
  ];
  for (const [name, call] of [...calls, ...docs]) {
    for (const value of others) {
      if (typeof value === "string" && docs.some(([, doc]) => doc === call)) {
        continue;
      }
      const error = await assertRejects(
        // deno-lint-ignore require-await
        async () => call(value),
        TypeError,
        `Cannot use ${name}: expected a`,
        String(call),
      );
      const { code } = error as TypeError & { code?: string };
      assertEquals(code, "BINFILES_ARGUMENT_INVALID");
    }
  }
  const text = assertThrows(() => compress("text" as never, "gzip"), TypeError);
  assertMatch(text.message, /received "text"\. Encode it with TextEncoder\.$/);
});

Deno.test("bytes of another realm are bytes", () => {
  const foreign: Uint8Array = runInNewContext("new Uint8Array([1, 2, 3])");
  assert(!(foreign instanceof Uint8Array));
  const packed = compress(foreign, "gzip");
  assertEquals(decompress(packed, "gzip"), new Uint8Array([1, 2, 3]));
  assertEquals(new Doc(foreign, foreign).content.length, 3);
});

Deno.test("a pool, a lease or a leased compressor cannot be posted to another thread", () => {
  const pool = new MemoryPool();
  using lease = pool.lease(100);
  using compressor = leaseCompressor("gzip", { pool });
  using decompressor = leaseDecompressor("gzip", { pool });
  for (const object of [pool, lease, compressor, decompressor]) {
    const error = assertThrows(() => structuredClone(object), DOMException);
    assertEquals(error.name, "DataCloneError");
    assertNotEquals(error.message, "");
  }
  // Elsewhere the property does no harm.
  assertEquals(Object.keys(JSON.parse(JSON.stringify(pool))), ["enabled"]);
});

Deno.test({
  name:
    "a missing permission of Deno is an error that names the file and the flag, everywhere",
  // Node's permissions are not checked.
  ignore: Deno.build.standalone || !("permissions" in Deno),
  async fn() {
    using directory = new TemporaryDirectory();
    const target = directory.file("target.bin");
    const args = [fixture("gzip.bin"), fixture("."), fixture("none.bin.xz")];
    const url = new URL("./programs/permissions.ts", import.meta.url);
    const run = async (...flags: string[]) =>
      JSON.parse(
        await runProgram(url, [...args, target], {
          flags: ["--no-prompt", ...flags],
        }),
      ) as Record<string, Record<string, unknown>>;
    const everything = await run();
    const writing = await run("--allow-read");
    assertEquals(Object.keys(everything).length, 16);
    assert(Object.keys(writing).length >= 8);
    for (
      const [flag, errors] of [
        ["--allow-read", everything],
        ["--allow-write", writing],
      ] as const
    ) {
      for (const [call, error] of Object.entries(errors)) {
        assertEquals([error.isFileError, error.name, error.cause], [
          true,
          "PermissionError",
          "NotCapable",
        ], call);
        const needsDirectory = error.flag === "--allow-env";
        assert(
          error.flag === flag || needsDirectory,
          `${call}: ${error.message}`,
        );
        assertStringIncludes(error.message as string, error.file as string);
        assertStringIncludes(
          error.message as string,
          `Run it with ${error.flag}`,
        );
      }
    }
  },
});

Deno.test("a missing or wrong source or target of a job is a TypeError that names it", async () => {
  const path = fixture("gzip.bin");
  for (const value of [undefined, null, 5, "", {}, new Date()]) {
    const wrong = value as string;
    const jobs: [string, () => Promise<unknown>][] = [
      ["source", () => binfiles.repack({ source: wrong, target: "x" })],
      ["target", () => binfiles.repack({ source: path, target: wrong })],
      ["source", () => binfiles.scan({ source: wrong })],
      ["source", () => binfiles.unpack({ source: wrong, target: "x" })],
      ["target", () => binfiles.unpack({ source: path, target: wrong })],
      ["source", () => binfiles.packageFiles({ source: wrong, target: "x" })],
      [
        "target",
        () => binfiles.packageFiles({ source: "pool", target: wrong }),
      ],
      ["sources", () => binfiles.merge({ sources: [wrong], target: "x" })],
      ["sources", () => binfiles.merge({ sources: value as [], target: "x" })],
      ["target", () => binfiles.merge({ sources: [path], target: wrong })],
      [
        "source",
        () => binfiles.repackDirectory({ source: wrong, target: "x" }),
      ],
    ];
    for (const [name, job] of jobs) {
      const error = await assertRejects(job, TypeError, `Cannot use ${name}:`);
      assertEquals(
        (error as Error & { code: string }).code,
        "BINFILES_ARGUMENT_INVALID",
      );
    }
  }
});
