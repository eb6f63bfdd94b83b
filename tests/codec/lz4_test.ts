import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/fast_check.ts";
import { createLz4jsEngine } from "../../codec/lz4/lz4js.ts";
import { Xxh32, xxh32 } from "../../codec/checksum/xxh32.ts";
import type { Engine, StreamCoder } from "../../codec/engine.ts";
import {
  CodecError,
  CorruptDataError,
  OutputLimitError,
} from "../../codec/errors.ts";
import { lz4Engine } from "../../codec/lz4/engine.ts";
import { isMissing } from "../support/is_missing.ts";

const lz4jsEngine = createLz4jsEngine((await import("lz4js")).default);
const engines: readonly Engine[] = [lz4Engine, lz4jsEngine];

const fixtures = new URL("../fixtures/", import.meta.url);

// Compressors and decompressors are kept over all tests, as in a pool.
const compressors = engines.map((engine) => engine.createCompressor!(1));
const highCompressors = [3, 6, 9].map((level) =>
  lz4Engine.createCompressor!(level)
);
const decompressors = engines.map((engine) => engine.createDecompressor!());
const everyCompressor = [...compressors, ...highCompressors];

function compress(data: Uint8Array, compressor = compressors[0]): Uint8Array {
  const out = new Uint8Array(data.length + (data.length >> 8) + 64);
  const size = compressor.compress(data, out, 0);
  assert(size !== undefined && size > 0);
  return out.subarray(0, size);
}

function decompress(
  data: Uint8Array,
  size: number,
  decompressor = decompressors[0],
): Uint8Array {
  const out = new Uint8Array(size);
  const written = decompressor.decompress(data, out, 0);
  assert(written !== undefined, "the output does not fit");
  return out.subarray(0, written);
}

/** Asserts equality; much faster than comparing element by element when it holds. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (actual.length === expected.length) {
    let i = 0;
    while (i < actual.length && actual[i] === expected[i]) i++;
    if (i === actual.length) return;
    throw new Error(`bytes differ from index ${i} on`);
  }
  assertEquals(actual.length, expected.length);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function stream(
  coder: StreamCoder,
  data: Uint8Array,
  chunkSizes: readonly number[],
): Uint8Array {
  const parts: Uint8Array[] = [];
  const emit = (bytes: Uint8Array) => {
    assert(bytes.length <= (4 << 20) + 64, "a piece is too large");
    parts.push(bytes.slice());
  };
  for (let at = 0, i = 0; at < data.length; i++) {
    const size = chunkSizes[i % chunkSizes.length];
    coder.push(data.subarray(at, at + size), false, emit);
    at += size;
  }
  coder.push(new Uint8Array(0), true, emit);
  return concat(...parts);
}

function randomBytes(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state >>> 11;
  }
  return out;
}

function text(length: number, seed = 1): Uint8Array {
  const words =
    "the of a document archive key value <p> </p> http://example.org/ \n 文档 0123456789 compress"
      .split(" ");
  const picks = randomBytes(length, seed);
  let out = "";
  for (let i = 0; out.length < length; i++) {
    out += words[picks[i] % words.length] + " ";
  }
  return new TextEncoder().encode(out).subarray(0, length);
}

function periodic(length: number, period: number): Uint8Array {
  const unit = randomBytes(period, period);
  return Uint8Array.from({ length }, (_, i) => unit[i % period]);
}

/** Documents of every kind and length up to 300,000 bytes. */
const anyDocument = fc.record({
  kind: fc.constantFrom("random", "text", "run", "periodic", "mixed"),
  length: fc.oneof(
    { arbitrary: fc.nat(100), weight: 3 },
    { arbitrary: fc.nat(5000), weight: 4 },
    { arbitrary: fc.nat(300_000), weight: 1 },
    {
      arbitrary: fc.constantFrom(65535, 65536, 65537, 262144, 262145),
      weight: 1,
    },
  ),
  seed: fc.nat(1 << 30),
}).map(({ kind, length, seed }) => {
  switch (kind) {
    case "random":
      return randomBytes(length, seed);
    case "text":
      return text(length, seed);
    case "run":
      return new Uint8Array(length).fill(seed);
    case "periodic":
      return periodic(length, 1 + seed % 70);
    default:
      return concat(
        text(length >> 1, seed),
        randomBytes(length >> 2, seed),
        new Uint8Array(length >> 3),
      );
  }
});

Deno.test("lz4: every engine reads back what every engine and level wrote", () => {
  fc.assert(
    fc.property(anyDocument, (document) => {
      for (const compressor of everyCompressor) {
        const compressed = compress(document, compressor);
        for (const decompressor of decompressors) {
          assertSameBytes(
            decompress(compressed, document.length, decompressor),
            document,
          );
        }
      }
    }),
    { numRuns: 80 },
  );
});

Deno.test("lz4: a document of 5 MB round-trips, in blocks of 4 MiB", () => {
  const document = concat(
    text(3_000_000),
    randomBytes(1_000_000),
    new Uint8Array(1_000_000),
  );
  for (const compressor of [...compressors, highCompressors[0]]) {
    const compressed = compress(document, compressor);
    for (const decompressor of decompressors) {
      assertSameBytes(
        decompress(compressed, document.length, decompressor),
        document,
      );
    }
  }
  for (const engine of engines) {
    const once = engine.compressOnce!(document, 1);
    assertSameBytes(engine.decompressOnce!(once, 1 << 30), document);
  }
});

Deno.test("lz4: output does not depend on earlier documents", () => {
  const document = text(20_000);
  for (const engine of engines) {
    for (const level of [1, 9]) {
      const used = engine.createCompressor!(level);
      for (let i = 0; i < 50; i++) {
        compress(text(1 + i * 700, i % 3), used);
        compress(document.subarray(i, 9000), used);
      }
      assertSameBytes(
        compress(document, used),
        compress(document, engine.createCompressor!(level)),
      );
    }
  }
});

Deno.test("lz4: a frame has version 01, independent blocks, a content checksum and the smallest block maximum", () => {
  const cases = [[0, 4], [65536, 4], [65537, 5], [262145, 6], [1048577, 7]];
  for (const compressor of everyCompressor) {
    for (const [length, id] of cases) {
      const compressed = compress(new Uint8Array(length), compressor);
      assertEquals(
        compressed.subarray(0, 6),
        Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x64, id << 4),
      );
    }
  }
});

Deno.test("lz4: an empty document is an empty frame", () => {
  const frame = Uint8Array.from(
    "04224d1864 40a7 00000000 055d cc02".replaceAll(" ", "").match(/../g)!,
    (byte) => parseInt(byte, 16),
  );
  for (const compressor of everyCompressor) {
    assertEquals(compress(new Uint8Array(0), compressor), frame);
  }
  for (const decompressor of decompressors) {
    assertEquals(decompressor.decompress(frame, new Uint8Array(0), 0), 0);
  }
});

Deno.test("lz4: a document that does not shrink is stored with 19 bytes around it", () => {
  const document = randomBytes(9000);
  for (const compressor of everyCompressor) {
    assertEquals(compress(document, compressor).length, 9000 + 7 + 4 + 8);
  }
});

Deno.test("lz4: higher levels compress better", () => {
  const document = text(100_000);
  const sizes = [1, 3, 6, 9].map((level) =>
    compress(document, lz4Engine.createCompressor!(level)).length
  );
  assert(sizes[1] < sizes[0] && sizes[2] < sizes[1] && sizes[3] <= sizes[2]);
});

Deno.test("lz4: documents and outputs can be anywhere in shared memory, and nothing around them changes", () => {
  const document = text(5000);
  for (let shift = 0; shift < 8; shift++) {
    for (let i = 0; i < engines.length; i++) {
      const source = new Uint8Array(new SharedArrayBuffer(9000), shift, 5000);
      source.set(document);
      const slab = new Uint8Array(new SharedArrayBuffer(20000)).fill(0xaa);
      const dst = slab.subarray(100 + shift, 8000);
      const size = compressors[i].compress(source, dst, 33)!;
      const from = 133 + shift;
      assert(slab.subarray(0, from).every((byte) => byte === 0xaa));
      assert(slab.subarray(from + size).every((byte) => byte === 0xaa));
      const out = slab.subarray(9000 + shift, 15000);
      const compressed = slab.subarray(from, from + size);
      assertEquals(decompressors[i].decompress(compressed, out, 7), 5000);
      assertSameBytes(out.subarray(7, 5007), document);
      assert(slab.subarray(from + size, 9007 + shift).every((b) => b === 0xaa));
      assert(slab.subarray(14007 + shift).every((byte) => byte === 0xaa));
    }
  }
});

Deno.test("lz4: output that does not fit is reported for every smaller size, and never written beyond the end", () => {
  const documents = [text(700), randomBytes(300), new Uint8Array(3000)];
  for (const document of documents) {
    for (const compressor of everyCompressor) {
      const { length } = compress(document, compressor);
      for (let size = 0; size <= length; size++) {
        const slab = new Uint8Array(length + 100).fill(0xaa);
        const written = compressor.compress(
          document,
          slab.subarray(0, size),
          0,
        );
        assertEquals(written, size === length ? length : undefined);
        assert(slab.subarray(size).every((byte) => byte === 0xaa));
      }
    }
    const compressed = compress(document);
    for (const decompressor of decompressors) {
      for (let size = 0; size <= document.length; size++) {
        const slab = new Uint8Array(document.length + 100).fill(0xaa);
        const dst = slab.subarray(0, size);
        const written = decompressor.decompress(compressed, dst, 0);
        assertEquals(written, size === document.length ? size : undefined);
        assert(slab.subarray(size).every((byte) => byte === 0xaa));
      }
    }
  }
});

Deno.test("lz4: every proper prefix of a compressed document is rejected", () => {
  for (const document of [text(2000), randomBytes(200), new Uint8Array(9000)]) {
    const compressed = compress(document);
    for (let size = 0; size < compressed.length; size++) {
      const prefix = compressed.subarray(0, size);
      for (const engine of engines) {
        const decompressor = engine.createDecompressor!();
        assertThrows(
          () => decompress(prefix, document.length, decompressor),
          CorruptDataError,
        );
        assertThrows(
          () => engine.decompressOnce!(prefix, 1 << 20),
          CorruptDataError,
        );
        assertThrows(
          () => stream(engine.createDecoder!(), prefix, [97]),
          CorruptDataError,
        );
      }
    }
  }
});

Deno.test("lz4: a flipped bit is detected, or the document is right nevertheless", () => {
  const document = text(350);
  for (const compressor of [compressors[0], compressors[1]]) {
    const compressed = compress(document, compressor).slice();
    for (let bit = 0; bit < compressed.length * 8; bit++) {
      compressed[bit >> 3] ^= 1 << (bit & 7);
      for (const engine of engines) {
        const attempts = [
          () => decompress(compressed, 70_000, engine.createDecompressor!()),
          () => engine.decompressOnce!(compressed, 1 << 20),
          () =>
            stream(engine.createDecoder!(), compressed, [compressed.length]),
        ];
        for (const attempt of attempts) {
          let result: Uint8Array;
          try {
            result = attempt();
          } catch (error) {
            assert(error instanceof CorruptDataError, String(error));
            continue;
          }
          assertSameBytes(result, document);
        }
      }
      compressed[bit >> 3] ^= 1 << (bit & 7);
    }
  }
});

Deno.test("lz4: garbage always throws", () => {
  const start = compress(text(300)).slice();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(start.length),
      (garbage, kept) => {
        const data = concat(start.subarray(0, kept), garbage);
        for (const engine of engines) {
          const attempts = [
            () =>
              engine.createDecompressor!().decompress(
                data,
                new Uint8Array(999),
                0,
              ),
            () => engine.decompressOnce!(data, 1 << 20),
            () => stream(engine.createDecoder!(), data, [13]),
          ];
          for (const attempt of attempts) {
            try {
              attempt();
            } catch (error) {
              assert(error instanceof CodecError, String(error));
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** A frame around blocks that are given with their size words. */
function frame(
  flags: number,
  blocks: Uint8Array,
  { id = 4, extra = new Uint8Array(0), end = new Uint8Array(4) } = {},
): Uint8Array {
  const descriptor = concat(Uint8Array.of(flags, id << 4), extra);
  const view = new DataView(descriptor.buffer);
  const check = xxh32(view, 0, descriptor.length) >> 8;
  const magic = Uint8Array.of(4, 0x22, 0x4d, 0x18);
  return concat(magic, descriptor, Uint8Array.of(check), blocks, end);
}

function assertCorrupt(data: Uint8Array, reason: string): void {
  for (const engine of engines) {
    const decompressor = engine.createDecompressor!();
    assertThrows(
      () => decompressor.decompress(data, new Uint8Array(1 << 17), 0),
      CorruptDataError,
      reason,
    );
    for (const size of [1, data.length + 1]) {
      assertThrows(
        () => stream(engine.createDecoder!(), data, [size]),
        CorruptDataError,
        reason,
      );
    }
  }
}

Deno.test("lz4: error messages name the fault", () => {
  const good = compress(text(100));
  assertCorrupt(new Uint8Array(0), "it is empty");
  assertCorrupt(text(50), "does not begin with an LZ4 frame");
  assertCorrupt(
    good.subarray(0, 5),
    "unexpected end of data in a frame header",
  );
  assertCorrupt(good.subarray(0, 50), "unexpected end of data in a block");
  assertCorrupt(
    good.subarray(0, good.length - 1),
    "unexpected end of data in the content checksum",
  );
  assertCorrupt(
    concat(good, text(9)),
    "followed by bytes that are not an LZ4 frame",
  );
  assertCorrupt(
    concat(good, text(2)),
    "followed by bytes that are not an LZ4 frame",
  );
  assertCorrupt(
    Uint8Array.of(2, 0x21, 0x4c, 0x18, 0, 0, 0),
    "legacy frame format",
  );

  const block = (...bytes: number[]) =>
    Uint8Array.of(bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes);
  const literals = [0x50, 1, 2, 3, 4, 5];
  assertCorrupt(frame(0x60, block(0x10, 7, 0, 0, ...literals)), "offset 0");
  assertCorrupt(
    frame(0x60, block(0x10, 7, 2, 0, ...literals)),
    "a match begins before the first byte",
  );
  assertCorrupt(
    frame(0x60, concat(block(0x10, 7), block(0x00, 1, 0, ...literals))),
    "a match begins before the first byte",
  );
  assertCorrupt(frame(0x60, block(0x10, 7, 1)), "ends within a sequence");
  assertCorrupt(frame(0x60, block(0x10, 7, 1, 0)), "ends within a sequence");
  assertCorrupt(frame(0x60, block(0x50, 7, 1, 0)), "ends within a sequence");
  assertCorrupt(frame(0x60, block(0xf0, 255, 255)), "ends within a sequence");
  assertCorrupt(
    frame(
      0x60,
      block(0x1f, 7, 1, 0, ...new Array(258).fill(255), 0, ...literals),
    ),
    "more content than the 65536 bytes",
  );
  assertCorrupt(
    frame(0x60, Uint8Array.of(1, 0, 1, 0, 0)),
    "a block of 65537 bytes",
  );
  assertCorrupt(frame(0x20, new Uint8Array(0)), "frame version 0");
  assertCorrupt(frame(0x62, new Uint8Array(0)), "reserved bits");
  assertCorrupt(frame(0x60, new Uint8Array(0), { id: 3 }), "block maximum 3");
  assertCorrupt(
    frame(0x61, new Uint8Array(0), { extra: Uint8Array.of(9, 0, 0, 0) }),
    "it needs dictionary 9",
  );
  assertCorrupt(
    frame(0x68, block(0x10, 7), {
      extra: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0),
    }),
    "corrupt size field: 1 bytes of content instead of 2",
  );
  assertCorrupt(
    frame(0x70, concat(block(0x10, 7), new Uint8Array(4))),
    "a block does not match its checksum",
  );
  assertCorrupt(
    frame(0x64, block(0x10, 7), { end: new Uint8Array(8) }),
    "the content does not match its checksum",
  );
  const header = good.slice();
  header[6] ^= 1;
  assertCorrupt(header, "the frame header does not match its checksum");
});

Deno.test("lz4: concatenated frames, skippable frames and blocks without content are read", () => {
  const [a, b] = [text(3000, 1), text(70_000, 2)];
  const skippable = concat(
    Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 5, 0, 0, 0),
    text(5),
  );
  const nothing = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0);
  const hollow = frame(0x60, Uint8Array.of(0, 0, 0, 0x80, 1, 0, 0, 0, 0));
  const data = concat(
    skippable,
    compress(a),
    nothing,
    hollow,
    compress(b),
    nothing,
  );
  const expected = concat(a, b);
  for (const engine of engines) {
    const decompressor = engine.createDecompressor!();
    assertSameBytes(decompress(data, 73_000, decompressor), expected);
    assertSameBytes(engine.decompressOnce!(data, 73_000), expected);
    for (const sizes of [[1], [7, 1, 1000], [data.length]]) {
      assertSameBytes(stream(engine.createDecoder!(), data, sizes), expected);
    }
  }
});

Deno.test("lz4: a stream is the same in chunks of any size, and every engine reads it", () => {
  const data = concat(text(1_200_000), randomBytes(100_000), new Uint8Array(9));
  for (const engine of engines) {
    const whole = stream(engine.createEncoder!(1), data, [data.length]);
    for (const sizes of [[9973], [1, 65536, 12, 300_000]]) {
      assertSameBytes(stream(engine.createEncoder!(1), data, sizes), whole);
    }
    for (const other of engines) {
      assertSameBytes(
        decompress(whole, data.length, other.createDecompressor!()),
        data,
      );
      for (const sizes of [[9973], [1, 65536, 12, 300_000]]) {
        assertSameBytes(stream(other.createDecoder!(), whole, sizes), data);
      }
    }
    const small = data.subarray(0, 2000);
    const bytewise = stream(engine.createEncoder!(1), small, [1]);
    assertSameBytes(bytewise, compress(small, engine.createCompressor!(1)));
    assertSameBytes(stream(engine.createDecoder!(), bytewise, [1]), small);
    const empty = stream(engine.createEncoder!(1), new Uint8Array(0), [1]);
    assertSameBytes(empty, compress(new Uint8Array(0)));
  }
});

Deno.test("lz4: a stream of large blocks that arrives byte by byte is read in linear time", () => {
  const data = randomBytes(400_000);
  const whole = stream(lz4Engine.createEncoder!(1), data, [data.length]);
  assertSameBytes(stream(lz4Engine.createDecoder!(), whole, [1]), data);
});

Deno.test("lz4: one-shot decompression rejects output above the limit before it allocates memory", () => {
  const document = new Uint8Array(100_000);
  for (const engine of engines) {
    const compressed = engine.compressOnce!(document, 1);
    assertThrows(
      () => engine.decompressOnce!(compressed, 99_999),
      OutputLimitError,
    );
    assertSameBytes(engine.decompressOnce!(compressed, 100_000), document);
    // 20,000 blocks of up to 4 MiB each would be 80 GB.
    const block = Uint8Array.of(2, 0, 0, 0, 0x10, 7);
    const many = concat(...new Array<Uint8Array>(20_000).fill(block));
    const data = frame(0x60, many, { id: 7 });
    assertEquals(engine.decompressOnce!(data, 20_000).length, 20_000);
  }
});

Deno.test("lz4: one-shot and pooled functions of every engine read each other", () => {
  fc.assert(
    fc.property(anyDocument, (document) => {
      for (const engine of engines) {
        const once = engine.compressOnce!(document, 1);
        for (const decompressor of decompressors) {
          assertSameBytes(
            decompress(once, document.length, decompressor),
            document,
          );
        }
        for (const other of engines) {
          assertSameBytes(other.decompressOnce!(once, 1 << 30), document);
        }
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("lz4: the files that the original Go program wrote are read", async () => {
  const manifest: { key: string; size: number; sha256: string }[] = JSON.parse(
    await Deno.readTextFile(new URL("manifest.json", fixtures)),
  );
  const file = await Deno.readFile(new URL("lz4.bin", fixtures));
  const view = new DataView(file.buffer);
  let at = 0;
  for (const { key, size, sha256 } of manifest) {
    const keySize = view.getInt32(at, true);
    const keyBytes = file.subarray(at + 4, at + 4 + keySize);
    assertEquals(new TextDecoder().decode(keyBytes), key);
    at += 4 + keySize;
    const contentSize = view.getInt32(at, true);
    const content = file.subarray(at + 4, at + 4 + contentSize);
    at += 4 + contentSize;
    for (const engine of engines) {
      const results = [
        decompress(content, size, engine.createDecompressor!()),
        engine.decompressOnce!(content, size),
        stream(engine.createDecoder!(), content, [11]),
      ];
      for (const result of results) {
        assertEquals(result.length, size);
        const digest = await crypto.subtle.digest("SHA-256", result.slice());
        const hex = Array.from(
          new Uint8Array(digest),
          (byte) => byte.toString(16).padStart(2, "0"),
        ).join("");
        assertEquals(hex, sha256);
      }
    }
  }
  assertEquals(at, file.length);

  const plain = await Deno.readFile(new URL("none.bin", fixtures));
  const packed = await Deno.readFile(new URL("none.bin.lz4", fixtures));
  for (const engine of engines) {
    const decompressor = engine.createDecompressor!();
    assertSameBytes(decompress(packed, plain.length, decompressor), plain);
    for (const sizes of [[1], [4096], [packed.length]]) {
      assertSameBytes(stream(engine.createDecoder!(), packed, sizes), plain);
    }
  }
});

async function runLz4(
  args: readonly string[],
  input: Uint8Array,
): Promise<Uint8Array> {
  const child = new Deno.Command("lz4", {
    args: ["-q", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(new Uint8Array(input)).then(() => writer.close())
    // If lz4 rejects its input, its message says more than the broken pipe.
    .catch(() => {});
  const { success, stdout, stderr } = await child.output();
  await written;
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

Deno.test({
  name: "lz4: what lz4 writes with any of its options is read",
  ignore: isMissing("lz4"),
  async fn() {
    const input = concat(text(700_000), randomBytes(200_000), text(400_000));
    const file = await Deno.makeTempFile();
    await Deno.writeFile(file, input);
    try {
      for (
        const options of [
          "-B4",
          "-B5",
          "-B6",
          "-B7",
          "-B4 -BD",
          "-B5 -BD -BX",
          "-B4 -BX",
          "--content-size -B4 -BD",
          "--no-frame-crc",
          "-9 -B4 -BD",
          "-9 --content-size -BX",
        ]
      ) {
        const args = ["-c", ...options.split(" "), file];
        const data = await runLz4(args, new Uint8Array(0));
        for (const engine of engines) {
          const decompressor = engine.createDecompressor!();
          assertSameBytes(decompress(data, input.length, decompressor), input);
          assertSameBytes(
            stream(engine.createDecoder!(), data, [1, 70_001]),
            input,
          );
        }
        assertSameBytes(lz4jsEngine.decompressOnce!(data, 1 << 30), input);
      }
    } finally {
      await Deno.remove(file);
    }
  },
});

Deno.test({
  name: "lz4: what the engines write is read by lz4",
  ignore: isMissing("lz4"),
  async fn() {
    // lz4 is strictest with documents that fill their blocks exactly.
    const documents = [0, 1, 12, 13, 5000, 65536, 65537, 262144, 1048576]
      .map((length) => text(length, length + 7));
    documents.push(randomBytes(70_000), new Uint8Array(65536));
    for (let seed = 1; seed <= 12; seed++) documents.push(text(65536, seed));
    const frames: Uint8Array[] = [];
    const contents: Uint8Array[] = [];
    for (const document of documents) {
      for (const compressor of everyCompressor) {
        frames.push(compress(document, compressor));
        contents.push(document);
      }
      for (const engine of engines) {
        frames.push(engine.compressOnce!(document, 1));
        frames.push(stream(engine.createEncoder!(1), document, [999_999]));
        contents.push(document, document);
      }
    }
    const out = await runLz4(["-d", "-c"], concat(...frames));
    assertSameBytes(out, concat(...contents));
  },
});

Deno.test("lz4: the checksum is XXH32, in one piece or in many", () => {
  const known: [string, number][] = [
    ["", 0x02cc5d05],
    ["a", 0x550d7456],
    ["abc", 0x32d153ff],
    ["Nobody inspects the spammish repetition", 0xe2293b2f],
  ];
  for (const [message, expected] of known) {
    const bytes = new TextEncoder().encode(message);
    const view = new DataView(bytes.buffer);
    assertEquals(xxh32(view, 0, bytes.length) >>> 0, expected);
  }
  const view = new DataView(randomBytes(1000).buffer);
  const checksum = new Xxh32();
  for (let step = 1; step < 70; step++) {
    checksum.reset();
    for (let at = 0; at < 1000; at += step) {
      checksum.update(view, at, Math.min(at + step, 1000));
      const end = Math.min(at + step, 1000);
      assertEquals(checksum.digest(), xxh32(view, 0, end));
    }
  }
});
