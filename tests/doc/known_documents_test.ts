/**
 * Damage to files whose documents are known by their checksums. The files are
 * misleading: documents are bin files, even of copies of the file's own
 * documents, or small integers, which look like sizes; keys are empty or binary.
 * Undamaged documents must come out all the same.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  Doc,
  encodeRecord,
  FileError,
  memorySource,
  merge,
  openFile,
  RecordScanner,
  repack,
  repackDirectory,
  scan,
  unpack,
} from "../../doc/mod.ts";
import { KnownDocuments } from "../../doc/damage/known_documents.ts";
import { recordSize } from "../../doc/format/record.ts";
import { SumCollector } from "../../doc/format/sums.ts";
import { concat, randomBytes, text } from "../support/bytes.ts";
import { runCommand } from "../support/command.ts";
import {
  type Damaged,
  duplicate,
  flip,
  type Found,
  intact,
  remove,
  repackInMemory,
  same,
  type Sample,
  tilingProblem,
  zero,
} from "../support/damage.ts";
import {
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import {
  contentKinds,
  fileOf,
  keyKinds,
  makeFile,
} from "../support/misleading_files.ts";
import { Random } from "../fuzz/random.ts";

const encoder = new TextEncoder();

/** The checksum file of records. */
function sumsOf(records: Found[]): Uint8Array {
  const sums = new SumCollector();
  for (const { key, content } of records) {
    sums.add(key, 0, key.length, content, 0, content.length);
  }
  return concat(encoder.encode("binsums1"), sums.entries);
}

/** Known documents in a file of a size, by the checksums of records. */
function knownOf(records: Found[], size: number): KnownDocuments {
  return KnownDocuments.of(size, memorySource(sumsOf(records)));
}

/** Asserts that undamaged documents come out, and that the rest is reported. */
async function check(
  sample: Sample,
  damaged: Damaged,
  { summed = sample, blockSize }: { summed?: Sample; blockSize?: number } = {},
): Promise<void> {
  const { what, bytes } = damaged;
  const known = knownOf(summed.records, bytes.length);
  const outcome = await repackInMemory(bytes, "none", true, {
    known,
    blockSize,
  });
  assertEquals(outcome.error, undefined, what);
  assertEquals(tilingProblem(outcome, bytes.length), undefined, what);
  for (const record of intact(summed, damaged)) {
    const found = outcome.kept
      .find(({ start, end }) => start < record.end && end > record.start)!;
    if (found?.start === record.start && found.end === record.end) continue;
    // Where bytes repeat, a damaged document may be found whole at the cost of
    // this one.
    const isAsGood = found !== undefined && summed.records.some((other) =>
      same(other.key, found.key) && same(other.content, found.content)
    ) && damaged.pieces.length > 1 && bytes.length !== sample.bytes.length;
    assert(isAsGood, `${what}: the document at ${record.start} is lost`);
  }
}

for (const [keys, makeKey] of Object.entries(keyKinds)) {
  Deno.test(`a corrupt size field costs no other known document, with ${keys}`, async () => {
    for (const makeContent of Object.values(contentKinds)) {
      const random = new Random(11);
      const sample = makeFile(makeKey, makeContent, random, 14);
      for (const { start, key } of sample.records) {
        for (const field of [start, start + 4 + key.length]) {
          for (let i = 0; i < 4; i++) {
            for (const mask of [1 << random.below(8), 1 + random.below(255)]) {
              await check(sample, flip(sample.bytes, field + i, mask), {
                blockSize: random.below(2) ? undefined : 512,
              });
            }
          }
        }
      }
    }
  });

  Deno.test(`zeroed, deleted or repeated ranges cost no other known document, with ${keys}`, async () => {
    for (const makeContent of Object.values(contentKinds)) {
      const random = new Random(12);
      const sample = makeFile(makeKey, makeContent, random, 14);
      const { length } = sample.bytes;
      for (let i = 0; i < 60; i++) {
        const start = random.below(length - 1);
        const size = 1 + random.below([4, 20, 100, 1000][random.below(4)]);
        const range = { start, end: Math.min(length, start + size) };
        const damage = [zero, remove, duplicate][random.below(3)];
        await check(sample, damage(sample.bytes, range));
      }
    }
  });
}

Deno.test("any flipped byte of a misleading file costs no other document", async () => {
  for (const makeKey of Object.values(keyKinds)) {
    const random = new Random(13);
    const sample = makeFile(
      makeKey,
      contentKinds["all of these"],
      random,
      9,
    );
    for (let at = 0; at < sample.bytes.length; at++) {
      await check(sample, flip(sample.bytes, at, 1 + random.below(255)));
    }
  }
});

Deno.test("known documents come out if half of the documents are newer than the checksums", async () => {
  for (const makeKey of Object.values(keyKinds)) {
    for (const makeContent of Object.values(contentKinds)) {
      const random = new Random(14);
      const sample = makeFile(makeKey, makeContent, random, 14);
      const summed = { ...sample, records: sample.records.slice(0, 7) };
      for (const { start, key } of summed.records) {
        for (const at of [start, start + 4 + key.length]) {
          const damaged = flip(sample.bytes, at, 1 + random.below(255));
          await check(sample, damaged, { summed });
        }
      }
    }
  }
});

Deno.test("documents newer than the checksums are kept, whatever copies they contain", async () => {
  const docs = numberedDocs(12);
  const old = fileOf(docs);
  const copies = [
    new Doc("backup.bin", old.bytes),
    new Doc("response", concat(text(30), old.bytes, text(30))),
    new Doc("some.bin", old.bytes.subarray(old.records[3].start)),
    new Doc("one more", text(100)),
  ];
  const sample = fileOf([...docs, ...copies]);
  const known = () => knownOf(old.records, sample.bytes.length);
  const whole = await repackInMemory(sample.bytes, "none", true, {
    known: known(),
  });
  assertEquals([whole.kept.length, whole.skipped], [16, []]);
  const damaged = flip(sample.bytes, sample.records[5].start + 3, 0x70);
  const { kept, skipped } = await repackInMemory(damaged.bytes, "none", true, {
    known: known(),
  });
  assertEquals([kept.length, skipped.length], [15, 1]);
  // Damage behind a document does not make documents of its copies.
  const last = flip(sample.bytes, sample.records[15].start + 3, 0x70);
  const rest = await repackInMemory(last.bytes, "none", true, {
    known: known(),
  });
  assertEquals([rest.kept.length, rest.skipped.length], [15, 1]);
});

Deno.test("records that look like a bin file within a document are found by their checksums", async () => {
  const fixed = (key: number) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt32(0, key, true);
    return new Doc(new Uint8Array(view.buffer), text(40, key));
  };
  const size = recordSize(8, 40);
  for (const overlapped of [1, 2, 6]) {
    // Without its size, the key is the size of a content, and the rest are records.
    const docs = [1, 2, 3, size * (overlapped + 1) - 8, 5, 6, 7, 8, 9, 10];
    const sample = fileOf(docs.map(fixed));
    await check(sample, flip(sample.bytes, sample.records[3].start, 8));
    // With a larger one, a content ends where the size of another is.
    const numbers = new Int32Array(10).fill(size * overlapped);
    const number = new Doc("name", new Uint8Array(numbers.buffer));
    const other = fileOf(docs.map(fixed).with(3, number));
    await check(other, flip(other.bytes, other.records[3].start, 4 ^ 44));
  }
});

Deno.test("checksums of other files change nothing", async () => {
  const other = makeFile(
    (i) => encoder.encode(`other-${i}`),
    contentKinds.text,
    new Random(15),
    20,
  );
  for (const makeContent of Object.values(contentKinds)) {
    const random = new Random(16);
    const sample = makeFile(keyKinds["random keys"], makeContent, random, 12);
    for (let i = 0; i < 40; i++) {
      const at = random.below(sample.bytes.length);
      const { bytes } = flip(sample.bytes, at, 0x41);
      const known = knownOf(other.records, bytes.length);
      assertEquals(
        await repackInMemory(bytes, "none", true, { known }),
        await repackInMemory(bytes, "none", true),
      );
    }
  }
});

/** Bytes every four of which are a record with a known key and a large content. */
function misleading(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * count));
  for (let i = 0; i < count; i++) view.setInt32(8 * i + 4, 4 * count, true);
  return new Uint8Array(view.buffer);
}

Deno.test("work grows no faster than the file, however many places resemble known documents", async () => {
  for (const count of [10_000, 40_000]) {
    const docs = numberedDocs(3).map(({ content }) => new Doc("", content));
    const { bytes, records } = fileOf(docs);
    // Records with corrupt sizes that each contain a known document and the next of them.
    const corrupt = Array.from({ length: count / 100 }, (_, i) => {
      const size = (count / 100 - i) * (8 + records[0].end) + 4 * count;
      return concat(
        encodeRecord(new Uint8Array(0), new Uint8Array(size)).subarray(0, 8),
        bytes.subarray(0, records[0].end),
      );
    });
    const hostile = concat(
      bytes,
      new Uint8Array(4).fill(0xff),
      ...corrupt,
      misleading(count),
      bytes,
    );
    const known = knownOf(records, hostile.length);
    const { error } = await repackInMemory(hostile, "none", true, { known });
    assertEquals(error, undefined);
    assert(known.looked < 2 ** 20 + 40 * hostile.length, `${known.looked}`);
  }
});

/** Writes a file with checksums beside it. */
async function writeSummed(
  directory: TemporaryDirectory,
  docs: Doc[],
): Promise<string> {
  const source = directory.file("plain.bin");
  const path = directory.file("docs.bin");
  writeBinFile(source, docs);
  await repack({ source, target: path, sums: true, force: true });
  Deno.removeSync(source);
  return path;
}

/** Offset of each document of a plain file, and its end. */
function offsetsOf(docs: Doc[]): number[] {
  const offsets = [0];
  for (const { key, content } of docs) {
    offsets.push(offsets.at(-1)! + recordSize(key.length, content.length));
  }
  return offsets;
}

/** Corrupts the size of a document, so that it overlaps `count` records. */
function overlap(path: string, docs: Doc[], index: number, count: number) {
  const bytes = Deno.readFileSync(path);
  const offsets = offsetsOf(docs);
  const { key, content } = docs[index];
  const more = offsets[index + 1 + count] - offsets[index + 1];
  new DataView(bytes.buffer)
    .setInt32(offsets[index] + 4 + key.length, content.length + more, true);
  Deno.writeFileSync(path, bytes);
}

/** Documents whose keys are not in order, and an empty one. */
function manyDocs(count: number): Doc[] {
  return numberedDocs(count).map(({ content }, i) =>
    new Doc(`${i * 7919 % count}`, i === 5 ? "" : content)
  );
}

Deno.test("every job finds the checksums beside a plain file, with any number of threads", async () => {
  using directory = new TemporaryDirectory();
  const docs = manyDocs(2200);
  const path = await writeSummed(directory, docs);
  // The first of them is empty, and becomes a bin file of the next ones.
  overlap(path, docs, 5, 3);
  // More than a block, which is not read whole to count records.
  overlap(path, docs, 500, 1400);
  const expected = outline(docs.toSpliced(500, 1).toSpliced(5, 1));
  const skips = { skipErrors: true };
  const target = directory.file("target.bin");
  for (const workers of [1, 2, 3]) {
    for (const targetCodec of ["none", "gzip"] as const) {
      const options = { source: path, target, workers, targetCodec, ...skips };
      const { skipped } = await repack({ ...options, force: true });
      assertEquals(skipped.length, 2);
      assertEquals(outline(readBinFile(target)), expected);
    }
    for (const keysOnly of [true, false]) {
      const result = await scan({ source: path, workers, keysOnly, ...skips });
      assertEquals(result.documents, 2198);
    }
  }
  const merged = await merge({
    sources: [path, path],
    target,
    force: true,
    duplicates: "last",
    ...skips,
  });
  assertEquals(merged.documents, 2198);
  const { documents } = await unpack({
    source: path,
    target: directory.file("unpacked"),
    ...skips,
  });
  assertEquals(documents, 2198);
  const { stdout } = await runCommand(["list", "-k", "--skip-errors", path]);
  assertEquals(stdout.split("\n").length - 1, 2198);
});

Deno.test("a large known document is kept although the next record is damaged", async () => {
  using directory = new TemporaryDirectory();
  const large = new Doc("large", randomBytes(5 * 1024 * 1024));
  const docs = numberedDocs(20).toSpliced(10, 0, large);
  const path = await writeSummed(directory, docs);
  const file = openFile(path);
  const bytes = Deno.readFileSync(path);
  const sums = openFile(`${path}.sums`);
  const start = offsetsOf(docs)[11];
  bytes.fill(0xff, start, start + 8);
  const source = memorySource(bytes);
  const walk = (known?: KnownDocuments) => {
    const scanner = new RecordScanner(source, { skipErrors: true, known });
    const names: string[] = [];
    while (scanner.next()) names.push(scanner.name());
    return [names.length, names.includes("large")];
  };
  assertEquals(walk(KnownDocuments.of(file.size, sums)), [20, true]);
  assertEquals(walk(), [19, false]);
  for (const opened of [file, sums]) opened.close();
});

Deno.test("checksums that cannot be used are reported, and recovery goes on without them", async () => {
  using directory = new TemporaryDirectory();
  const path = await writeSummed(directory, numberedDocs(50));
  const target = directory.file("target.bin");
  const written = Deno.readFileSync(`${path}.sums`);
  for (const bytes of [written.subarray(0, 100), text(100)]) {
    Deno.writeFileSync(`${path}.sums`, bytes);
    const warnings: string[] = [];
    const options = {
      source: path,
      target,
      force: true,
      onWarning: (message: string) => void warnings.push(message),
    };
    await repack(options);
    assertEquals(warnings, []);
    await repack({ ...options, skipErrors: true });
    assertEquals(warnings.length, 1);
    assert(
      warnings[0].includes(`${path}.sums: it is not a complete checksum file`),
    );
    assertEquals(outline(readBinFile(target)), outline(numberedDocs(50)));
    assertThrows(
      () => KnownDocuments.of(1000, memorySource(bytes)),
      FileError,
    );
  }
  for (const command of [["count", path], ["list", path], ["read", path]]) {
    const outcome = await runCommand([...command, "--skip-errors"]);
    assertEquals(outcome.code, 0);
    assert(
      outcome.stderr.includes(
        "docs.bin.sums: it is not a complete checksum file",
      ),
    );
  }
  const warnings: string[] = [];
  await repackDirectory({
    source: directory.path,
    target: directory.file("directory"),
    skipErrors: true,
    onWarning: (message) => void warnings.push(message),
  });
  assertEquals(warnings.length, 1);
});

Deno.test("seek finds a known document, not what looks like a record before it", async () => {
  using directory = new TemporaryDirectory();
  const docs = manyDocs(100);
  const path = await writeSummed(directory, docs);
  overlap(path, docs, 50, 3);
  const offsets = offsetsOf(docs);
  const { stdout } = await runCommand(["seek", path, `${offsets[50]}`]);
  assertEquals(stdout.split("\t")[0], `${offsets[51]}`);
});
