import { concatenate } from "../../codec/bytes.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  compressDoc,
  Doc,
  DocWriter,
  encodeRecord,
  FileError,
  RecordError,
  repack,
} from "../../doc/mod.ts";
import { SUMS_SUFFIX } from "../../doc/format/sums.ts";
import { findTornRecord } from "../../doc/target/torn_record.ts";
import { runCommand } from "../support/command.ts";
import {
  fixture,
  numberedDocs,
  outline,
  readBinFile,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { OpenWriter } from "../support/open_writer.ts";

const KEY_SIZE_LIMIT = 1000;

/** Encodes uncompressed documents as records. */
function recordsOf(docs: readonly Doc[]): Uint8Array[] {
  return docs.map(({ key, content }) => encodeRecord(key, content));
}

Deno.test("appending to a file that was cut anywhere removes the torn record, and nothing else", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const doc = fc.record({
    key: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    // Sizes for which keys can be confused with contents.
    content: fc.uint8Array({ minLength: 0, maxLength: 40 }),
  });
  fc.assert(
    fc.property(
      fc.array(doc, { minLength: 1, maxLength: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (pairs, where) => {
        const records = pairs
          .map(({ key, content }) => encodeRecord(key, content));
        const whole = concatenate(records);
        const size = Math.floor(where * whole.length);
        Deno.writeFileSync(path, whole.subarray(0, size));
        let end = 0;
        let kept = 0;
        while (kept < records.length && end + records[kept].length <= size) {
          end += records[kept++].length;
        }
        let writer;
        try {
          writer = new DocWriter(path, { append: true, codec: "none" });
        } catch (error) {
          // A torn record whose content looks like records is left unchanged.
          assertInstanceOf(error, RecordError);
          assertEquals((error as RecordError).offset, end);
          assertEquals(Deno.readFileSync(path), whole.slice(0, size));
          return;
        }
        writer.write(new Doc("last", "one"));
        writer.close();
        assertEquals(
          writer.cut,
          end === size ? undefined : { offset: end, size: size - end },
        );
        assertEquals(
          Deno.readFileSync(path),
          concatenate([
            whole.subarray(0, end),
            ...recordsOf([new Doc("last", "one")]),
          ]),
        );
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("appending to a file of many megabytes that was cut anywhere removes the torn record", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  for (const codec of ["none", "gzip", "lz4"] as const) {
    const docs = numberedDocs(200).map((doc) => compressDoc(doc, codec));
    const few = concatenate(recordsOf(docs));
    const copies = Math.ceil(1.5 * 1024 * 1024 / few.length);
    const whole = concatenate(Array(copies).fill(few));
    const ends = [0];
    for (const record of recordsOf(docs).toReversed()) {
      ends.push(ends.at(-1)! + record.length);
    }
    for (let i = 0; i < 40; i++) {
      const missing = i * 97 + (i % 3);
      Deno.writeFileSync(path, whole.subarray(0, whole.length - missing));
      const end = whole.length - ends.find((end) => end >= missing)!;
      const size = whole.length - missing - end;
      assertEquals(
        findTornRecord(path, { keySizeLimit: KEY_SIZE_LIMIT }),
        size === 0 ? undefined : { offset: end, size },
      );
    }
  }
});

Deno.test("small records that are cut after a key are not misread as alternating contents and keys", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const record = encodeRecord(new Uint8Array(12).fill(65), new Uint8Array(30));
  const whole = concatenate(Array(40_000).fill(record));
  assertGreater(whole.length, 1024 * 1024);
  // Without the size and the content of the last record.
  Deno.writeFileSync(path, whole.subarray(0, whole.length - 34));
  assertEquals(
    findTornRecord(path, { keySizeLimit: KEY_SIZE_LIMIT }),
    { offset: whole.length - record.length, size: 16 },
  );
});

Deno.test("a file that is corrupt before its end is not appended to and stays unchanged", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const offsets = writeBinFile(path, numberedDocs(100));
  const bytes = Deno.readFileSync(path);
  // An invalid size, then one that exceeds the file.
  for (const byte of [0xff, 0x3f]) {
    const damaged = bytes.slice();
    damaged[offsets[50] + 4 + "key-50".length + 3] = byte;
    Deno.writeFileSync(path, damaged);
    const error = assertThrows(
      () => new DocWriter(path, { append: true, codec: "none" }),
      RecordError,
      "recover",
    );
    assertEquals([error.file, error.offset], [path, offsets[50]]);
    assertEquals(Deno.readFileSync(path), damaged);
  }
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("records are not appended to a package", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin.gz");
  for (const codec of ["gzip", "xz", "bzip2"]) {
    Deno.copyFileSync(fixture(`none.bin.${codec}`), path);
    const before = Deno.readFileSync(path);
    for (const options of [{}, { force: true }, { codec: "none" as const }]) {
      assertThrows(
        () => new DocWriter(path, { append: true, ...options }),
        FileError,
        `Cannot append to ${path}: its package codec is ${codec}, not none`,
      );
    }
    assertEquals(Deno.readFileSync(path), before);
    assertEquals(directory.list(), ["docs.bin.gz"]);
  }
});

Deno.test("documents that a killed process flushed are kept, and the torn record after them is removed", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(5));
  const other = await OpenWriter.start(path, { append: true }, 20);
  await other.kill();
  const { size } = Deno.statSync(path);
  // A torn record that looks like complete ones. Only the position at which the
  // killed process started to write tells that they are not.
  const inner = concatenate(recordsOf(numberedDocs(9)));
  const torn = encodeRecord(new Uint8Array(3), concatenate([inner, inner]))
    .subarray(0, 4 + 3 + 4 + inner.length);
  Deno.writeFileSync(path, torn, { append: true });
  const { code, stderr } = await runCommand(
    ["package", "pool", path, "--append", "-z", "none"],
  );
  assertEquals(code, 0, stderr);
  assert(
    stderr.includes(
      `removed ${
        torn.length.toLocaleString("en-US")
      } bytes at offset ${size} of ${path}`,
    ),
    stderr,
  );
  assertEquals(
    outline(readBinFile(path)).slice(0, 25),
    outline([...numberedDocs(5), ...numberedDocs(20)]),
  );
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("a package command that is killed while it appends has appended nothing", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  writeBinFile(path, numberedDocs(5));
  const before = Deno.readFileSync(path);
  const unfinished = {
    kind: "append",
    size: before.length,
    inode: Deno.statSync(path).ino,
    keySizeLimit: KEY_SIZE_LIMIT,
    end: before.length + 1000,
  };
  const journal = directory.file(".docs.bin.journal");
  const more = encodeRecord(new Uint8Array(3), new Uint8Array(500));
  Deno.writeFileSync(path, more, { append: true });
  Deno.writeTextFileSync(journal, JSON.stringify(unfinished));
  // Whatever the next process does, even if it fails.
  const failing = repack({ source: "deno.json", target: path, force: true });
  await failing.catch(() => {});
  assertEquals(Deno.readFileSync(path), before);
  assertEquals(directory.list(), ["docs.bin"]);
  // Another file with the same name is left unchanged.
  Deno.writeFileSync(directory.file("new"), concatenate([before, more]));
  Deno.renameSync(directory.file("new"), path);
  Deno.writeTextFileSync(journal, JSON.stringify(unfinished));
  writeBinFile(path, [], { append: true });
  assertEquals(Deno.readFileSync(path), concatenate([before, more]));
});

Deno.test("a new file appears when it is closed, and an old one stays until then", () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("docs.bin");
  const first = new DocWriter(path, { codec: "none" });
  first.write(new Doc("a", "1"));
  first.flush();
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  first.close();
  const second = new DocWriter(path, { codec: "none", force: true });
  second.write(new Doc("b", "2"));
  second.flush();
  assertEquals(outline(readBinFile(path)), outline([new Doc("a", "1")]));
  second.discard();
  second.close();
  assertEquals(outline(readBinFile(path)), outline([new Doc("a", "1")]));
  assertEquals(directory.list(), ["docs.bin"]);
});

Deno.test("appending keeps the checksums beside a file, and replacing it removes them", async () => {
  using directory = new TemporaryDirectory();
  const target = directory.file("docs.bin");
  const names = ["docs.bin", `docs.bin${SUMS_SUFFIX}`];
  await repack({ source: fixture("none.bin"), target, sums: true });
  writeBinFile(target, numberedDocs(1), { append: true });
  assertEquals(directory.list(), names);
  new DocWriter(target, { force: true }).discard();
  assertEquals(directory.list(), names);
  writeBinFile(target, numberedDocs(1), { force: true });
  assertEquals(directory.list(), ["docs.bin"]);
});
