import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertNotEquals,
  assertNotStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import { Buffer } from "node:buffer";
import {
  CodecError,
  type CodecName,
  codecNames,
  codecs,
  compress,
  compressOriginal,
  compressWithPool,
  CorruptDataError,
  createEncoder,
  decompress,
  decompressOriginal,
  decompressWithPool,
  detectCodec,
  detectMagic,
  engineFor,
  findCodec,
  leaseCompressor,
  leaseDecompressor,
  listEngines,
  maxCompressedSize,
  NoEngineError,
  OutputLimitError,
  preferEngine,
  UnknownCodecError,
} from "../../codec/mod.ts";
import {
  BinfilesError,
  MemoryPool,
  OptionError,
  PoolError,
} from "../../pool/mod.ts";
import { anyDocument } from "../support/any_document.ts";
import {
  assertSameBytes,
  concat,
  randomBytes,
  text,
} from "../support/bytes.ts";
import { runProgram } from "../support/run_program.ts";

/** Codecs that detect corrupt data. */
const realCodecs = codecNames.filter((name) => name !== "none");

/** Codecs with a checksum of the content. */
const checksummed: CodecName[] = realCodecs.filter((name) => name !== "brotli");

/** A pool whose settings do not depend on the environment. */
function makePool(): MemoryPool {
  return new MemoryPool({ enabled: true });
}

const bothWays = [
  { way: "pooled", pack: compress, unpack: decompress },
  { way: "original", pack: compressOriginal, unpack: decompressOriginal },
];

/** Prefers an engine until the end of the scope. */
function prefer(engine: string, codec: CodecName): Disposable {
  preferEngine(engine, codec);
  return { [Symbol.dispose]: () => preferEngine(undefined, codec) };
}

/** Names of the engines of a codec that work in one direction. */
function enginesWith(
  codec: CodecName,
  direction: "compress" | "decompress",
): string[] {
  return listEngines()
    .filter((info) =>
      info.codec === codec &&
      (direction === "compress" ? info.compresses : info.decompresses)
    )
    .map(({ engine }) => engine);
}

/** The URL of a program in `programs/`. */
function program(name: string): URL {
  return new URL(`./programs/${name}.ts`, import.meta.url);
}

// The registry

Deno.test("codecs have the original's names and numbers, and zstd is the eighth", () => {
  assertEquals(codecNames, [
    "gzip",
    "none",
    "zip",
    "bzip2",
    "brotli",
    "lz4",
    "xz",
    "zstd",
  ]);
  assertEquals(codecs.map(({ id }) => id), [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("a codec is found by its name, its number and its aliases", () => {
  for (const codec of codecs) {
    assertEquals(findCodec(codec.name), codec);
    assertEquals(findCodec(codec.id), codec);
  }
  for (
    const [alias, name] of [
      ["gz", "gzip"],
      ["bz2", "bzip2"],
      ["br", "brotli"],
      ["zst", "zstd"],
    ]
  ) assertEquals(findCodec(alias).name, name);
});

for (const unknown of ["", "GZIP", "snappy", "0", -1, 8, NaN]) {
  Deno.test(`"${unknown}" is not a codec`, () => {
    const error = assertThrows(
      () => findCodec(unknown),
      UnknownCodecError,
      `Cannot find a codec named "${unknown}": expected one of gzip, none`,
    );
    assertInstanceOf(error, CodecError);
    assertInstanceOf(error, BinfilesError);
    for (const { pack, unpack } of bothWays) {
      const codec = unknown as CodecName;
      assertThrows(() => pack(new Uint8Array(1), codec), UnknownCodecError);
      assertThrows(() => unpack(new Uint8Array(1), codec), UnknownCodecError);
    }
  });
}

for (const { name, level: { min, max, default: usual } } of codecs) {
  if (name === "none") continue;

  Deno.test(`${name} compresses at its lowest, default and highest level`, () => {
    const document = text(3000);
    for (const { pack, unpack } of bothWays) {
      for (const level of [min, usual, max]) {
        assertSameBytes(
          unpack(pack(document, name, { level }), name),
          document,
        );
      }
      assertEquals(
        pack(document, name, { level: usual }),
        pack(document, name),
      );
    }
  });

  Deno.test(`${name} rejects invalid levels`, () => {
    for (const { pack } of bothWays) {
      for (const level of [min - 1, max + 1, min + 0.5, NaN]) {
        assertThrows(
          () => pack(text(10), name, { level }),
          OptionError,
          `Cannot compress with ${name}: invalid level ${level} (expected ${min} to ${max})`,
        );
      }
    }
    assertThrows(() => createEncoder(name, max + 1), OptionError);
  });
}

// Round trips

for (const name of codecNames) {
  Deno.test(`${name} round-trips any document: pooled, original and mixed`, () => {
    const pool = makePool();
    fc.assert(
      fc.property(anyDocument(40_000), (document) => {
        for (const { pack } of bothWays) {
          const packed = pack(document, name, { pool });
          for (const { unpack } of bothWays) {
            assertSameBytes(unpack(packed, name, { pool }), document);
          }
        }
      }),
      { numRuns: 60 },
    );
    assertEquals(pool.statistics().total.inUse, 0);
    assertEquals(pool.statistics().total.discarded, 0);
  });

  Deno.test(`${name} round-trips a document of 5 MB`, () => {
    const part = text(500_000);
    const document = concat(...new Array<Uint8Array>(10).fill(part));
    for (const { pack, unpack } of bothWays) {
      assertSameBytes(unpack(pack(document, name), name), document);
    }
  });

  Deno.test(`${name} round-trips an empty document`, () => {
    for (const { pack, unpack } of bothWays) {
      const packed = pack(new Uint8Array(0), name);
      assertEquals(packed.length > 0, name !== "none");
      for (const { unpack: other } of bothWays) {
        assertEquals(other(packed, name), new Uint8Array(0));
      }
      assertEquals(unpack(packed, name, { maxSize: 0 }), new Uint8Array(0));
    }
  });

  Deno.test(`${name} reads views at odd offsets, shared memory and Node buffers`, () => {
    const document = text(3001);
    const place = <B extends ArrayBufferLike>(bytes: Uint8Array, memory: B) => {
      const view = new Uint8Array(memory, 7, bytes.length);
      view.set(bytes);
      return view;
    };
    const variants = [
      (bytes: Uint8Array) => place(bytes, new ArrayBuffer(bytes.length + 20)),
      (bytes: Uint8Array) =>
        place(bytes, new SharedArrayBuffer(bytes.length + 20)),
      (bytes: Uint8Array) => Buffer.from(bytes),
    ];
    for (const { pack, unpack } of bothWays) {
      const expected = pack(document, name);
      for (const variant of variants) {
        const packed = pack(variant(document), name);
        assertEquals(packed.constructor, Uint8Array);
        assertSameBytes(packed, expected);
        const unpacked = unpack(variant(packed), name);
        assertEquals(unpacked.constructor, Uint8Array);
        assertInstanceOf(unpacked.buffer, ArrayBuffer);
        assertSameBytes(unpacked, document);
      }
    }
  });

  Deno.test(`results of ${name} share memory with nothing`, () => {
    const pool = makePool();
    const document = text(2000);
    for (const { pack, unpack } of bothWays) {
      for (const wrap of [Uint8Array.from, Buffer.from]) {
        const input = wrap.call(Uint8Array, document) as Uint8Array;
        const packed = pack(input, name, { pool });
        const copy = packed.slice();
        input.fill(0);
        pack(text(3000, 2), name, { pool });
        assertSameBytes(packed, copy);

        const packedInput = wrap.call(Uint8Array, packed) as Uint8Array;
        const first = unpack(packedInput, name, { pool });
        const second = unpack(packedInput, name, { pool });
        assertNotStrictEquals(first.buffer, second.buffer);
        packedInput.fill(0);
        first.fill(1);
        unpack(copy, name, { pool }).fill(2);
        assertSameBytes(second, document);
      }
    }
  });

  Deno.test(`output of ${name} never exceeds maxCompressedSize`, () => {
    const { min, max, default: usual } = findCodec(name).level;
    for (const length of [0, 1, 50, 1000, 20_000, 300_000]) {
      const document = randomBytes(length, length);
      for (const level of new Set([min, usual, Math.min(max, 9)])) {
        using compressor = leaseCompressor(name, { level, pool: makePool() });
        const dst = new Uint8Array(maxCompressedSize(length));
        assertNotEquals(compressor.compress(document, dst, 0), undefined);
      }
    }
  });

  Deno.test(`${name} writes at the given offset only, and reports when there is no room`, () => {
    const document = concat(text(500), randomBytes(500));
    const packed = compress(document, name);
    using compressor = leaseCompressor(name, { pool: makePool() });
    using decompressor = leaseDecompressor(name, { pool: makePool() });
    for (
      const { work, result } of [
        {
          work: (dst: Uint8Array, at: number) =>
            compressor.compress(document, dst, at),
          result: packed,
        },
        {
          work: (dst: Uint8Array, at: number) =>
            decompressor.decompress(packed, dst, at),
          result: document,
        },
      ]
    ) {
      for (const room of [0, 1, 100, result.length - 1]) {
        assertEquals(work(new Uint8Array(room + 10), 10), undefined);
      }
      const dst = new Uint8Array(result.length + 1000).fill(0x55);
      assertEquals(work(dst, 10), result.length);
      assertSameBytes(dst.subarray(10, 10 + result.length), result);
      assert(dst.subarray(0, 10).every((byte) => byte === 0x55));
    }
  });
}

for (const name of codecNames) {
  Deno.test(`output of ${name} does not depend on earlier documents or on the room for it`, () => {
    const pool = makePool();
    for (const size of [0, 1000, 16_384, 16_385, 200_000]) {
      const document = text(size);
      const packed = compress(document, name, { pool });
      compress(text(5000, 9), name, { pool });
      assertSameBytes(compress(document, name, { pool }), packed);
      assertSameBytes(compress(document, name, { pool: makePool() }), packed);
      using compressor = leaseCompressor(name, { pool });
      for (const spare of [1, 100, 10_000]) {
        const dst = new Uint8Array(packed.length + spare);
        assertEquals(compressor.compress(document, dst, 0), packed.length);
        assertSameBytes(dst.subarray(0, packed.length), packed);
      }
    }
  });

  // Small documents get small contexts in zstd when pooled, and the runtime's
  // one-shot zstd cuts large documents into other blocks.
  const sizes = name === "zstd" ? [16_385, 60_000] : [0, 1, 1000, 200_000];
  Deno.test(
    `${name} writes the same bytes pooled and original${
      name === "zstd" ? ", from 16 to 60 KB" : ""
    }`,
    () => {
      for (const size of sizes) {
        const document = text(size);
        assertSameBytes(
          compressOriginal(document, name),
          compress(document, name),
        );
      }
    },
  );
}

Deno.test("zip is gzip under another name", () => {
  const document = text(1000);
  assertSameBytes(compress(document, "zip"), compress(document, "gzip"));
});

Deno.test("compressWithPool and decompressWithPool use the given pool", () => {
  const pool = makePool();
  const document = text(1000);
  const packed = compressWithPool(document, "lz4", pool);
  assertSameBytes(decompressWithPool(packed, "lz4", pool), document);
  const { compressors, decompressors, compressionBuffers } = pool.statistics();
  assertEquals(compressors.misses, 1);
  assertEquals(decompressors.misses, 1);
  assertEquals(compressionBuffers.misses + compressionBuffers.hits, 2);
});

Deno.test("a pool that is switched off is not used, and the originals run", () => {
  const pool = new MemoryPool({ enabled: false });
  for (const name of codecNames) {
    const document = text(1000);
    const packed = compress(document, name, { pool });
    assertSameBytes(packed, compressOriginal(document, name));
    assertSameBytes(decompress(packed, name, { pool }), document);
  }
  assertEquals(pool.statistics().total.misses, 0);
});

// Damage

for (const name of realCodecs) {
  for (const { way, unpack } of bothWays) {
    Deno.test(`${name} data that is truncated anywhere is corrupt (${way})`, () => {
      const pool = makePool();
      for (const document of [new Uint8Array(0), text(300), randomBytes(40)]) {
        const packed = compress(document, name);
        for (let end = 0; end < packed.length; end++) {
          const error = assertThrows(
            () => unpack(packed.subarray(0, end), name, { pool }),
            CorruptDataError,
            undefined,
            `cut at ${end} of ${packed.length}`,
          );
          assertStringIncludes(error.message, "Cannot decompress ");
        }
      }
    });

    Deno.test(`${name} data that is followed by other bytes is corrupt (${way})`, () => {
      const packed = compress(text(300), name);
      const garbage = fc.uint8Array({ minLength: 1, maxLength: 40 })
        // An xz file may be padded with zeros.
        .filter((bytes) => name !== "xz" || bytes[0] !== 0);
      fc.assert(
        fc.property(garbage, (bytes) => {
          assertThrows(
            () => unpack(concat(packed, bytes), name),
            CorruptDataError,
          );
        }),
        {
          examples: [
            [packed.slice(0, -1)],
            [packed.slice(0, 10)],
            [packed.slice(-8)],
            [text(40)],
            ...name === "xz" ? [] : [
              [new Uint8Array(1)] as [Uint8Array<ArrayBuffer>],
              [new Uint8Array(40)] as [Uint8Array<ArrayBuffer>],
            ],
          ],
        },
      );
    });

    Deno.test(`${name} rejects other data (${way})`, () => {
      for (const bytes of [text(300), new Uint8Array(100), text(1)]) {
        assertThrows(() => unpack(bytes, name), CorruptDataError);
      }
    });
  }

  Deno.test(`the pool works after any corruption of ${name} data, with nothing left in use`, () => {
    const pool = makePool();
    const document = concat(text(2000), randomBytes(100));
    const packed = compress(document, name, { pool });
    let failures = 0;
    fc.assert(
      fc.property(
        fc.nat(packed.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const damaged = packed.slice();
          damaged[at] ^= change;
          try {
            const result = decompress(damaged, name, {
              pool,
              maxSize: 100_000,
            });
            // A flip in an insignificant field, such as a time.
            if (checksummed.includes(name)) assertSameBytes(result, document);
          } catch (error) {
            assert(
              error instanceof CorruptDataError ||
                error instanceof OutputLimitError,
              String(error),
            );
            if (error instanceof CorruptDataError) failures++;
          }
          assertEquals(pool.statistics().total.inUse, 0);
          assertEquals(pool.outstanding(), []);
          assertSameBytes(decompress(packed, name, { pool }), document);
        },
      ),
      { numRuns: 200 },
    );
    assertGreater(failures, 0);
    // A single decompressor did all of it.
    const { discarded, idle, misses } = pool.statistics().decompressors;
    assertEquals({ discarded, idle, misses }, {
      discarded: 0,
      idle: 1,
      misses: 1,
    });
  });
}

/** Bytes that fail when their length is read, as an engine with a bug would. */
class FailingBytes extends Uint8Array {
  override get length(): number {
    throw new Error("a bug");
  }
}

Deno.test("a compressor that threw is not reused", () => {
  const pool = makePool();
  for (const name of codecNames) {
    const before = pool.statistics().compressors;
    assertThrows(() => {
      using compressor = leaseCompressor(name, { pool });
      compressor.compress(text(10), new FailingBytes(1000), 0);
    });
    const { discarded, inUse, idle, hits } = pool.statistics().compressors;
    assertEquals([discarded, inUse], [before.discarded + 1, 0]);
    // Zip reuses those of gzip; those that threw are gone.
    assertEquals(idle, before.idle - (hits - before.hits));
    const document = text(100);
    const packed = compress(document, name, { pool });
    assertSameBytes(decompress(packed, name, { pool }), document);
  }
});

Deno.test("a decompressor is reused after corrupt data, but not after any other failure", () => {
  const pool = makePool();
  const packed = compress(text(100), "gzip", { pool });
  const dst = new Uint8Array(1000);
  {
    using decompressor = leaseDecompressor("gzip", { pool });
    assertThrows(
      () => decompressor.decompress(packed.subarray(5), dst, 0),
      CorruptDataError,
    );
    assertEquals(decompressor.decompress(packed, dst, 0), 100);
  }
  const afterCorruptData = pool.statistics().decompressors;
  assertEquals([afterCorruptData.discarded, afterCorruptData.idle], [0, 1]);
  {
    using decompressor = leaseDecompressor("gzip", { pool });
    const failing = new FailingBytes(1000);
    assertThrows(
      () => decompressor.decompress(packed, failing, 0),
      Error,
      "a bug",
    );
    assertEquals(decompressor.decompress(packed, dst, 0), 100);
  }
  const { discarded, idle, inUse } = pool.statistics().decompressors;
  assertEquals([discarded, idle, inUse], [1, 0, 0]);
});

Deno.test("a lease of a compressor that has ended cannot be used, can be closed again, and its successor is safe", () => {
  const pool = makePool();
  const dst = new Uint8Array(1000);
  for (
    const lease of [
      () => leaseCompressor("gzip", { pool }),
      () => leaseDecompressor("gzip", { pool }),
    ]
  ) {
    const ended = lease();
    ended[Symbol.dispose]();
    using _successor = lease();
    assertThrows(
      () =>
        "compress" in ended
          ? ended.compress(dst, dst, 0)
          : ended.decompress(dst, dst, 0),
      PoolError,
      "it has ended",
    );
    ended.close();
    ended[Symbol.dispose]();
    assertEquals(pool.statistics().total.inUse, 1);
  }
  assertEquals(pool.statistics().total.inUse, 0);
});

Deno.test("compressors, decompressors and buffers are reused from document to document", () => {
  for (const name of codecNames) {
    const pool = makePool();
    for (let i = 0; i < 50; i++) {
      const document = text(1000 + i, i);
      const packed = compress(document, name, { pool });
      assertSameBytes(decompress(packed, name, { pool }), document);
    }
    const { compressors, decompressors, compressionBuffers } = pool
      .statistics();
    for (const part of [compressors, decompressors]) {
      assertEquals([part.misses, part.hits, part.idle], [1, 49, 1]);
    }
    assertEquals(compressionBuffers.misses + compressionBuffers.hits, 100);
    // 64 KiB at first, then as little as is needed.
    assertLessOrEqual(compressionBuffers.misses, 8);
  }
});

Deno.test("compressors of different levels are kept apart", () => {
  const pool = makePool();
  const document = text(20_000);
  const sizes = [1, 9, 1, 9].map((level) =>
    compress(document, "gzip", { level, pool }).length
  );
  assertGreater(sizes[0], sizes[1]);
  assertEquals(sizes.slice(2), sizes.slice(0, 2));
  assertEquals(pool.statistics().compressors.misses, 2);
});

for (const name of codecNames) {
  const concatenable = findCodec(name).concatenable;
  for (const { way, unpack } of bothWays) {
    Deno.test(
      concatenable
        ? `${name} data written one after the other reads as one document (${way})`
        : `${name} data written one after the other is corrupt (${way})`,
      () => {
        const documents = [
          text(1000),
          text(1000),
          new Uint8Array(0),
          randomBytes(70_000),
          new Uint8Array(0),
          text(1),
        ];
        const packed = concat(
          ...documents.map((document) => compress(document, name)),
        );
        if (concatenable) {
          assertSameBytes(unpack(packed, name), concat(...documents));
          const twice = compress(documents[0], name);
          assertEquals(unpack(concat(twice, twice), name).length, 2000);
        } else assertThrows(() => unpack(packed, name), CorruptDataError);
      },
    );
  }
}

// Limits

for (const name of codecNames) {
  for (const { way, unpack } of bothWays) {
    Deno.test(`output of ${name} may have exactly maxSize bytes, and not one more (${way})`, () => {
      for (const length of [1, 1000, 1024, 65_536, 100_001]) {
        const pool = makePool();
        const document = text(length);
        const packed = compress(document, name);
        assertSameBytes(
          unpack(packed, name, { maxSize: length, pool }),
          document,
        );
        for (const maxSize of [length - 1, length >> 1, 0]) {
          const error = assertThrows(
            () => unpack(packed, name, { maxSize, pool }),
            OutputLimitError,
            `exceeds the limit of ${maxSize} bytes`,
          );
          assertEquals(error.limit, maxSize);
        }
        assertEquals(pool.statistics().total.inUse, 0);
      }
    });

    Deno.test(`${name} accepts any limit above the size, even Infinity (${way})`, () => {
      const document = text(200_000);
      const packed = compress(document, name);
      for (const maxSize of [2 ** 32, Number.MAX_SAFE_INTEGER, Infinity]) {
        assertSameBytes(unpack(packed, name, { maxSize }), document);
      }
    });
  }
}

for (const name of realCodecs.filter((name) => name !== "zip")) {
  const megabytes = name === "xz" ? 100 : 200;

  Deno.test(`a bomb of ${megabytes} MB in ${name} stops at the limit without taking much more memory, with any engine`, async () => {
    const printed = await runProgram(
      program("bomb"),
      [name, String(megabytes)],
    );
    const answers: { what: string; outcome: string; growth: number }[] = JSON
      .parse(printed);
    assertEquals(
      answers.length,
      2 * enginesWith(name, "decompress").length,
    );
    for (const { what, outcome, growth } of answers) {
      assertEquals(outcome, "OutputLimitError", what);
      assertLess(growth, 40_000_000, what);
    }
  });
}

// Engines

Deno.test("all engines are listed, with what they can do and what they are in use for", () => {
  const engines = listEngines();
  const listed = engines.map(({ codec, engine }) => `${codec} ${engine}`);
  for (
    const expected of [
      "gzip node:zlib",
      "gzip node:zlib one-shot",
      "gzip fflate",
      "none binfiles",
      "zip fflate",
      "bzip2 binfiles",
      "brotli node:zlib",
      "brotli binfiles",
      "lz4 binfiles",
      "lz4 lz4js",
      "xz binfiles",
      "zstd node:zlib",
      "zstd node:zlib one-shot",
      "zstd fzstd",
    ]
  ) assert(listed.includes(expected), expected);
  for (const { codec, engine, compresses, decompresses } of engines) {
    const onlyReads = engine === "fzstd" ||
      codec === "brotli" && engine === "binfiles";
    assertEquals(compresses, !onlyReads, `${codec} ${engine}`);
    if (codec !== "brotli" || engine === "binfiles") {
      assertEquals(decompresses, true, `${codec} ${engine}`);
    }
  }
  for (const name of codecNames) {
    for (const direction of ["compress", "decompress"] as const) {
      const used = engines.filter(({ codec, inUse }) =>
        codec === name && inUse.includes(direction)
      );
      assertEquals(
        used.map(({ engine }) => engine),
        [engineFor(name, direction).name],
      );
    }
  }
});

for (const name of codecNames) {
  Deno.test(`every engine of ${name} reads what every engine of ${name} wrote`, () => {
    const documents = [
      new Uint8Array(0),
      text(1),
      text(5000),
      text(70_000),
      randomBytes(40_000),
      new Uint8Array(300_000),
    ];
    const writers = enginesWith(name, "compress");
    const readers = enginesWith(name, "decompress");
    for (const writer of writers) {
      preferEngine(writer, name);
      assertEquals(engineFor(name, "compress").name, writer);
      const { min, max, default: usual } = findCodec(name).level;
      const packed = [min, usual, Math.min(max, 9)].flatMap((level) =>
        documents.flatMap((document) => [
          { document, data: compress(document, name, { level }) },
          { document, data: compressOriginal(document, name, { level }) },
        ])
      );
      for (const reader of readers) {
        using _preference = prefer(reader, name);
        assertEquals(engineFor(name, "decompress").name, reader);
        for (const { document, data } of packed) {
          assertSameBytes(decompress(data, name), document);
          assertSameBytes(decompressOriginal(data, name), document);
        }
      }
    }
    preferEngine(undefined, name);
  });

  if (
    name === "none" ||
    listEngines().filter(({ codec }) => codec === name).length === 1
  ) {
    continue;
  }

  Deno.test(`every engine of ${name} rejects truncated data and trailing data, and reads several frames`, () => {
    const document = text(200);
    const packed = compress(document, name);
    for (const reader of enginesWith(name, "decompress")) {
      using _preference = prefer(reader, name);
      for (const { way, unpack } of bothWays) {
        for (let end = 0; end < packed.length; end++) {
          assertThrows(
            () => unpack(packed.subarray(0, end), name),
            CorruptDataError,
            undefined,
            `${reader}, ${way}, cut at ${end}`,
          );
        }
        for (
          const garbage of [
            new Uint8Array(1),
            new Uint8Array(20),
            text(30),
            packed.slice(0, -1),
            packed.slice(-8),
          ]
        ) {
          assertThrows(
            () => unpack(concat(packed, garbage), name),
            CorruptDataError,
            undefined,
            `${reader}, ${way}, followed by ${garbage.length} bytes`,
          );
        }
        if (findCodec(name).concatenable) {
          assertSameBytes(
            unpack(concat(packed, packed, packed), name),
            concat(document, document, document),
          );
        }
      }
    }
  });
}

/** A gzip member with every optional field in its header. */
function memberWithAllFields(document: Uint8Array): Uint8Array {
  const member = compress(document, "gzip");
  const encoder = new TextEncoder();
  const header = concat(
    // FTEXT, FHCRC, FEXTRA, FNAME, FCOMMENT
    new Uint8Array([0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 3]),
    new Uint8Array([4, 0]),
    new Uint8Array([65, 66, 0, 0]),
    encoder.encode("name\0"),
    encoder.encode("a comment\0"),
  );
  let crc = ~0;
  for (const byte of header) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
    }
  }
  crc = ~crc;
  return concat(
    header,
    new Uint8Array([crc, crc >>> 8]),
    member.subarray(10),
  );
}

for (const engine of ["node:zlib", "node:zlib one-shot", "fflate"]) {
  Deno.test(`${engine} reads gzip members with extra fields, names, comments and header checksums`, () => {
    using _preference = prefer(engine, "gzip");
    const document = text(3000);
    const member = memberWithAllFields(document);
    const plain = compress(document, "gzip");
    for (const { unpack } of bothWays) {
      assertSameBytes(unpack(member, "gzip"), document);
      assertSameBytes(
        unpack(concat(member, plain, member), "gzip"),
        concat(document, document, document),
      );
      for (let end = 0; end < 40; end++) {
        assertThrows(
          () => unpack(member.subarray(0, end), "gzip"),
          CorruptDataError,
        );
        assertThrows(
          () => unpack(concat(plain, member.subarray(0, end + 1)), "gzip"),
          CorruptDataError,
        );
      }
    }
  });
}

Deno.test("a gzip member with a wrong size or checksum is corrupt with any engine", () => {
  const packed = compress(text(3000), "gzip");
  for (const engine of enginesWith("gzip", "decompress")) {
    using _preference = prefer(engine, "gzip");
    for (let at = packed.length - 8; at < packed.length; at++) {
      const damaged = packed.slice();
      damaged[at] ^= 1;
      for (const { unpack } of bothWays) {
        assertThrows(() => unpack(damaged, "gzip"), CorruptDataError);
      }
    }
  }
});

Deno.test("every engine skips skippable zstd frames", () => {
  const document = text(3000);
  const skippable = new Uint8Array([
    0x53,
    0x2a,
    0x4d,
    0x18,
    3,
    0,
    0,
    0,
    1,
    2,
    3,
  ]);
  const packed = compress(document, "zstd");
  for (const engine of enginesWith("zstd", "decompress")) {
    using _preference = prefer(engine, "zstd");
    for (const { way, unpack } of bothWays) {
      for (
        const data of [
          concat(skippable, packed),
          concat(packed, skippable),
          concat(skippable, skippable, packed, skippable),
        ]
      ) {
        assertEquals(unpack(data, "zstd"), document, `${engine}, ${way}`);
      }
    }
  }
});

Deno.test("an engine can be preferred by name or kind, for one codec or all, and the preference removed", () => {
  preferEngine("portable");
  assertEquals(engineFor("gzip", "compress").name, "fflate");
  assertEquals(engineFor("lz4", "compress").name, "lz4js");
  assertEquals(engineFor("zstd", "decompress").name, "fzstd");
  // fzstd does not compress.
  assertEquals(engineFor("zstd", "compress").name, "node:zlib");
  preferEngine("binfiles", "lz4");
  assertEquals(engineFor("lz4", "compress").name, "binfiles");
  preferEngine(undefined);
  preferEngine(undefined, "lz4");
  assertEquals(engineFor("gzip", "compress").name, "node:zlib");
  assertEquals(engineFor("lz4", "compress").name, "binfiles");
  assertEquals(engineFor("zstd", "decompress").name, "node:zlib");
});

Deno.test("preferring an unknown engine is an error", () => {
  assertThrows(
    () => preferEngine("turbo"),
    NoEngineError,
    'Cannot prefer the engine "turbo" for any codec',
  );
  assertThrows(
    () => preferEngine("fflate", "xz"),
    NoEngineError,
    'Cannot prefer the engine "fflate" for xz',
  );
  assertThrows(
    () => preferEngine("fflate", "turbo" as CodecName),
    UnknownCodecError,
  );
  assertEquals(engineFor("gzip", "compress").name, "node:zlib");
});

for (
  const [setting, expected] of [
    ["portable", "fflate lz4js fzstd"],
    ["fflate", "fflate binfiles node:zlib"],
    ["lz4js", "node:zlib lz4js node:zlib"],
    ["", "node:zlib binfiles node:zlib"],
  ]
) {
  Deno.test(`with BINFILES_ENGINE=${setting} the engines of gzip, lz4 and zstd are ${expected}`, async () => {
    const printed = await runProgram(program("engines_in_use"), [], {
      env: { BINFILES_ENGINE: setting },
    });
    assertEquals(printed, expected);
  });
}

Deno.test("with BINFILES_POOL=off compress and decompress do not use the pool", async () => {
  const printed = await runProgram(program("pool_misses"), [], {
    env: { BINFILES_POOL: "off" },
  });
  assertEquals(printed, "0");
});

Deno.test("without node:zlib, all codecs decompress, and all but zstd and brotli compress", async () => {
  const document = text(2000);
  const zstd = Buffer.from(compress(document, "zstd")).toString("base64");
  const brotli = Buffer.from(compress(document, "brotli")).toString("base64");
  const printed = await runProgram(program("without_zlib"), [zstd, brotli]);
  const zstdError =
    "NoEngineError: Cannot compress zstd on this runtime: no engine supports it. " +
    "Use Deno 2.9, Node 22.15 or Bun, or another codec.";
  const brotliError =
    "NoEngineError: Cannot compress brotli on this runtime: no engine supports it. " +
    "Use Deno, Node or Bun for it, or another codec.";
  assertEquals(JSON.parse(printed), [
    2000,
    zstdError,
    zstdError,
    zstdError,
    brotliError,
    brotliError,
    brotliError,
    false,
  ]);
});

// Detection

Deno.test("every codec with a magic number is recognized by it", () => {
  for (const name of codecNames) {
    const expected = name === "zip"
      ? "gzip"
      : name === "none" || name === "brotli"
      ? undefined
      : name;
    for (const document of [new Uint8Array(0), text(1000)]) {
      assertEquals(detectMagic(compress(document, name)), expected);
    }
  }
  assertEquals(detectMagic(new Uint8Array(0)), undefined);
  assertEquals(detectMagic(new Uint8Array([0x1f, 0x8b])), undefined);
});

Deno.test("contents of a single codec are recognized", () => {
  for (const name of codecNames) {
    const samples = [text(1000), new Uint8Array(0), text(50, 2), text(7, 3)]
      .map((document) => compress(document, name));
    assertEquals(detectCodec(samples), name === "zip" ? "gzip" : name);
  }
});

Deno.test("contents of several codecs, or partly uncompressed, count as uncompressed", () => {
  const document = text(1000);
  for (const name of realCodecs) {
    const packed = compress(document, name);
    assertEquals(detectCodec([packed, document]), "none");
    assertEquals(
      detectCodec([packed, compress(document, name === "lz4" ? "xz" : "lz4")]),
      "none",
    );
  }
  assertEquals(detectCodec([]), "none");
  assertEquals(detectCodec([new Uint8Array(0)]), "none");
});

Deno.test("a magic number before other bytes is not proof", () => {
  for (const { name, magic } of codecs) {
    if (magic === undefined) continue;
    const garbage = concat(new Uint8Array(magic), text(100));
    assertEquals(detectMagic(garbage), name === "zip" ? "gzip" : name);
    assertEquals(detectCodec([garbage, garbage]), "none");
    // Together with one valid content it is.
    assertEquals(
      detectCodec([garbage, compress(text(100), name)]),
      name === "zip" ? "gzip" : name,
    );
  }
});

Deno.test("text is not recognized as brotli", () => {
  const characters = fc.string({ minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 6 }), (texts) => {
      const samples = texts.map((text) => new TextEncoder().encode(text));
      assertEquals(detectCodec(samples), "none");
    }),
    {
      numRuns: 3000,
      // Single characters that are empty brotli streams.
      examples: [[["5", "7", "3", ";", "9", "5", "5"]], [["5555555"]]],
    },
  );
});

for (const name of realCodecs) {
  Deno.test(`30,000 corrupt documents of ${name} in a loop that never yields take bounded memory`, async () => {
    const printed = await runProgram(
      new URL("./programs/corrupt_documents.ts", import.meta.url),
      [name, "30000"],
    );
    const { failures, growth } = JSON.parse(printed);
    assertEquals(failures, 30_000);
    // When each of them left a context behind, it was half a gigabyte.
    assertLess(growth, 250_000_000);
  });
}

Deno.test("a compressor whose output does not fit returns nothing that adds up", () => {
  using compressor = leaseCompressor("gzip", { pool: makePool() });
  const slab = new Uint8Array(100);
  const size = compressor.compress(randomBytes(500), slab, 0);
  assertEquals(size, undefined);
  // From plain JavaScript, where the sum is NaN.
  const end = 0 + (size as unknown as number);
  for (const offset of [end, -1, 0.5, "5"]) {
    const error = assertThrows(
      () => compressor.compress(text(10), slab, offset as number),
      OptionError,
    );
    assertEquals(error.option, "offset");
  }
  assertThrows(
    () => compressor.compress(text(10), slab, 0, 5, 11),
    OptionError,
  );
  assertThrows(() => compressor.compress(text(10), slab, 0, 5, 4), OptionError);
  assertNotEquals(compressor.compress(text(10), slab, 0), undefined);
});

Deno.test("the bound of compressed sizes holds for each document, not for their sum", () => {
  const one = compress(randomBytes(1), "bzip2");
  const many = 100;
  assertLess(maxCompressedSize(many), many * one.length);
  assertLessOrEqual(one.length, maxCompressedSize(1));
});
