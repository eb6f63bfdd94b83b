import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/fast_check.ts";
import "../../codec/all_engines.ts";
import { bzip2Engine } from "../../codec/bzip2/engine.ts";
import type { StreamCoder } from "../../codec/engine.ts";
import { CodecError, CorruptDataError } from "../../codec/errors.ts";
import { leaseCompressor } from "../../codec/lease.ts";
import { createEncoder } from "../../codec/stream_coders.ts";
import { OptionError } from "../../pool/errors.ts";
import { isMissing } from "../support/is_missing.ts";

const compressor = bzip2Engine.createCompressor!(6);
const decompressor = bzip2Engine.createDecompressor!();
const scratch = new Uint8Array(2_000_000);

/** Compresses with a compressor that is reused. */
function compress(data: Uint8Array, by = compressor): Uint8Array {
  const size = by.compress(data, scratch, 0);
  assert(size !== undefined);
  return scratch.slice(0, size);
}

function decompress(data: Uint8Array): Uint8Array {
  const size = decompressor.decompress(data, scratch, 0);
  assert(size !== undefined);
  return scratch.slice(0, size);
}

/** Like assertEquals, which is slow for large arrays. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  assert(
    actual.every((byte, i) => byte === expected[i]),
    "the content differs",
  );
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
}

/** Pushes `data` in chunks of `chunkSize` and collects the output. */
function stream(
  coder: StreamCoder,
  data: Uint8Array,
  chunkSize: number,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const emit = (bytes: Uint8Array) => {
    assert(bytes.length > 0 && bytes.length <= 1 << 16);
    parts.push(bytes.slice());
  };
  let at = 0;
  for (; at + chunkSize < data.length; at += chunkSize) {
    coder.push(data.subarray(at, at + chunkSize), false, emit);
  }
  coder.push(data.subarray(at), true, emit);
  return concat(...parts);
}

/** Repeatable pseudo-random bytes below `values`. */
function noise(size: number, values: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, () => {
    seed = Math.imul(seed, 1664525) + 1013904223 | 0;
    return (seed >>> 8) % values;
  });
}

function textLike(size: number, seed = 1): Uint8Array {
  const words = "the a of bzip2 sorts rotations block byte and is in to it\n"
    .split(" ");
  const picks = noise(size, words.length, seed);
  const text = Array.from(picks, (pick) => words[pick]).join(" ");
  return new TextEncoder().encode(text).slice(0, size);
}

function periodic(size: number, period: number): Uint8Array {
  const pattern = noise(period, 256, period);
  return Uint8Array.from({ length: size }, (_, i) => pattern[i % period]);
}

function fibonacciWord(size: number): Uint8Array {
  let [shorter, longer] = ["a", "ab"];
  while (longer.length < size) [shorter, longer] = [longer, longer + shorter];
  return new TextEncoder().encode(longer.slice(0, size));
}

const hello = new TextEncoder().encode("hello hello hello, bzip2\n");

/** Documents of all kinds and sizes. */
const documents = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 600, max: 3 }),
  fc.tuple(fc.nat(20_000), fc.nat()).map(([n, seed]) => textLike(n, seed)),
  fc.tuple(fc.nat(20_000), fc.integer({ min: 1, max: 256 }), fc.nat())
    .map(([n, values, seed]) => noise(n, values, seed)),
  fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 40 }))
    .map(([n, period]) => periodic(n, period)),
  fc.array(
    fc.tuple(fc.integer({ min: 1, max: 600 }), fc.nat(255)),
    { maxLength: 12 },
  ).map((runs) => concat(...runs.map(([n, b]) => new Uint8Array(n).fill(b)))),
);

async function runBzip2(option: string, input: Uint8Array) {
  const child = new Deno.Command("bzip2", {
    args: [option],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writing = child.stdin.getWriter();
  const written = writing.write(input).then(() => writing.close());
  const { success, stdout } = await child.output();
  await written;
  assert(success, `bzip2 ${option} failed`);
  return stdout;
}

Deno.test("bzip2 round-trips every document", () => {
  fc.assert(
    fc.property(documents, (data) => {
      assertSame(decompress(compress(data)), data);
    }),
    { numRuns: 300 },
  );
});

Deno.test("bzip2 round-trips large documents, which need several blocks at level 1", () => {
  const level1 = bzip2Engine.createCompressor!(1);
  for (
    const data of [
      textLike(300_000),
      noise(300_000, 256),
      noise(300_000, 2),
      periodic(300_000, 5),
      periodic(300_000, 70_001),
      fibonacciWord(300_000),
      new Uint8Array(300_000),
      concat(periodic(250_000, 2), Uint8Array.of(7)),
    ]
  ) {
    assertSame(decompress(compress(data, level1)), data);
  }
});

Deno.test("bzip2 round-trips documents that fill a block or almost do", () => {
  const level1 = bzip2Engine.createCompressor!(1);
  for (let size = 99_975; size <= 99_987; size++) {
    const data = noise(size, 200);
    assertSame(decompress(compress(data, level1)), data);
    // A run across the border between two blocks.
    data.fill(9, 99_970);
    assertSame(decompress(compress(data, level1)), data);
  }
});

Deno.test("bzip2 round-trips runs of every length", () => {
  for (let length = 0; length < 600; length++) {
    const run = new Uint8Array(length).fill(65);
    assertSame(decompress(compress(run)), run);
    const framed = concat(Uint8Array.of(64), run, Uint8Array.of(65, 66, 65));
    assertSame(decompress(compress(framed)), framed);
  }
});

Deno.test("bzip2 compresses the empty document to an empty stream, as bzip2 does", () => {
  const empty = hexBytes("425a683617724538509000000000");
  assertEquals(compress(new Uint8Array(0)), empty);
  assertEquals(decompress(empty).length, 0);
});

Deno.test("bzip2 output does not depend on earlier documents", () => {
  const data = textLike(5000);
  const expected = compress(data, bzip2Engine.createCompressor!(6));
  compress(noise(50_000, 256));
  assertEquals(
    compressor.compress(data, scratch.subarray(0, 20), 0),
    undefined,
  );
  assertEquals(compress(data), expected);
});

Deno.test("bzip2 writes at most 1% more than the reference does", () => {
  // Sizes of the output of `bzip2 -6` for the same bytes.
  const references = [[200, 126], [2000, 376], [9000, 1185], [50_000, 5775]];
  for (const [size, reference] of references) {
    assert(compress(textLike(size)).length <= reference * 1.01);
  }
});

Deno.test("bzip2 reads documents that the original program wrote", async () => {
  const bin = Deno.readFileSync(
    new URL("../fixtures/bzip2.bin", import.meta.url),
  );
  const manifest: { key: string; size: number; sha256: string }[] = JSON.parse(
    Deno.readTextFileSync(
      new URL("../fixtures/manifest.json", import.meta.url),
    ),
  );
  const view = new DataView(bin.buffer);
  let at = 0;
  for (const { key, size, sha256 } of manifest) {
    const keySize = view.getInt32(at, true);
    const keyEnd = at + 4 + keySize;
    assertEquals(new TextDecoder().decode(bin.subarray(at + 4, keyEnd)), key);
    const contentEnd = keyEnd + 4 + view.getInt32(keyEnd, true);
    const content = decompress(bin.subarray(keyEnd + 4, contentEnd));
    assertEquals(content.length, size);
    const hash = await crypto.subtle.digest("SHA-256", content.slice());
    assertEquals(
      Array.from(new Uint8Array(hash), (b) => b.toString(16).padStart(2, "0"))
        .join(""),
      sha256,
    );
    at = contentEnd;
  }
  assertEquals(at, bin.length);
});

Deno.test("bzip2 reads a package that the original program wrote", () => {
  const packed = Deno.readFileSync(
    new URL("../fixtures/none.bin.bzip2", import.meta.url),
  );
  const expected = Deno.readFileSync(
    new URL("../fixtures/none.bin", import.meta.url),
  );
  assertSame(decompress(packed), expected);
  for (const chunkSize of [1, 997, 1 << 20]) {
    const decoder = bzip2Engine.createDecoder!();
    assertSame(stream(decoder, packed, chunkSize), expected);
  }
});

Deno.test({
  name: "bzip2 reads what the bzip2 program writes, and vice versa",
  ignore: isMissing("bzip2"),
  async fn() {
    for (
      const data of [
        new Uint8Array(0),
        hello,
        textLike(2000),
        textLike(300_000),
        noise(300_000, 256),
        new Uint8Array(1_000_000),
        fibonacciWord(150_000),
      ]
    ) {
      assertSame(decompress(await runBzip2("-1c", data)), data);
      assertSame(decompress(await runBzip2("-9c", data)), data);
      assertSame(await runBzip2("-dc", compress(data)), data);
    }
  },
});

Deno.test("bzip2 reads concatenated streams as one", () => {
  const a = textLike(3000);
  const b = noise(500, 256);
  const packed = concat(
    compress(a),
    compress(new Uint8Array(0)),
    compress(b),
  );
  assertSame(decompress(packed), concat(a, b));
  for (const chunkSize of [1, 7, 10_000]) {
    const decoder = bzip2Engine.createDecoder!();
    assertSame(stream(decoder, packed, chunkSize), concat(a, b));
  }
});

Deno.test("bzip2 rejects a document that is truncated anywhere", () => {
  for (const data of [new Uint8Array(0), hello, textLike(3000)]) {
    const packed = compress(data);
    for (let end = 0; end < packed.length; end++) {
      const cut = packed.subarray(0, end);
      assertThrows(() => decompress(cut), CorruptDataError);
      if (end % 7 === 0) {
        const decoder = bzip2Engine.createDecoder!();
        assertThrows(() => stream(decoder, cut, 50), CorruptDataError);
      }
    }
  }
});

Deno.test("bzip2 never decodes a document with a flipped bit to another document", () => {
  for (const data of [hello, textLike(800)]) {
    const packed = compress(data);
    for (let bit = 0; bit < packed.length * 8; bit++) {
      packed[bit >> 3] ^= 1 << (bit & 7);
      try {
        assertSame(decompress(packed), data);
      } catch (error) {
        assert(error instanceof CorruptDataError, String(error));
      }
      packed[bit >> 3] ^= 1 << (bit & 7);
    }
  }
});

Deno.test("bzip2 survives any garbage inside a block", () => {
  const packed = compress(textLike(800));
  fc.assert(
    fc.property(
      fc.integer({ min: 14, max: packed.length - 10 }),
      fc.uint8Array({ maxLength: 200 }),
      (at, garbage) => {
        const damaged = concat(packed.subarray(0, at), garbage);
        assertThrows(() => decompress(damaged), CorruptDataError);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("bzip2 error messages name the fault", () => {
  const packed = compress(hello);
  const changed = (at: number, byte: number) =>
    packed.map((old, i) => i === at ? byte : old);
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(0), "unexpected end of data"],
    [packed.subarray(0, 30), "unexpected end of data"],
    [hello, 'it does not begin with "BZh"'],
    [changed(3, 0x30), "invalid block size"],
    [changed(4, 0), "expected a block or the end"],
    [changed(10, packed[10] ^ 1), "a block does not match its checksum"],
    [changed(14, packed[14] | 0x80), "randomized"],
    [changed(14, packed[14] | 0x7f), "the origin of a block is outside of it"],
    [
      changed(packed.length - 2, packed[packed.length - 2] ^ 1),
      "a stream does not match its checksum",
    ],
    [concat(packed, hello), "unexpected data after the end of a stream"],
    [
      concat(packed, Uint8Array.of(0)),
      "unexpected data after the end of a stream",
    ],
  ];
  for (const [data, reason] of cases) {
    const error = assertThrows(() => decompress(data), CorruptDataError);
    assert(error.message.includes(reason), error.message);
    assertEquals(error.codec, "bzip2");
  }
});

/** The fields of a block of the single byte "a", all valid. */
const plainBlock = {
  level: 9,
  origin: 0,
  tables: 2,
  listed: 1,
  selectors: "0",
  /** Code lengths of RUNA, RUNB and EOB, as first one and steps. */
  lengths: ("00001" + "0" + "100" + "0").repeat(2),
  /** RUNA and EOB. */
  symbols: "0" + "11",
  content: "a",
};

/** Writes a stream with one block, valid or not, bit by bit. */
function handWritten(changes: Partial<typeof plainBlock>): Uint8Array {
  const block = { ...plainBlock, ...changes };
  const content = new TextEncoder().encode(block.content);
  const crc = Array.from(
    compress(content).subarray(10, 14),
    (byte) => byte.toString(2).padStart(8, "0"),
  ).join("");
  const number = (value: number | bigint, bits: number) =>
    value.toString(2).padStart(bits, "0");
  const bits = [
    number(0x425a6830 + block.level, 32),
    number(0x314159265359n, 48),
    crc,
    number(block.origin, 25),
    number(1 << 15 - 6, 16),
    number(1 << 15 - 1, 16),
    number(block.tables, 3),
    number(block.listed, 15),
    block.selectors,
    block.lengths,
    block.symbols,
    number(0x177245385090n, 48),
    crc,
  ].join("");
  return Uint8Array.from(
    bits.match(/.{1,8}/g)!,
    (byte) => parseInt(byte.padEnd(8, "0"), 2),
  );
}

Deno.test("bzip2 reads blocks that only other encoders write", () => {
  const a = new TextEncoder().encode("a");
  assertEquals(decompress(handWritten({})), a);
  const oneTable = { tables: 1, lengths: "00001" + "0" + "100" + "0" };
  assertEquals(decompress(handWritten(oneTable)), a);
  const manySelectors = { listed: 32767, selectors: "0".repeat(32767) };
  assertEquals(decompress(handWritten(manySelectors)), a);
  const longCodes = {
    lengths: ("00001" + "0" + "10".repeat(19) + "0" + "0").repeat(2),
    symbols: "0" + "1" + "0".repeat(18) + "1",
  };
  assertEquals(decompress(handWritten(longCodes)), a);
  const runWithoutCount = {
    lengths: ("00010" + "0" + "0" + "0").repeat(2),
    symbols: "01" + "00" + "10",
    content: "aaaa",
  };
  assertEquals(
    decompress(handWritten(runWithoutCount)),
    new TextEncoder().encode("aaaa"),
  );
});

Deno.test("bzip2 rejects inconsistent blocks", () => {
  const oneBitCodes = ("00001" + "0" + "0" + "0").repeat(2);
  const twoBitCodes = ("00010" + "0" + "0" + "0").repeat(2);
  const cases: [Partial<typeof plainBlock>, string][] = [
    [{ tables: 0 }, "one to six Huffman tables"],
    [{ tables: 7 }, "one to six Huffman tables"],
    [{ listed: 0 }, "a block has no selectors"],
    [{ selectors: "110" }, "invalid selector"],
    [{ lengths: "00000" }, "invalid length of a Huffman code"],
    [{ lengths: "10100" + "100" }, "invalid length of a Huffman code"],
    [
      { lengths: "00001" + "1011".repeat(40) },
      "invalid length of a Huffman code",
    ],
    [{ lengths: oneBitCodes }, "oversubscribed Huffman table"],
    [
      { lengths: twoBitCodes, symbols: "11".repeat(20) },
      "invalid Huffman code",
    ],
    [{ symbols: "11" }, "the origin of a block is outside of it"],
    [{ origin: 1 }, "the origin of a block is outside of it"],
    [{ symbols: "10".repeat(19) + "11" }, "larger than its stream allows"],
    [{ level: 1, symbols: "0".repeat(17) + "11" }, "larger than its stream"],
    [{ symbols: "0".repeat(60) + "11" }, "a run is longer than a block"],
    [{ symbols: "10" + "11" }, "a block does not match its checksum"],
  ];
  for (const [changes, reason] of cases) {
    const data = concat(handWritten(changes), new Uint8Array(50));
    const error = assertThrows(() => decompress(data), CorruptDataError);
    assert(error.message.includes(reason), `${reason}: ${error.message}`);
    const decoder = bzip2Engine.createDecoder!();
    assertThrows(() => stream(decoder, data, 1), CorruptDataError, reason);
  }
});

Deno.test("bzip2 reports a document that does not fit, and stays within its room", () => {
  for (const data of [new Uint8Array(0), hello, textLike(700)]) {
    const packed = compress(data);
    const memory = new Uint8Array(1000);
    for (let room = 0; room < packed.length; room++) {
      memory.fill(0xaa);
      const place = memory.subarray(0, 3 + room);
      assertEquals(compressor.compress(data, place, 3), undefined);
      assert(memory.subarray(3 + room).every((byte) => byte === 0xaa));
    }
    const exact = memory.subarray(0, 3 + packed.length);
    assertEquals(compressor.compress(data, exact, 3), packed.length);
    assertEquals(exact.slice(3), packed);

    for (let room = 0; room < data.length; room++) {
      memory.fill(0xaa);
      const place = memory.subarray(0, 3 + room);
      assertEquals(decompressor.decompress(packed, place, 3), undefined);
      assert(memory.subarray(3 + room).every((byte) => byte === 0xaa));
    }
    const place = memory.subarray(0, 3 + data.length);
    assertEquals(decompressor.decompress(packed, place, 3), data.length);
    assertEquals(place.slice(3), data);
  }
});

Deno.test("bzip2 fits a run that ends exactly at the end of its room", () => {
  for (let length = 1; length < 300; length++) {
    const run = new Uint8Array(length).fill(65);
    const place = new Uint8Array(length);
    const packed = compress(run);
    assertEquals(decompressor.decompress(packed, place, 0), length);
    assertEquals(
      decompressor.decompress(packed, place.subarray(1), 0),
      undefined,
    );
  }
});

Deno.test("bzip2 streams do not depend on the sizes of their chunks", () => {
  const level1 = bzip2Engine.createCompressor!(1);
  const data = concat(
    textLike(120_000),
    new Uint8Array(3000),
    noise(60_000, 256),
  );
  const expected = compress(data, level1);
  for (const chunkSize of [1, 13, 4099, 100_000, 1_000_000]) {
    const packed = stream(bzip2Engine.createEncoder!(1), data, chunkSize);
    assertSame(packed, expected);
    assertSame(stream(bzip2Engine.createDecoder!(), packed, chunkSize), data);
  }
  const empty = stream(bzip2Engine.createEncoder!(1), new Uint8Array(0), 1);
  assertSame(empty, compress(new Uint8Array(0), level1));
});

Deno.test("bzip2 streams emit blocks before the stream ends", () => {
  const data = textLike(350_000);
  const packed = stream(bzip2Engine.createEncoder!(1), data, 10_000);
  const decoder = bzip2Engine.createDecoder!();
  let size = 0;
  for (let at = 0; at < packed.length - 1000; at += 100) {
    decoder.push(packed.subarray(at, at + 100), false, (bytes) => {
      size += bytes.length;
    });
  }
  assert(size >= 299_000, `only ${size} bytes came out`);
});

Deno.test("bzip2 streams emit a run of millions of bytes in small pieces", () => {
  const encoder = bzip2Engine.createEncoder!(1);
  const zeros = new Uint8Array(1 << 20);
  const packed: Uint8Array[] = [];
  for (let i = 0; i < 8; i++) {
    encoder.push(zeros, i === 7, (bytes) => packed.push(bytes.slice()));
  }
  let size = 0;
  bzip2Engine.createDecoder!().push(concat(...packed), true, (bytes) => {
    assert(bytes.length <= 1 << 16);
    assert(bytes.every((byte) => byte === 0));
    size += bytes.length;
  });
  assertEquals(size, 8 << 20);
});

Deno.test("bzip2 streams cannot be used after their end or an error", () => {
  const encoder = bzip2Engine.createEncoder!(1);
  const packed = stream(encoder, hello, 10);
  assertThrows(() => encoder.push(hello, true, () => {}), CodecError);
  const decoder = bzip2Engine.createDecoder!();
  assertThrows(() => decoder.push(hello, false, () => {}), CorruptDataError);
  assertThrows(() => decoder.push(packed, true, () => {}), CodecError);
});

Deno.test("bzip2 works after corrupt data", () => {
  const packed = compress(hello);
  assertThrows(() => decompress(packed.subarray(0, 40)), CorruptDataError);
  assertSame(decompress(packed), hello);
});

Deno.test("bzip2 reads and writes shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(200));
  shared.set(hello);
  const packed = shared.subarray(100);
  const size = compressor.compress(shared.subarray(0, hello.length), packed, 0);
  const back = decompressor.decompress(packed.subarray(0, size), shared, 30);
  assertSame(shared.slice(30, 30 + back!), hello);
});

Deno.test("bzip2 has the levels 1 to 9", () => {
  for (const level of [0, 10, 1.5, NaN]) {
    assertThrows(() => leaseCompressor("bzip2", { level }), OptionError);
    assertThrows(() => createEncoder("bzip2", level), OptionError);
  }
  for (let level = 1; level <= 9; level++) {
    const packed = compress(hello, bzip2Engine.createCompressor!(level));
    assertEquals(packed[3], 0x30 + level);
    assertSame(decompress(packed), hello);
  }
});
