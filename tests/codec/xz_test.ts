import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/fast_check.ts";
import { crc32 } from "../../codec/checksum/crc32.ts";
import { crc64 } from "../../codec/checksum/crc64.ts";
import { Sha256 } from "../../codec/checksum/sha256.ts";
import { CorruptDataError } from "../../codec/errors.ts";
import { xzEngine } from "../../codec/xz/engine.ts";
import { sha256 } from "../support/files.ts";
import { isMissing } from "../support/is_missing.ts";

/** Runs xz, and returns what it writes. */
async function runXz(args: string[], input: Uint8Array): Promise<Uint8Array> {
  const child = new Deno.Command("xz", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(input).then(() => writer.close());
  const { success, stdout, stderr } = await child.output();
  await written;
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

function fixture(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

/** The contents of the records of a bin file. */
function contents(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length;) {
    at += 4 + view.getInt32(at, true);
    const size = view.getInt32(at, true);
    at += 4;
    found.push(file.subarray(at, at + size));
    at += size;
  }
  return found;
}

const compressors = Array.from(
  { length: 10 },
  (_, level) => xzEngine.createCompressor!(level),
);
const decompressor = xzEngine.createDecompressor!();

function compress(data: Uint8Array, level = 6): Uint8Array {
  const room = new Uint8Array(data.length + (data.length >> 8) + 200);
  const size = compressors[level].compress(data, room, 0);
  assert(size !== undefined && size > 0);
  return room.subarray(0, size);
}

/** Decompresses data of `size` bytes, or corrupt data. */
function decompress(data: Uint8Array, size: number): Uint8Array {
  const room = new Uint8Array(size);
  const got = decompressor.decompress(data, room, 0);
  assert(got !== undefined, "the output does not fit");
  return room.subarray(0, got);
}

function encodeStream(
  data: Uint8Array,
  level: number,
  chunkSize: number,
): Uint8Array {
  return pump(xzEngine.createEncoder!(level), data, chunkSize);
}

function decodeStream(data: Uint8Array, chunkSize: number): Uint8Array {
  return pump(xzEngine.createDecoder!(), data, chunkSize);
}

function pump(
  coder: ReturnType<NonNullable<typeof xzEngine.createDecoder>>,
  data: Uint8Array,
  chunkSize: number,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const emit = (bytes: Uint8Array) => {
    assert(bytes.length <= 65536);
    pieces.push(bytes.slice());
  };
  for (let at = 0; at < data.length; at += chunkSize) {
    coder.push(data.subarray(at, at + chunkSize), false, emit);
  }
  coder.push(new Uint8Array(0), true, emit);
  coder.close?.();
  return join(pieces);
}

function join(pieces: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** Compares without the cost of assertEquals on hundreds of kilobytes. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) {
      throw new Error(`Byte ${i} is ${actual[i]}, not ${expected[i]}`);
    }
  }
}

/** A generator of bytes that are the same for the same seed. */
function randomBytes(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 16 & 0xff;
  };
}

type Kind = "random" | "text" | "runs" | "periodic" | "mixed";
const kinds: Kind[] = ["random", "text", "runs", "periodic", "mixed"];

function sample(kind: Kind, size: number, seed: number): Uint8Array {
  const next = randomBytes(seed);
  const data = new Uint8Array(size);
  const words = Array.from({ length: 200 }, (_, i) =>
    Uint8Array.from(
      { length: 1 + i % 11 },
      () => 97 + next() % 26,
    ));
  const period = 1 + (next() << 2 | next() & 3);
  for (let at = 0; at < size;) {
    const part = kind === "mixed" ? kinds[next() % 4] : kind;
    const end = kind === "mixed" ? Math.min(at + 1 + next() * 90, size) : size;
    if (part === "random") {
      while (at < end) data[at++] = next();
    } else if (part === "text") {
      while (at < end) {
        const word = words[next() * next() >> 9];
        for (let i = 0; i < word.length && at < end; i++) data[at++] = word[i];
        if (at < end) data[at++] = 32;
      }
    } else if (part === "runs") {
      while (at < end) {
        const byte = next();
        for (let left = 1 + next() * next(); left > 0 && at < end; left--) {
          data[at++] = byte;
        }
      }
    } else {
      for (const first = at; at < end; at++) {
        data[at] = at - first < period ? next() : data[at - period];
      }
    }
  }
  return data;
}

const anySample = fc.record({
  kind: fc.constantFrom(...kinds),
  size: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 300_000 }) },
  ),
  seed: fc.integer(),
});

Deno.test("the checksums of xz have their published values", async () => {
  const bytes = new TextEncoder().encode("123456789");
  assertEquals(crc32(bytes), 0xcbf43926);
  assertEquals(crc32(bytes, 4, 9, crc32(bytes, 0, 4)), 0xcbf43926);
  const crc = new Int32Array(2);
  crc64(crc, bytes, 0, 2);
  crc64(crc, bytes, 2, 9);
  assertEquals(crc[1] >>> 0, 0x995dc9bb);
  assertEquals(crc[0] >>> 0, 0xdf1939fa);
  const sha = new Sha256();
  for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const data = sample("random", size, size);
    const hash = await crypto.subtle.digest("SHA-256", data.slice());
    sha.reset();
    sha.update(data, 0, size >> 1);
    sha.update(data, size >> 1, size);
    assert(sha.matches(new Uint8Array(hash), 0), `of ${size} bytes`);
  }
});

Deno.test("xz round-trips documents of every kind at every level", () => {
  fc.assert(
    fc.property(
      anySample,
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      ({ kind, size, seed }, level, offset) => {
        const data = sample(kind, size, seed);
        const packed = new Uint8Array(offset + size + (size >> 8) + 200);
        const got = compressors[level].compress(data, packed, offset);
        assert(got !== undefined && got > 0);
        const back = new Uint8Array(offset + size);
        const src = packed.subarray(offset, offset + got!);
        assertEquals(decompressor.decompress(src, back, offset), size);
        assertSame(back.subarray(offset), data);
      },
    ),
    { numRuns: 120 },
  );
});

Deno.test("xz round-trips documents of every small size", () => {
  const text = sample("text", 300, 1);
  const noise = sample("random", 300, 1);
  for (let size = 0; size <= 300; size++) {
    for (const data of [text.subarray(0, size), noise.subarray(0, size)]) {
      assertEquals(decompress(compress(data, size % 10), size), data);
    }
  }
});

Deno.test("the position of a document in its buffer does not matter to xz", () => {
  const data = sample("text", 3000, 5);
  const expected = compress(data);
  for (const before of [1, 2, 3, 500]) {
    const holder = sample("random", before + data.length + 50, before);
    holder.set(data, before);
    const view = holder.subarray(before, before + data.length);
    assertEquals(compress(view), expected);
  }
});

Deno.test("xz output does not depend on earlier documents", () => {
  for (const level of [1, 6]) {
    const used = compressors[level];
    for (let i = 0; i < 30; i++) {
      const data = sample(kinds[i % 5], i * 997, i);
      const room = new Uint8Array(data.length + 300);
      const fresh = xzEngine.createCompressor!(level);
      const size = used.compress(data, room, 0);
      const expected = new Uint8Array(data.length + 300);
      assertEquals(fresh.compress(data, expected, 0), size);
      assertEquals(room, expected);
    }
  }
});

Deno.test("data that does not compress grows by less than 100 bytes in xz", () => {
  for (const size of [0, 1, 10, 1000, 65536, 65537, 200_000]) {
    const data = sample("random", size, 9);
    assert(compress(data).length < size + 100);
  }
});

Deno.test("xz reads and writes memory that is shared between threads", () => {
  const data = sample("text", 2000, 3);
  const shared = new Uint8Array(new SharedArrayBuffer(6000));
  shared.set(data);
  const src = shared.subarray(0, 2000);
  const packed = shared.subarray(2000, 4000);
  const size = compressors[6].compress(src, packed, 0);
  const back = shared.subarray(4000);
  assertEquals(
    decompressor.decompress(packed.subarray(0, size), back, 0),
    2000,
  );
  assertSame(back, data);
});

Deno.test("an xz document that does not fit its buffer is reported as -1", () => {
  for (const kind of ["text", "random"] as const) {
    const data = sample(kind, 700, 2);
    const packed = compress(data);
    for (let room = 0; room < packed.length; room++) {
      const dst = new Uint8Array(room + 20).fill(0xaa);
      const view = dst.subarray(0, room);
      assertEquals(compressors[6].compress(data, view, 0), undefined);
      assert(dst.subarray(room).every((byte) => byte === 0xaa));
    }
    assertEquals(
      compressors[6].compress(data, new Uint8Array(packed.length), 0),
      packed.length,
    );
    for (let room = 0; room < data.length; room++) {
      const dst = new Uint8Array(room + 20).fill(0xaa);
      const view = dst.subarray(0, room);
      assertEquals(decompressor.decompress(packed, view, 0), undefined);
      assert(dst.subarray(room).every((byte) => byte === 0xaa));
    }
    assertEquals(decompress(packed, data.length), data);
  }
});

Deno.test("an xz document that is truncated anywhere is rejected", () => {
  const data = sample("mixed", 2500, 4);
  const packed = compress(data);
  for (let size = 0; size < packed.length; size++) {
    const cut = packed.subarray(0, size);
    assertThrows(() => decompress(cut, data.length), CorruptDataError);
    assertThrows(() => decodeStream(cut, 777), CorruptDataError);
  }
});

Deno.test("an xz document with any flipped bit is rejected, or decodes to the original", () => {
  const data = sample("text", 400, 6);
  const packed = compress(data);
  let harmless = 0;
  for (let bit = 0; bit < packed.length * 8; bit++) {
    const damaged = packed.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    for (const read of [decompress, decodeStream]) {
      try {
        assertEquals(read(damaged, 1 << 14), data);
        harmless++;
      } catch (error) {
        assert(error instanceof CorruptDataError, String(error));
      }
    }
  }
  // On some data, lc and lp can change without effect.
  assert(harmless <= 4, `${harmless} flips have no effect`);
});

Deno.test("xz rejects garbage", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.nat(),
      (garbage, where) => {
        assertThrows(() => decompress(garbage, 1000), CorruptDataError);
        const data = sample("text", 3000, garbage[0]);
        const packed = compress(data).slice();
        const at = where % packed.length;
        const before = packed.slice();
        packed.set(garbage.subarray(0, packed.length - at), at);
        try {
          assertEquals(decompress(packed, 1 << 20), data);
          assertEquals(packed, before);
        } catch (error) {
          assert(error instanceof CorruptDataError);
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("bytes after an xz stream are rejected unless they are a stream or padding", () => {
  const data = sample("text", 100, 1);
  const packed = compress(data);
  const two = join([packed, new Uint8Array(8), packed, new Uint8Array(4)]);
  assertEquals(decompress(two, 200), join([data, data]));
  assertEquals(decodeStream(two, 5), join([data, data]));
  for (
    const tail of [[0], [0, 0, 0], [1, 2, 3, 4], [0, 0, 0, 0, 9], [0xfd, 0x37]]
  ) {
    const longer = join([packed, Uint8Array.from(tail)]);
    assertThrows(
      () => decompress(longer, 500),
      CorruptDataError,
      "unexpected data after",
    );
    assertThrows(() => decodeStream(longer, 3), CorruptDataError);
  }
  const early = join([new Uint8Array(4), packed]);
  assertThrows(() => decompress(early, 500), CorruptDataError, "magic number");
  assertThrows(() => decompress(new Uint8Array(0), 1), CorruptDataError);
});

Deno.test("a decompressor works after corrupt xz data", () => {
  const data = sample("text", 5000, 8);
  const packed = compress(data);
  const damaged = packed.slice();
  damaged[packed.length >> 1] ^= 0x10;
  for (let i = 0; i < 3; i++) {
    assertThrows(() => decompress(damaged, 5000), CorruptDataError);
    assertSame(decompress(packed, 5000), data);
  }
});

Deno.test("xz reads the documents of the original Go program", async () => {
  const manifest = JSON.parse(
    new TextDecoder().decode(fixture("manifest.json")),
  );
  const plain = contents(fixture("none.bin"));
  const packed = contents(fixture("xz.bin"));
  assertEquals(packed.length, plain.length);
  for (let i = 0; i < packed.length; i++) {
    const data = decompress(packed[i], plain[i].length);
    assertSame(data, plain[i]);
    assertSame(decodeStream(packed[i], 100), plain[i]);
  }
  // Every hash of the manifest is that of one of them.
  const hashes = new Set<string>();
  for (const data of plain) {
    hashes.add(await sha256(data));
  }
  const text = JSON.stringify(manifest);
  for (const hash of hashes) assert(text.includes(hash));
});

Deno.test("xz reads a package of the original Go program", () => {
  const plain = fixture("none.bin");
  const packed = fixture("none.bin.xz");
  assertSame(decompress(packed, plain.length), plain);
  for (const size of [1, 1000, 1 << 20]) {
    assertSame(decodeStream(packed, size), plain);
  }
});

Deno.test("xz round-trips streams of every kind in chunks of any size", () => {
  fc.assert(
    fc.property(
      anySample,
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(1, 3, 64, 1000, 65537),
      fc.constantFrom(1, 7, 4097, 65536),
      ({ kind, size, seed }, level, chunkIn, chunkOut) => {
        const data = sample(kind, size, seed);
        const packed = encodeStream(data, level, chunkIn);
        assertSame(decompress(packed, size), data);
        assertSame(decodeStream(packed, chunkOut), data);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a long stream becomes several xz blocks", () => {
  const data = sample("runs", 5_300_000, 7);
  const packed = encodeStream(data, 1, 1 << 20);
  assertSame(decompress(packed, data.length), data);
  assertSame(decodeStream(packed, 50_000), data);
  // The footer says how long the index is, and the index how many blocks.
  const view = new DataView(packed.buffer);
  const indexSize = 4 * (view.getUint32(packed.length - 8, true) + 1);
  assertEquals(packed[packed.length - 12 - indexSize + 1], 3);
});

Deno.test({
  name: "the xz program reads xz output at every level",
  ignore: isMissing("xz"),
  async fn() {
    const expected: Uint8Array[] = [];
    const streams: Uint8Array[] = [];
    for (let level = 0; level <= 9; level++) {
      for (const kind of kinds) {
        for (const size of [0, 1, 50, 2000, 20_000, 70_000 * (level % 4)]) {
          const data = sample(kind, size, size + level);
          expected.push(data, data);
          streams.push(compress(data, level), encodeStream(data, level, 9999));
        }
      }
    }
    assertSame(await runXz(["-dc"], join(streams)), join(expected));
    await runXz(["-t"], compress(sample("mixed", 3_000_000, 1), 1));
  },
});

Deno.test({
  name: "xz reads what the xz program writes with all its options",
  ignore: isMissing("xz"),
  async fn() {
    const data = sample("mixed", 400_000, 11);
    for (
      const args of [
        ["--check=none"],
        ["--check=crc32"],
        ["--check=crc64"],
        ["--check=sha256"],
        ["-0"],
        ["-6"],
        ["-9e"],
        ["--block-size=50000"],
        ["-T2", "--block-size=100000"],
        ["--lzma2=preset=6,lc=0,lp=4,pb=4"],
        ["--lzma2=preset=6,lc=4,lp=0,pb=0,dict=4096"],
        ["--lzma2=preset=1,lc=1,lp=2,pb=1,dict=64KiB"],
        ["--delta=dist=4", "--lzma2=preset=6"],
      ]
    ) {
      const packed = await runXz(["-c", ...args], data);
      assertSame(decompress(packed, data.length), data);
      assertSame(decodeStream(packed, 30_011), data);
      assertEquals(
        decompressor.decompress(packed, new Uint8Array(data.length - 1), 0),
        undefined,
      );
    }
    const filtered = await runXz(["-c", "--x86", "--lzma2"], data);
    assertThrows(
      () => decompress(filtered, data.length),
      CorruptDataError,
      "the x86 filter",
    );
  },
});

Deno.test({
  name: "xz documents are at most one percent larger than those of xz -6",
  ignore: isMissing("xz"),
  async fn() {
    let ours = 0;
    let theirs = 0;
    for (const data of contents(fixture("none.bin")).slice(0, 20)) {
      ours += compress(data).length;
      theirs += (await runXz(["-6c"], data)).length;
    }
    assert(ours < theirs * 1.01, `${ours} bytes, not ${theirs}`);
  },
});
