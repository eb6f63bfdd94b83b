/**
 * Damage of every kind to files of every codec. Undamaged documents must come out
 * unchanged, and everything else must be reported. With `BINFILES_DAMAGE=all`
 * every byte of every fixture is flipped.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type CodecName, compress } from "../../codec/mod.ts";
import { Doc, encodeRecord, RecordError, repack } from "../../doc/mod.ts";
import { concat, randomBytes, text } from "../support/bytes.ts";
import {
  complaint,
  cut,
  type Damaged,
  duplicate,
  flip,
  type Range,
  remove,
  repackInMemory,
  same,
  type Sample,
  sampleOf,
  swap,
  zero,
} from "../support/damage.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
} from "../support/files.ts";
import {
  contentKinds,
  keyKinds,
  makeFile,
} from "../support/misleading_files.ts";
import { Random } from "../fuzz/random.ts";

const all = Deno.env.get("BINFILES_DAMAGE") === "all";

const codecs: CodecName[] = [
  "none",
  "gzip",
  "brotli",
  "bzip2",
  "lz4",
  "xz",
  "zstd",
];

/** Codecs whose checksums cover every content. */
const checked: CodecName[] = ["gzip", "bzip2", "lz4", "xz", "zstd"];

const plain = sampleOf(Deno.readFileSync(fixture("none.bin")), "none");

function fixtureOf(codec: CodecName): Sample {
  if (codec !== "zstd") {
    return sampleOf(Deno.readFileSync(fixture(`${codec}.bin`)), codec);
  }
  const records = plain.records.map(({ key, content }) =>
    encodeRecord(key, compress(content, codec))
  );
  return sampleOf(concat(...records), codec);
}

/** Asserts what recovery finds in a damaged file. */
async function check(
  sample: Sample,
  damaged: Damaged,
  blockSize?: number,
): Promise<void> {
  const outcome = await repackInMemory(damaged.bytes, sample.codec, true, {
    blockSize,
  });
  const problem = complaint(sample, damaged, outcome);
  assert(problem === undefined, `${damaged.what}: ${problem}`);
  await checkStrict(sample, damaged);
}

/** Asserts that without recovery there is an error at or behind the damage, or none that could be noticed. */
async function checkStrict(sample: Sample, damaged: Damaged): Promise<void> {
  const { kept, error } = await repackInMemory(
    damaged.bytes,
    sample.codec,
    false,
  );
  const { what, pieces } = damaged;
  if (error !== undefined) {
    const first = sample.records.findIndex(({ end }) => end > pieces[0].end);
    const start = sample.records[first]?.start ?? sample.bytes.length;
    assert(pieces[0].start > 0 || error.offset! >= start, `${what}: ${error}`);
    return;
  }
  if (!checked.includes(sample.codec)) return;
  // Contents are unchanged; keys have no checksums.
  for (const { content } of kept) {
    const isKnown = sample.records.some((record) =>
      same(record.content, content)
    );
    assert(isKnown, `${what}: a changed content was not noticed`);
  }
}

/** A range of a random place and size. */
function anyRange(random: Random, from: number, to: number): Range {
  const start = from + random.below(to - from);
  const longest = [10, 100, 1000, 5000, 20_000][random.below(5)];
  return { start, end: Math.min(to, start + 1 + random.below(longest)) };
}

function anyDamage({ bytes }: Sample, random: Random): Damaged {
  const range = anyRange(random, 0, bytes.length);
  switch (random.below(4)) {
    case 0:
      return zero(bytes, range);
    case 1:
      return remove(bytes, range);
    case 2:
      return duplicate(bytes, range);
    default:
      return range.end < bytes.length
        ? swap(bytes, range, anyRange(random, range.end, bytes.length))
        : remove(bytes, range);
  }
}

/** Offsets of all bytes of sizes. */
function sizeBytes({ records }: Sample): number[] {
  return records.flatMap(({ start, key }) =>
    [start, start + 4 + key.length].flatMap((
      at,
    ) => [at, at + 1, at + 2, at + 3])
  );
}

for (const codec of codecs) {
  const sample = fixtureOf(codec);
  const { bytes } = sample;
  const isSlow = codec === "bzip2" || codec === "xz" || codec === "brotli";
  const samples = codec === "none" ? 200 : 60;

  Deno.test(`a flipped byte of ${codec} costs at most its own document`, async () => {
    const random = new Random(1);
    const step = all ? 1 : Math.ceil(bytes.length / samples);
    for (let at = random.below(step); at < bytes.length; at += step) {
      const blockSize = all || random.below(2)
        ? undefined
        : 512 << random.below(8);
      await check(sample, flip(bytes, at, 1 + random.below(255)), blockSize);
    }
  });

  Deno.test(`a corrupt size field of ${codec} costs at most its own document`, async () => {
    const random = new Random(2);
    for (const [i, at] of sizeBytes(sample).entries()) {
      if (!all && isSlow && i % 4 !== random.below(4)) continue;
      const masks = all
        ? Array.from({ length: 255 }, (_, i) => i + 1)
        : [1 + random.below(255)];
      for (const mask of masks) await check(sample, flip(bytes, at, mask));
    }
  });

  Deno.test(`a truncated file of ${codec} keeps every whole document`, async () => {
    const step = all ? 1 : Math.ceil(bytes.length / (samples / 2));
    for (let length = 0; length < bytes.length; length += step) {
      await check(sample, cut(bytes, length));
    }
  });

  Deno.test(`zeroed, deleted, repeated or exchanged ranges of ${codec} cost no other document`, async () => {
    const random = new Random(3);
    for (let i = 0; i < (all ? 20_000 : samples); i++) {
      await check(sample, anyDamage(sample, random));
    }
  });
}

/** A file of plain documents, and its records. */
function plainFile(docs: Doc[]): Sample {
  const records = docs.map(({ key, content }) => encodeRecord(key, content));
  return sampleOf(concat(...records), "none");
}

/** Corrupts the size field of a content of a plain file. */
function resize(
  { bytes, records }: Sample,
  index: number,
  size: number,
): Damaged {
  const changed = bytes.slice();
  const at = records[index].start + 4 + records[index].key.length;
  new DataView(changed.buffer).setInt32(at, size, true);
  const pieces = [
    { start: 0, end: at, at: 0 },
    { start: at + 4, end: bytes.length, at: at + 4 },
  ];
  return { what: `size of ${index} is ${size}`, bytes: changed, pieces };
}

Deno.test("a size field that is corrupt by exactly the next records is noticed if keys are numbered", async () => {
  const sample = plainFile(numberedDocs(40));
  const { records } = sample;
  for (const index of [0, 7, 20, 35]) {
    for (const overlapped of [1, 2, 4]) {
      const { end } = records[index + overlapped];
      const size = end - records[index].end + records[index].content.length;
      await check(sample, resize(sample, index, size));
    }
  }
});

Deno.test("a corrupt size field costs no neighbor, with keys and contents that people have", async () => {
  const word = (random: Random) =>
    ["quick", "brown", "fox", "lazy", "dog", "über"][random.below(6)];
  const makeKey: ((random: Random, index: number) => string)[] = [
    (random, i) =>
      `https://${word(random)}.example.org/${word(random)}?id=${i}`,
    (random) => `src/${word(random)}/${word(random)}_${random.below(1e6)}.txt`,
    (_, i) => `${100_000 + 17 * i}`,
  ];
  const makeContent: ((random: Random) => Uint8Array | string)[] = [
    (random) => text(random.below(3000), random.below(1e6)),
    (random) => JSON.stringify({ id: random.below(1e6), [word(random)]: 1.5 }),
    (random) => randomBytes(1 + random.below(2000), random.below(1e6)),
  ];
  for (const key of makeKey) {
    for (const content of makeContent) {
      const random = new Random(21);
      const docs = Array.from(
        { length: 30 },
        (_, i) => new Doc(key(random, i), content(random)),
      );
      const sample = plainFile(docs);
      const ends = new Set(sample.records.map(({ end }) => end));
      for (const at of sizeBytes(sample)) {
        const damaged = flip(sample.bytes, at, 1 + random.below(255));
        // A record that ends where another one does hides the records between.
        const view = new DataView(damaged.bytes.buffer);
        const hides = sample.records.some(({ start, key, end }) => {
          const size = view.getInt32(start + 4 + key.length, true);
          const claimed = start + 8 + key.length + size;
          return claimed !== end && ends.has(claimed);
        });
        if (!hides) await check(sample, damaged);
      }
    }
  }
});

Deno.test("a key size that is corrupt by whole records costs no other document, with binary keys", async () => {
  for (const codec of ["gzip", "brotli", "zstd"] as const) {
    const docs = numberedDocs(20).map(({ content }, i) =>
      new Doc(new Uint8Array([i + 20, 0, 0, 0, 0, 0, 0, 0]), content)
    );
    const sample = sampleOf(
      concat(
        ...docs.map(({ key, content }) =>
          encodeRecord(key, compress(content, codec))
        ),
      ),
      codec,
    );
    const { bytes, records } = sample;
    for (const [i, { start }] of records.entries()) {
      const next = records[i + 1];
      if (next === undefined) break;
      const changed = bytes.slice();
      const size = next.start + 4 + next.key.length - start - 4;
      if (size > 1000) continue;
      new DataView(changed.buffer).setInt32(start, size, true);
      const pieces = [
        { start: 0, end: start, at: 0 },
        { start: start + 4, end: bytes.length, at: start + 4 },
      ];
      await check(sample, {
        what: `${codec}: key size ${size}`,
        bytes: changed,
        pieces,
      });
    }
  }
});

Deno.test("documents that are bin files stay whole, and nothing is reported", async () => {
  const inner = plainFile(numberedDocs(30)).bytes;
  const docs = numberedDocs(20).flatMap((doc, i) => [
    doc,
    new Doc(`key-${i}.bin`, inner.subarray(0, inner.length - i % 3)),
    new Doc(`response-${i}`, concat(doc.content, inner)),
  ]);
  const sample = plainFile(docs);
  for (const skips of [true, false]) {
    const { kept, skipped } = await repackInMemory(sample.bytes, "none", skips);
    assertEquals(skipped, []);
    assertEquals(kept.length, docs.length);
    for (const [i, { content }] of kept.entries()) {
      assert(same(content, docs[i].content));
    }
  }
});

Deno.test("documents that are bin files stay whole when the next record is damaged", async () => {
  const inner = plainFile(numberedDocs(12)).bytes;
  const docs = numberedDocs(20).map((doc, i) =>
    i % 2 ? doc : new Doc(`file-${i}`, inner)
  );
  const sample = plainFile(docs);
  for (let index = 1; index < 20; index += 2) {
    const { start } = sample.records[index];
    for (const mask of [0x40, 0x80, 0xff]) {
      await check(sample, flip(sample.bytes, start + 3, mask));
    }
  }
});

Deno.test("a damaged package is an error; recovery keeps every document before the damage", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  const docs = outline(readBinFile(fixture("none.bin"), "none"));
  for (const packageCodec of ["gzip", "bzip2", "lz4", "xz", "zstd"] as const) {
    await repack({ source: fixture("none.bin"), target, packageCodec });
    const whole = Deno.readFileSync(target);
    Deno.removeSync(target);
    const random = new Random(4);
    for (let i = 0; i < 4; i++) {
      // Behind the magic number, by which a package is recognized.
      const at = 20 + random.below(whole.length - 20);
      const { bytes } = i % 2 ? cut(whole, at) : flip(whole, at, 0x55);
      Deno.writeFileSync(source, bytes);
      const options = {
        ...{ source, target, workers: 1 },
        sourceCodec: "none",
      } as const;
      const passes = await repack(options).then(() => true, () => false);
      // Some bits of a package have no meaning.
      if (passes) {
        assertEquals(outline(readBinFile(target, "none")), docs);
        Deno.removeSync(target);
        continue;
      }
      assertEquals(directory.list(), ["source.bin"]);
      const result = await repack({ ...options, skipErrors: true });
      assert(result.skipped.length > 0);
      const kept = outline(readBinFile(target, "none"));
      // The last one may be truncated. A flip may have changed contents: they are
      // decompressed before their checksum is compared.
      const sure = kept.slice(0, -1);
      if (i % 2) assertEquals(sure, docs.slice(0, sure.length));
      Deno.removeSync(target);
    }
  }
});

Deno.test("the command names the offset of damage and exits with 1, or skips it and exits with 3", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source.bin");
  const target = directory.file("target.bin");
  for (const codec of ["none", "gzip", "xz"] as const) {
    const sample = fixtureOf(codec);
    const { start } = sample.records[5];
    Deno.writeFileSync(source, flip(sample.bytes, start + 3, 0x70).bytes);
    await assertRejects(
      () => repack({ source, target, sourceCodec: codec }),
      RecordError,
      `offset ${start} `,
    );
    const run = (...args: string[]) =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          new URL("../../cli/repack.ts", import.meta.url).pathname,
          ...[source, target, "-i", codec, "-w", "1", ...args],
        ],
        env: { NO_COLOR: "1" },
      }).output();
    const strict = await run();
    assertEquals(strict.code, 1);
    const message = new TextDecoder().decode(strict.stderr);
    assert(message.includes(`offset ${start} `), message);
    assertEquals(directory.list(), ["source.bin"]);
    assertEquals((await run("--skip-errors", "-q")).code, 3);
    const expected = outline(readBinFile(fixture("none.bin"), "none"));
    expected.splice(5, 1);
    assertEquals(outline(readBinFile(target, "none")), expected);
    Deno.removeSync(target);
  }
});

for (const codec of ["none", "gzip", "brotli"] as const) {
  Deno.test(`recovery loses nothing of an undamaged file of ${codec}, whatever its keys and contents`, async () => {
    for (const makeKey of Object.values(keyKinds)) {
      for (const makeContent of Object.values(contentKinds)) {
        const random = new Random(15);
        for (let file = 0; file < (codec === "none" ? 10 : 1); file++) {
          const { records } = makeFile(makeKey, makeContent, random, 40);
          const sample = sampleOf(
            concat(
              ...records.map(({ key, content }) =>
                encodeRecord(key, compress(content, codec))
              ),
            ),
            codec,
          );
          const { kept, error } = await repackInMemory(
            sample.bytes,
            codec,
            true,
            {},
          );
          assertEquals(error, undefined);
          assertEquals(
            kept.map(({ start, end }) => [start, end]),
            sample.records.map(({ start, end }) => [start, end]),
          );
        }
      }
    }
  });
}
