import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/fast_check.ts";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { staticDictionary } from "../../codec/brotli/decode.ts";
import { brotliEngine } from "../../codec/brotli/engine.ts";
import {
  TRANSFORM_COUNT,
  transformWord,
} from "../../codec/brotli/transforms.ts";
import { CorruptDataError } from "../../codec/errors.ts";

const decompressor = brotliEngine.createDecompressor!();
const target = new Uint8Array(1 << 20);

/** Compresses `data` with the runtime's encoder. */
function compress(data: Uint8Array, quality = 5, windowBits = 22): Uint8Array {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: windowBits,
  };
  return new Uint8Array(brotliCompressSync(data, { params }));
}

function decompress(src: Uint8Array): Uint8Array {
  return target.slice(0, decompressor.decompress(src, target, 0));
}

/** Decodes `src` in chunks whose sizes cycle through `sizes`. */
function decodeStream(src: Uint8Array, sizes: number[]): Uint8Array {
  const decoder = brotliEngine.createDecoder!();
  let output = new Uint8Array(1 << 16);
  let length = 0;
  const emit = (bytes: Uint8Array) => {
    assert(bytes.length > 0 && bytes.length <= 1 << 16);
    if (length + bytes.length > output.length) {
      const larger = new Uint8Array(2 * output.length);
      larger.set(output);
      output = larger;
    }
    output.set(bytes, length);
    length += bytes.length;
  };
  let at = 0;
  for (let i = 0; at === 0 || at < src.length; i++) {
    const end = at + sizes[i % sizes.length];
    decoder.push(src.subarray(at, end), end >= src.length, emit);
    at = end;
  }
  return output.subarray(0, length);
}

/** A sequence of pseudo-random numbers below `n`. */
function randomNumbers(seed: number): (n: number) => number {
  return (n) => {
    seed = Math.imul(seed, 1103515245) + 12345 | 0;
    return (seed >>> 8) % n;
  };
}

const WORDS = `the of and to in is that for with page home search about contact
  <div class="content"> </div> <a href="http://www.example.com/"> </a> <li> </li>
  information university government development international Copyright
  function(){ return document.getElementById( ); } var window.location time year
  people world history language Википедия история 中国 日本語 العربية español`
  .split(/\s+/);

/** HTML-like text, which makes an encoder use the static dictionary. */
function htmlText(length: number, seed: number): Uint8Array {
  const random = randomNumbers(seed);
  const text: string[] = [];
  for (let n = 0; n < length;) {
    let word = WORDS[random(WORDS.length)];
    const style = random(8);
    if (style === 0) word = word.toUpperCase();
    else if (style < 3) word = word[0].toUpperCase() + word.slice(1);
    text.push(word, [" ", " ", " ", ", ", ". ", "\n", '="', "'"][random(8)]);
    n += word.length + 1;
  }
  return new TextEncoder().encode(text.join("")).subarray(0, length);
}

function randomBytes(length: number, seed: number): Uint8Array {
  const random = randomNumbers(seed);
  return Uint8Array.from({ length }, () => random(256));
}

function runs(length: number, seed: number): Uint8Array {
  const random = randomNumbers(seed);
  const data = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const end = at + 1 + random(random(20) === 0 ? 5000 : 20);
    data.fill(random(5) * 50, at, end);
    at = end;
  }
  return data;
}

const makers = [htmlText, randomBytes, runs];

/** The records of a bin file. */
function* records(file: Uint8Array): Generator<[string, Uint8Array]> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 0; at < file.length;) {
    const key = file.subarray(at + 4, at += 4 + view.getInt32(at, true));
    const content = file.subarray(at + 4, at += 4 + view.getInt32(at, true));
    yield [new TextDecoder().decode(key), content];
  }
}

async function sha256(data: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", data.slice());
  return new Uint8Array(hash).reduce(
    (hex, byte) => hex + byte.toString(16).padStart(2, "0"),
    "",
  );
}

function fixture(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

/** Writes streams that no encoder would write. */
class BitWriter {
  readonly #bytes: number[] = [];
  #count = 0;

  /** Writes the `count` lowest bits of `value`. */
  write(value: number, count: number): this {
    for (let i = 0; i < count; i++) {
      if (this.#count++ % 8 === 0) this.#bytes.push(0);
      this.#bytes[this.#bytes.length - 1] |= (value >> i & 1) <<
        (this.#count - 1) % 8;
    }
    return this;
  }

  /** Fills the last byte with zeros. */
  align(): this {
    this.#count = 8 * this.#bytes.length;
    return this;
  }

  /** Writes a prefix code of one symbol of `bits` bits. */
  singleSymbol(symbol: number, bits: number): this {
    return this.write(1, 2).write(0, 2).write(symbol, bits);
  }

  /**
   * Starts a meta-block of `length` bytes where every literal is "a", every
   * command is `command` and every distance symbol is `distance`.
   */
  metaBlock(length: number, command: number, distance: number): this {
    return this.write(0, 1).write(0, 2).write(length - 1, 16).write(0, 1)
      .write(0, 3).write(0, 6).write(0, 2).write(0, 2)
      .singleSymbol(97, 8).singleSymbol(command, 10).singleSymbol(distance, 6);
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

const COPY_CODES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30];

/** Writes a meta-block that is one copy of `length` bytes, giving `outputLength`. */
function writeCopy(
  bits: BitWriter,
  length: number,
  distance: number,
  outputLength: number,
): void {
  const copyCode = COPY_CODES.findLastIndex((base) => base <= length);
  const command = copyCode < 8 ? 128 + copyCode : 192 + copyCode - 8;
  const distanceBits = 30 - Math.clz32(distance + 3);
  const high = distance + 3 >> distanceBits & 1;
  bits.metaBlock(outputLength, command, 16 + 2 * (distanceBits - 1) + high);
  bits.write(
    length - COPY_CODES[copyCode],
    copyCode < 8 ? 0 : copyCode - 6 >> 1,
  );
  bits.write(distance + 3 & (1 << distanceBits) - 1, distanceBits);
}

function assertCorrupt(src: Uint8Array, reason = ""): void {
  assertThrows(
    () => decompressor.decompress(src, target, 0),
    CorruptDataError,
    reason,
  );
  assertThrows(() => decodeStream(src, [1]), CorruptDataError, reason);
}

Deno.test("brotli decodes what the runtime's encoder writes, at all qualities and windows", () => {
  for (let quality = 0; quality <= 11; quality++) {
    for (let windowBits = 10; windowBits <= 24; windowBits++) {
      const make = makers[(quality + windowBits) % 3];
      const data = make(1 + 313 * (quality + 1), quality * 31 + windowBits);
      assertEquals(decompress(compress(data, quality, windowBits)), data);
    }
  }
});

Deno.test("brotli decodes documents of any size and kind", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...makers),
      fc.oneof(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 300_000 }),
      ),
      fc.integer(),
      fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 9),
      fc.integer({ min: 10, max: 24 }),
      (make, length, seed, quality, windowBits) => {
        const data = make(length, seed);
        const src = compress(data, quality, windowBits);
        const offset = length % 7;
        const written = decompressor.decompress(src, target, offset);
        assertEquals(written, data.length);
        // assertEquals is slow on large arrays.
        assert(data.every((byte, i) => byte === target[offset + i]));
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("brotli decodes arbitrary bytes", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 500 }),
      fc.integer({ min: 0, max: 11 }),
      (data, quality) => {
        assertEquals(decompress(compress(data, quality)), data);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("brotli decodes text that makes use of the static dictionary", () => {
  for (let length = 1; length < 4000; length += 197) {
    const data = htmlText(length, length);
    assertEquals(decompress(compress(data, 11, 24)), data);
  }
});

Deno.test("brotli's static dictionary is the one in the RFC", async () => {
  const dictionary = staticDictionary();
  assertEquals(dictionary.length, 122_784);
  let crc = -1;
  for (const byte of dictionary) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc >>> 1 ^ (crc & 1) * 0xedb88320;
  }
  assertEquals(~crc >>> 0, 0x5136cb04);
  assertEquals(
    await sha256(dictionary),
    "20e42eb1b511c21806d4d227d07e5dd06877d8ce7b3a817f378f313653f35c70",
  );
});

Deno.test("brotli transforms change words as the RFC lists them", () => {
  const dst = new Uint8Array(64);
  const transform = (word: string, id: number) => {
    const bytes = new TextEncoder().encode(word);
    const length = transformWord(bytes, 0, bytes.length, id, dst, 3);
    return new TextDecoder().decode(dst.subarray(3, 3 + length));
  };
  assertEquals(transform("time", 0), "time");
  assertEquals(transform("time", 2), " time ");
  assertEquals(transform("time", 3), "ime");
  assertEquals(transform("time", 9), "Time");
  assertEquals(transform("time", 23), "t");
  assertEquals(transform("time", 44), "TIME");
  assertEquals(transform("time", 49), "timing ");
  assertEquals(transform("time", 50), "time\n\t");
  assertEquals(transform("time", 54), "");
  assertEquals(transform("time", 64), "");
  assertEquals(transform("time", 73), " the time of the ");
  assertEquals(transform("time", 102), "\u00a0time");
  assertEquals(transform("time", 120), " Time='");
  assertEquals(transform("история", 44), "ИѡѢОѠИѯ");
  assertEquals(transform("中国", 44), "丨囸");
  assertEquals(TRANSFORM_COUNT, 121);
});

Deno.test("brotli decodes every transform of words of every length", () => {
  const dictionary = staticDictionary();
  const indexBits = [10, 10, 11, 11, 10, 10, 10, 10, 10, 9, 9, 8]
    .concat([7, 7, 8, 7, 7, 6, 6, 5, 5]);
  const bits = new BitWriter().write(0, 1);
  const scratch = new Uint8Array(64);
  let produced = 0;
  let start = 0;
  for (let length = 4; length <= 24; length++) {
    const wordCount = 1 << indexBits[length - 4];
    for (let transform = 0; transform < TRANSFORM_COUNT; transform++) {
      const index = (transform * 41 + length) % wordCount;
      const from = start + index * length;
      const outputLength = transformWord(
        dictionary,
        from,
        length,
        transform,
        scratch,
        0,
      );
      // A meta-block of empty output is not representable.
      if (outputLength === 0) continue;
      const address = transform * wordCount + index;
      const distance = Math.min(produced, 65_520) + 1 + address;
      writeCopy(bits, length, distance, outputLength);
      produced += outputLength;
    }
    start += length * wordCount;
  }
  const src = bits.write(3, 2).bytes;
  const expected = new Uint8Array(brotliDecompressSync(src));
  assertEquals(expected.length, produced);
  assertEquals(decompress(src), expected);
  assertEquals(decodeStream(src, [1, 50]), expected);
});

Deno.test("brotli accepts dictionary words that a transform makes empty", () => {
  // Copies of four bytes, from distances of 32,765 and some that 14 bits tell.
  const bits = new BitWriter().write(0, 1).metaBlock(5, 130, 42);
  bits.write(34 * 1024 + 1 + 3, 14).write(32 * 1024 + 1 + 3, 14);
  const src = bits.write(3, 2).bytes;
  assertEquals(new TextDecoder().decode(decompress(src)), ".time");
  assertEquals(decodeStream(src, [1]), decompress(src));
});

Deno.test("brotli skips metadata and reads uncompressed and empty meta-blocks", () => {
  const src = new BitWriter().write(0, 1)
    // Two bytes of metadata.
    .write(0, 1).write(3, 2).write(0, 1).write(1, 2).write(1, 8).align()
    .write(0xffff, 16)
    // No metadata: what a flush writes.
    .write(0, 1).write(3, 2).write(0, 1).write(0, 2).align()
    // Three uncompressed bytes.
    .write(0, 1).write(0, 2).write(2, 16).write(1, 1).align()
    .write(0x636261, 24)
    .write(3, 2).bytes;
  assertEquals(decompress(src), new TextEncoder().encode("abc"));
  assertEquals(decodeStream(src, [1]), new TextEncoder().encode("abc"));
});

Deno.test("brotli decodes the documents and the package that the Go program wrote", async () => {
  const manifest: { key: string; size: number; sha256: string }[] = JSON.parse(
    new TextDecoder().decode(fixture("manifest.json")),
  );
  const contents = [...records(fixture("brotli.bin"))];
  assertEquals(contents.map(([key]) => key), manifest.map(({ key }) => key));
  for (let i = 0; i < manifest.length; i++) {
    const data = decompress(contents[i][1]);
    assertEquals(data.length, manifest[i].size);
    assertEquals(await sha256(data), manifest[i].sha256);
  }
  const whole = fixture("none.bin");
  assertEquals(decompress(fixture("none.bin.brotli")), whole);
  assertEquals(decodeStream(fixture("none.bin.brotli"), [1000]), whole);
});

Deno.test("brotli rejects every truncated document", () => {
  for (const make of makers) {
    for (const quality of [1, 5, 11]) {
      const src = compress(make(2500, 7), quality);
      for (let length = 0; length < src.length; length++) {
        assertThrows(
          () => decompressor.decompress(src.subarray(0, length), target, 0),
          CorruptDataError,
          "unexpected end of data",
        );
      }
    }
  }
});

Deno.test("brotli rejects bytes after the end", () => {
  for (const data of [new Uint8Array(0), htmlText(1000, 1)]) {
    const src = compress(data);
    for (const trailing of [0, 6, 255]) {
      assertCorrupt(
        Uint8Array.of(...src, trailing),
        "unexpected data after its end",
      );
    }
    assertCorrupt(
      Uint8Array.of(...src, ...src),
      "unexpected data after its end",
    );
  }
});

Deno.test("brotli never crashes on changed bytes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...makers),
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 0, max: 11 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      (make, length, quality, changes) => {
        const src = compress(make(length, length), quality);
        for (const [at, change] of changes) src[at % src.length] ^= change;
        let data: Uint8Array;
        try {
          data = decompress(src);
        } catch (error) {
          assert(error instanceof CorruptDataError, String(error));
          assertThrows(() => decodeStream(src, [7]), CorruptDataError);
          return;
        }
        assertEquals(decodeStream(src, [7]), data);
      },
    ),
    { numRuns: 250 },
  );
});

Deno.test("brotli never crashes on any flipped bit", () => {
  const src = compress(htmlText(600, 3), 11);
  const clean = htmlText(600, 3);
  for (let bit = 0; bit < 8 * src.length; bit++) {
    src[bit >> 3] ^= 1 << (bit & 7);
    try {
      decompressor.decompress(src, target, 0);
    } catch (error) {
      assert(error instanceof CorruptDataError, String(error));
    }
    src[bit >> 3] ^= 1 << (bit & 7);
    // Errors leave no state behind.
    assertEquals(decompressor.decompress(src, target, 0), clean.length);
  }
  assertEquals(decompress(src), clean);
});

Deno.test("brotli never crashes on random bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (src) => {
      try {
        decompressor.decompress(src, target, 0);
      } catch (error) {
        assert(error instanceof CorruptDataError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("brotli error messages name the fault", () => {
  const start = () => new BitWriter().write(0, 1);
  assertCorrupt(new Uint8Array(0), "unexpected end of data");
  assertCorrupt(Uint8Array.of(0x11), "reserved window size");
  // An empty document with nonzero padding.
  assertCorrupt(start().write(3, 2).write(16, 5).bytes, "padding bits");
  assertCorrupt(
    start().write(0, 1).write(1, 2).write(5, 20).write(0, 40).bytes,
    "superfluous zero nibble",
  );
  assertCorrupt(
    start().write(0, 1).write(3, 2).write(1, 1).write(0, 40).bytes,
    "reserved bit",
  );
  assertCorrupt(
    start().write(0, 1).write(3, 2).write(0, 1).write(2, 2).write(7, 16)
      .write(0, 40).bytes,
    "superfluous zero byte",
  );
  const copy = (length: number, distance: number, outputLength: number) => {
    const bits = start();
    writeCopy(bits, length, distance, outputLength);
    return bits.write(3, 2).bytes;
  };
  assertCorrupt(copy(25, 1, 25), "beyond the window");
  assertCorrupt(copy(3, 1, 3), "beyond the window");
  assertCorrupt(copy(24, 121 * 32 + 1, 24), "beyond the static dictionary");
  assertCorrupt(copy(4, 1, 3), "a dictionary word exceeds");
  assertCorrupt(
    start().metaBlock(2, 128 + 3 * 8, 16).write(0, 40).bytes,
    "an insert length exceeds",
  );
  assertCorrupt(
    start().metaBlock(5, 128 + 3 * 8 + 7, 16).write(0, 40).bytes,
    "a copy length exceeds",
  );
  // The last distance but one, less 3, twice.
  assertCorrupt(
    start().metaBlock(50, 128 + 3 * 8, 8).write(0, 40).bytes,
    "a distance is not positive",
  );
  const header = () =>
    start().write(0, 1).write(0, 2).write(9, 16).write(0, 4).write(0, 6)
      .write(0, 4);
  assertCorrupt(
    header().write(1, 2).write(1, 2).write(65, 8).write(65, 8).write(0, 40)
      .bytes,
    "duplicate symbol in a prefix code",
  );
  assertCorrupt(
    header().singleSymbol(65, 8).singleSymbol(704, 10).write(0, 40).bytes,
    "invalid symbol in a prefix code",
  );
  // Too few code lengths, then too many.
  assertCorrupt(
    header().write(0, 2).write(0, 40).bytes,
    "incomplete code of code lengths",
  );
  assertCorrupt(
    header().write(0, 2).write(0b0111_011_0111, 11).write(0, 40).bytes,
    "oversubscribed code of code lengths",
  );
  // All symbols have codes of 15 bits, which are too few for 256 symbols.
  assertCorrupt(
    header().write(0, 2).write(0, 34).write(0b0111, 4).write(0, 40).bytes,
    "incomplete prefix code",
  );
  // Codes of two bits, one bit and one bit.
  assertCorrupt(
    header().write(0, 2).write(0b0111_0111, 8).write(0b001, 3).write(0, 40)
      .bytes,
    "oversubscribed prefix code",
  );
  // Nothing but repeated zeros.
  assertCorrupt(
    header().write(0, 2).write(0, 12).write(0b0111, 4).write(0, 62).bytes,
    "more lengths than symbols",
  );
  // A context map that is a run of 65,536 zeros.
  assertCorrupt(
    start().write(0, 1).write(0, 2).write(9, 16).write(0, 4).write(0, 6)
      .write(0, 2).write(1, 1).write(0, 3).write(1, 1).write(15, 4)
      .singleSymbol(16, 5).write(0, 60).bytes,
    "a run of zeros",
  );
});

Deno.test("brotli returns -1 for every target that is too small", () => {
  for (const make of makers) {
    for (const quality of [2, 11]) {
      const data = make(700, 5);
      const src = compress(data, quality);
      for (let size = 0; size < data.length; size++) {
        const dst = new Uint8Array(size + 3).fill(9);
        assertEquals(
          decompressor.decompress(src, dst.subarray(0, size), 0),
          undefined,
        );
        assertEquals(decompressor.decompress(src, dst, 4), undefined);
        assertEquals(dst[0], size === 0 ? 9 : data[0]);
      }
      const exact = new Uint8Array(data.length);
      assertEquals(decompressor.decompress(src, exact, 0), data.length);
      assertEquals(exact, data);
    }
  }
});

Deno.test("brotli does not use bytes before the offset as its window", () => {
  const dst = new Uint8Array(2000).fill(120);
  for (const quality of [0, 5, 11]) {
    const data = htmlText(1500, quality);
    const written = decompressor.decompress(compress(data, quality), dst, 300);
    assertEquals(dst.slice(300, 300 + written!), data);
    assertEquals(dst.slice(0, 300), new Uint8Array(300).fill(120));
  }
  // A copy from before the start is a reference to the dictionary.
  const bits = new BitWriter().write(0, 1);
  writeCopy(bits, 4, 1, 4);
  assertEquals(decompressor.decompress(bits.write(3, 2).bytes, dst, 9), 4);
  assertEquals(new TextDecoder().decode(dst.subarray(9, 13)), "time");
});

Deno.test("brotli decodes a stream in chunks of one byte", () => {
  for (const make of makers) {
    for (const quality of [1, 5, 11]) {
      const data = make(30_000, quality);
      assertEquals(decodeStream(compress(data, quality, 16), [1]), data);
    }
  }
});

Deno.test("brotli decodes a stream in chunks of any sizes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...makers),
      fc.integer({ min: 0, max: 300_000 }),
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 10, max: 24 }),
      fc.array(fc.integer({ min: 1, max: 5000 }), {
        minLength: 1,
        maxLength: 5,
      }),
      (make, length, quality, windowBits, sizes) => {
        const data = make(length, length);
        const output = decodeStream(compress(data, quality, windowBits), sizes);
        assertEquals(output.length, data.length);
        assert(data.every((byte, i) => byte === output[i]));
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("brotli decodes a stream in time that is proportional to its length", () => {
  // A header of 20 KB, one byte at a time, must not be parsed 20,000 times.
  const bits = new BitWriter().write(0, 1).write(0, 1).write(0, 2)
    .write(9, 16).write(0, 1);
  // 256 literal block types: a context map of 16,384 entries.
  bits.write(1, 1).write(7, 3).write(127, 7);
  bits.singleSymbol(0, 9).singleSymbol(25, 5).write(0xffffff, 24);
  bits.write(0, 2).write(0, 6).write(0, 512);
  // Two trees, four bits an entry or more: the code is 0 and 1, both one bit.
  bits.write(1, 1).write(0, 3).write(0, 1).write(1, 2).write(1, 2)
    .write(0, 1).write(1, 1);
  const random = randomNumbers(1);
  for (let i = 0; i < 16_384; i++) bits.write(random(2), 1);
  bits.write(0, 1).write(0, 1);
  bits.singleSymbol(97, 8).singleSymbol(98, 8);
  // Insert ten bytes: code 8, whose two extra bits are 0.
  bits.singleSymbol(256, 10).singleSymbol(16, 6).write(0, 2);
  const src = bits.write(3, 2).bytes;
  const expected = new Uint8Array(brotliDecompressSync(src));
  assertEquals(expected.length, 10);
  const start = performance.now();
  assertEquals(decodeStream(src, [1]), expected);
  assert(performance.now() - start < 2000);
});

Deno.test("brotli emits what it can before the stream ends", () => {
  const data = htmlText(20_000, 8);
  const src = compress(data, 5);
  const decoder = brotliEngine.createDecoder!();
  let emitted = 0;
  const count = (bytes: Uint8Array) => emitted += bytes.length;
  decoder.push(src.subarray(0, src.length - 1), false, count);
  assert(emitted > 19_900);
  decoder.push(new Uint8Array(0), false, count);
  decoder.push(src.subarray(src.length - 1), false, count);
  assertEquals(emitted, 20_000);
  decoder.push(new Uint8Array(0), true, count);
  assertEquals(emitted, 20_000);
});

Deno.test("brotli rejects a stream that ends too early or too late", () => {
  const src = compress(htmlText(1000, 9), 5);
  for (let length = 0; length < src.length; length += 5) {
    const decoder = brotliEngine.createDecoder!();
    decoder.push(src.subarray(0, length), false, () => {});
    assertThrows(
      () => decoder.push(new Uint8Array(0), true, () => {}),
      CorruptDataError,
      "unexpected end of data",
    );
  }
  const decoder = brotliEngine.createDecoder!();
  decoder.push(src, false, () => {});
  assertThrows(
    () => decoder.push(Uint8Array.of(0), false, () => {}),
    CorruptDataError,
    "unexpected data after its end",
  );
});

Deno.test("brotli streams wrap around a window that is smaller than their output", () => {
  // Long matches far back, words and literals across the end of the ring.
  const text = htmlText(50_000, 4);
  const data = new Uint8Array(300_000);
  const random = randomNumbers(6);
  for (let at = 0; at < data.length;) {
    const from = random(text.length - 700);
    const piece = text.subarray(from, from + 1 + random(700));
    data.set(piece.subarray(0, data.length - at), at);
    at += piece.length;
  }
  for (const windowBits of [10, 15, 16, 17, 18]) {
    const output = decodeStream(compress(data, 5, windowBits), [777]);
    assertEquals(output.length, data.length);
    assert(data.every((byte, i) => byte === output[i]));
  }
});
