import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import { Buffer } from "node:buffer";
import {
  type CodecName,
  codecNames,
  compress,
  compressionStream,
  CorruptDataError,
  createDecoder,
  createEncoder,
  decompress,
  decompressionStream,
  engineFor,
  findCodec,
  listEngines,
  preferEngine,
  UnknownCodecError,
} from "../../codec/mod.ts";
import { OptionError } from "../../pool/mod.ts";
import { anyDocument } from "../support/any_document.ts";
import {
  assertSameBytes,
  concat,
  randomBytes,
  text,
} from "../support/bytes.ts";
import { runCoder } from "../support/run_coder.ts";
import { runProgram } from "../support/run_program.ts";

const realCodecs = codecNames.filter((name) => name !== "none");

/** Largest piece that any coder emits, in bytes, except that of none, which passes chunks on. */
const MAX_PIECE = 8 * 1024 * 1024;

/** A stream of `data` in chunks whose sizes cycle through `chunkSizes`. */
function streamOf(
  data: Uint8Array,
  chunkSizes: readonly number[],
): ReadableStream<Uint8Array> {
  return ReadableStream.from((function* () {
    for (let at = 0, i = 0; at < data.length; i++) {
      const end = at + chunkSizes[i % chunkSizes.length];
      yield data.slice(at, end);
      at = end;
    }
  })());
}

/** The whole output of a stream. */
async function collect(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return concat(...await Array.fromAsync(stream));
}

const chunkSizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 1, max: 100_000 }),
  ),
  { minLength: 1, maxLength: 5 },
);

for (const name of codecNames) {
  Deno.test(`${name} round-trips any stream in chunks of any size`, async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDocument(100_000),
        chunkSizes,
        chunkSizes,
        async (document, sizes, packedSizes) => {
          const packed = await collect(
            streamOf(document, sizes).pipeThrough(compressionStream(name)),
          );
          assertSameBytes(decompress(packed, name), document);
          const unpacked = await collect(
            streamOf(packed, packedSizes)
              .pipeThrough(decompressionStream(name)),
          );
          assertSameBytes(unpacked, document);
        },
      ),
      { numRuns: 25 },
    );
  });

  Deno.test(`${name} round-trips a stream in chunks of one byte`, async () => {
    const document = concat(text(2000), randomBytes(300));
    const packed = await collect(
      streamOf(document, [1]).pipeThrough(compressionStream(name)),
    );
    const unpacked = streamOf(packed, [1])
      .pipeThrough(decompressionStream(name));
    assertSameBytes(await collect(unpacked), document);
  });

  Deno.test(`${name} round-trips an empty stream`, async () => {
    for (const chunks of [[], [new Uint8Array(0), new Uint8Array(0)]]) {
      const packed = await collect(
        ReadableStream.from(chunks).pipeThrough(compressionStream(name)),
      );
      assertEquals(packed.length > 0, name !== "none");
      assertEquals(decompress(packed, name), new Uint8Array(0));
      const unpacked = ReadableStream.from([packed, new Uint8Array(0)])
        .pipeThrough(decompressionStream(name));
      assertEquals(await collect(unpacked), new Uint8Array(0));
    }
  });

  Deno.test(`${name} streams of every level round-trip`, () => {
    const { min, max, default: usual } = findCodec(name).level;
    const document = text(150_000);
    // zstd takes a gigabyte for its highest levels when it does not know the size.
    for (const level of new Set([min, usual, Math.min(max, 12)])) {
      const packed = runCoder(createEncoder(name, level), document, [60_001]);
      assertSameBytes(decompress(packed, name), document);
      assertSameBytes(runCoder(createDecoder(name), packed, [701]), document);
    }
  });

  Deno.test(`${name} streams copy chunks that are Node buffers or views of shared memory`, async () => {
    const document = text(5000);
    const shared = new Uint8Array(new SharedArrayBuffer(5003), 3);
    const buffer = Buffer.alloc(5000);
    for (const chunk of [shared, buffer]) {
      chunk.set(document);
      const packing = compressionStream(name);
      const unpacking = decompressionStream(name);
      const unpacked = collect(
        packing.readable.pipeThrough(unpacking),
      );
      const writer = packing.writable.getWriter();
      await writer.write(chunk);
      await writer.write(new Uint8Array(0));
      await new Promise((resolve) => setTimeout(resolve, 0));
      chunk.fill(0);
      await writer.close();
      assertSameBytes(await unpacked, document);
    }
  });
}

for (const name of realCodecs) {
  const { concatenable } = findCodec(name);

  Deno.test(
    concatenable
      ? `${name} streams written one after the other read as one`
      : `${name} streams written one after the other are corrupt`,
    async () => {
      const documents = [
        text(1000),
        new Uint8Array(0),
        randomBytes(70_000),
        text(1000),
        new Uint8Array(0),
      ];
      const packed = concat(
        ...documents.map((document) => compress(document, name)),
      );
      for (const size of [1, 3, 1000, 1_000_000]) {
        const unpacked = collect(
          streamOf(packed, [size]).pipeThrough(decompressionStream(name)),
        );
        if (concatenable) {
          assertSameBytes(await unpacked, concat(...documents));
        } else await assertRejects(() => unpacked, CorruptDataError);
      }
    },
  );

  Deno.test(`a ${name} stream that is truncated anywhere fails`, async () => {
    const packed = compress(text(300), name);
    for (let end = 0; end < packed.length; end++) {
      for (const size of [1, 1000]) {
        assertThrows(
          () => runCoder(createDecoder(name), packed.subarray(0, end), [size]),
          CorruptDataError,
          undefined,
          `cut at ${end} of ${packed.length}, chunks of ${size}`,
        );
      }
    }
    await assertRejects(
      () =>
        collect(
          streamOf(packed.subarray(0, -1), [50])
            .pipeThrough(decompressionStream(name)),
        ),
      CorruptDataError,
    );
  });

  Deno.test(`a ${name} stream that is truncated late still yields what comes before`, async () => {
    // More than a block of any codec: those of lz4 have 4 MiB.
    const half = name === "lz4" ? 3_000_000 : 1_000_000;
    const document = concat(randomBytes(half), text(half));
    const packed = compress(document, name);
    const reader = streamOf(packed.subarray(0, -10), [5000])
      .pipeThrough(decompressionStream(name)).getReader();
    let size = 0;
    await assertRejects(async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        assertSameBytes(value, document.subarray(size, size + value.length));
        size += value.length;
      }
    }, CorruptDataError);
    assertGreater(size, half);
  });

  Deno.test(`a ${name} stream that is followed by other bytes fails`, async () => {
    const packed = compress(text(300), name);
    for (
      const garbage of [
        text(1),
        text(30),
        packed.subarray(0, -1),
        packed.subarray(-8),
        // An xz file may be padded with zeros.
        ...name === "xz" ? [] : [new Uint8Array(1), new Uint8Array(40)],
      ]
    ) {
      for (const size of [1, packed.length, 1000]) {
        assertThrows(
          () => runCoder(createDecoder(name), concat(packed, garbage), [size]),
          CorruptDataError,
          undefined,
          `${garbage.length} bytes, chunks of ${size}`,
        );
      }
    }
    await assertRejects(
      () =>
        collect(
          streamOf(concat(packed, text(5)), [50])
            .pipeThrough(decompressionStream(name)),
        ),
      CorruptDataError,
    );
  });

  Deno.test(`a corrupt ${name} stream fails, or, with a checksum, yields the original`, () => {
    const document = concat(text(2000), randomBytes(100));
    const packed = compress(document, name);
    const hasChecksum = name !== "brotli";
    fc.assert(
      fc.property(
        fc.nat(packed.length - 1),
        fc.integer({ min: 1, max: 255 }),
        chunkSizes,
        (at, change, sizes) => {
          const damaged = packed.slice();
          damaged[at] ^= change;
          try {
            const result = runCoder(createDecoder(name), damaged, sizes);
            if (hasChecksum) assertSameBytes(result, document);
          } catch (error) {
            assertInstanceOf(error, CorruptDataError);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  Deno.test(`the coders of ${name} emit borrowed bytes, in pieces of bounded size`, () => {
    const document = concat(new Uint8Array(20_000_000), text(300_000));
    const packed: Uint8Array[] = [];
    const encoder = createEncoder(name);
    const keep = (bytes: Uint8Array) => {
      assertGreater(bytes.length, 0);
      assertLessOrEqual(bytes.length, MAX_PIECE);
      packed.push(new Uint8Array(bytes));
    };
    encoder.push(document, false, keep);
    encoder.push(new Uint8Array(0), true, keep);

    let size = 0;
    let largest = 0;
    const decoder = createDecoder(name);
    const check = (bytes: Uint8Array) => {
      assertGreater(bytes.length, 0);
      largest = Math.max(largest, bytes.length);
      assertSameBytes(bytes, document.subarray(size, size + bytes.length));
      size += bytes.length;
    };
    decoder.push(concat(...packed), false, check);
    decoder.push(new Uint8Array(0), true, check);
    assertEquals(size, document.length);
    assertLessOrEqual(largest, MAX_PIECE);
  });
}

for (const name of codecNames) {
  Deno.test(`every engine of ${name} reads streams and documents that every engine of ${name} wrote`, () => {
    const document = concat(
      text(150_000),
      randomBytes(50_000),
      new Uint8Array(200_000),
    );
    const engines = listEngines().filter(({ codec }) => codec === name);
    for (const writer of engines.filter(({ compresses }) => compresses)) {
      preferEngine(writer.engine, name);
      const wholes = [document, new Uint8Array(0)].map((bytes) => ({
        bytes,
        packed: compress(bytes, name),
      }));
      const streams = [document, new Uint8Array(0)].map((bytes) => ({
        bytes,
        packed: runCoder(createEncoder(name), bytes, [33, 7000, 100_000]),
      }));
      for (const reader of engines.filter(({ decompresses }) => decompresses)) {
        preferEngine(reader.engine, name);
        for (const { bytes, packed } of [...wholes, ...streams]) {
          assertSameBytes(decompress(packed, name), bytes);
          for (const sizes of [[1, 2000], [100_000]]) {
            assertSameBytes(
              runCoder(createDecoder(name), packed, sizes),
              bytes,
            );
          }
        }
      }
    }
    preferEngine(undefined, name);
  });
}

for (const name of realCodecs) {
  Deno.test(`an error of the receiver of a ${name} stream passes unchanged, with any engine`, () => {
    const packed = compress(text(100_000), name);
    const full = new Error("the disk is full");
    const emit = () => {
      throw full;
    };
    for (const { engine, codec } of listEngines()) {
      if (codec !== name) continue;
      preferEngine(engine, name);
      const error = assertThrows(() => {
        const decoder = createDecoder(name);
        decoder.push(packed, false, emit);
        decoder.push(new Uint8Array(0), true, emit);
      });
      assertEquals(error, full, engine);
    }
    preferEngine(undefined, name);
  });
}

Deno.test("streams use the next engine if the preferred one handles whole documents only", async () => {
  preferEngine("node:zlib one-shot", "gzip");
  assertEquals(engineFor("gzip", "compress").name, "node:zlib one-shot");
  assertEquals(
    engineFor("gzip", "compress", { use: "streams" }).name,
    "node:zlib",
  );
  const unpacked = new Blob([text(1000)]).stream()
    .pipeThrough(compressionStream("gzip"))
    .pipeThrough(decompressionStream("gzip"));
  assertSameBytes(await collect(unpacked), text(1000));
  preferEngine(undefined, "gzip");
});

Deno.test("a stream with an unknown codec or an invalid level is rejected at once", () => {
  const unknown = "snappy" as CodecName;
  assertThrows(() => compressionStream(unknown), UnknownCodecError);
  assertThrows(() => decompressionStream(unknown), UnknownCodecError);
  assertThrows(() => compressionStream("gzip", 10), OptionError);
  assertThrows(() => createDecoder(8), UnknownCodecError);
});

Deno.test("an error in the source of a stream reaches its reader", async () => {
  for (const name of codecNames) {
    const source = ReadableStream.from((async function* () {
      yield compress(text(1000), name);
      throw new Error("the network is down");
    })());
    await assertRejects(
      () => collect(source.pipeThrough(decompressionStream(name))),
      Error,
      "the network is down",
    );
  }
});

Deno.test("a reader that stops early stops the source", async () => {
  for (const name of codecNames) {
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(randomBytes(100_000)),
      cancel: () => void (cancelled = true),
    });
    const reader = source.pipeThrough(compressionStream(name)).getReader();
    await reader.read();
    await reader.cancel();
    // Chunks in the pipe may take a few turns.
    for (let i = 0; i < 100 && !cancelled; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert(cancelled, name);
  }
});

Deno.test("a stream reads no more input than its reader needs", async () => {
  for (const name of codecNames) {
    // It takes seconds to gather its first block, of several megabytes.
    if (name === "xz") continue;
    let chunks = 0;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks++;
        controller.enqueue(randomBytes(10_000, chunks));
      },
    }, { highWaterMark: 0 });
    const reader = source.pipeThrough(compressionStream(name)).getReader();
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    // Until there is a first piece, which may take a block; then nothing more.
    const before = chunks;
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assertEquals(chunks, before, name);
    await reader.cancel();
  }
});

for (
  const [name, megabytes] of [
    ["none", 500],
    ["gzip", 500],
    ["bzip2", 300],
    ["brotli", 300],
    ["lz4", 500],
    ["xz", 250],
    ["zstd", 500],
  ] as const
) {
  Deno.test(`${megabytes} MB of zeros pass through ${name} and back in bounded memory`, async () => {
    const printed = await runProgram(
      new URL("./programs/stream_zeros.ts", import.meta.url),
      [name, String(megabytes)],
    );
    const { size, growth } = JSON.parse(printed);
    assertEquals(size, megabytes * 1_000_000);
    // Most of it is garbage that is not collected yet.
    assertLess(growth, 200_000_000);
  });
}
