/** Reading packages, the standard input and damaged files record by record. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fileURLToPath } from "node:url";
import fc from "../support/fast_check.ts";
import {
  type CodecName,
  codecNames,
  codecs,
  compress,
} from "../../codec/mod.ts";
import {
  type ByteSource,
  Doc,
  DocReader,
  FileError,
  memorySource,
  openInput,
  RecordError,
  RecordScanner,
} from "../../doc/mod.ts";
import { packageSource } from "../../doc/source/sequential_source.ts";
import {
  assertSameBytes,
  concat,
  randomBytes,
  text,
} from "../support/bytes.ts";
import { runProgram } from "../support/run_program.ts";
import {
  fixture,
  numberedDocs,
  outline,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Codecs that packages can have. */
const packageCodecs = codecNames.filter((codec) => codec !== "none");

/** A bin file in memory. */
function binFile(
  docs: Doc[],
  codec: CodecName = "none",
): Uint8Array<ArrayBuffer> {
  using directory = new TemporaryDirectory();
  writeBinFile(directory.file("docs.bin"), docs, { codec });
  return Deno.readFileSync(directory.file("docs.bin"));
}

Deno.test("a reader reads packages of every codec like plain files", () => {
  const docs = numberedDocs(300);
  for (const codec of packageCodecs) {
    for (const contents of ["none", "zstd"] as const) {
      using reader = new DocReader(compress(binFile(docs, contents), codec));
      assertEquals(outline(reader), outline(docs), `${contents} in ${codec}`);
      reader.position = 0;
      assertEquals(reader.read()?.name, "key-0");
    }
  }
});

Deno.test("offsets in a package are those of its decompressed content", () => {
  const plain = binFile(numberedDocs(50));
  using direct = new DocReader(plain);
  using packaged = new DocReader(compress(plain, "gzip"));
  const entries = [...direct.entries()];
  assertEquals([...packaged.entries()], entries);
  for (const { offset, key } of entries.toReversed()) {
    packaged.position = offset;
    assertEquals(packaged.read()?.key, key);
  }
});

Deno.test("a package can be read at any position in any order", () => {
  const plain = text(300_000);
  const source = packageSource(memorySource(compress(plain, "xz")), "xz");
  const range = fc.tuple(fc.nat(310_000), fc.nat(100_000));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), (ranges) => {
      for (const [position, length] of ranges) {
        const bytes = new Uint8Array(length + 2);
        const count = source.read(bytes, 1, length, position);
        const expected = plain.subarray(position, position + length);
        assertSameBytes(bytes.subarray(1, 1 + count), expected);
        assertEquals([bytes[0], bytes[1 + count]], [0, 0]);
      }
    }),
    { numRuns: 50 },
  );
  assertEquals(source.size, plain.length);
  source.close();
  source.close();
});

Deno.test("seeking back further than the kept window decompresses a package from its start again", () => {
  const plain = concat(text(1000), new Uint8Array(60_000_000), text(1000, 2));
  const packed = memorySource(compress(plain, "zstd"));
  const source = packageSource(packed, "zstd");
  const bytes = new Uint8Array(1000);
  for (let i = 0; i < 2; i++) {
    assertEquals(source.read(bytes, 0, 1000, 60_001_000), 1000);
    assertSameBytes(bytes, text(1000, 2));
    assertEquals(source.read(bytes, 0, 1000, 0), 1000);
    assertSameBytes(bytes, text(1000));
  }
  source.close();
});

/** Incompressible documents. */
function noisyDocs(count: number): Doc[] {
  return Array.from(
    { length: count },
    (_, i) => new Doc(`${i}`, randomBytes(5000, 2 * i + 1)),
  );
}

Deno.test("a damaged package gives every document before the damage, then an error with its position", () => {
  const docs = noisyDocs(200);
  for (const { name: codec, concatenable } of codecs) {
    if (codec === "none") continue;
    // Where a package may be several streams, the second one is cut.
    const parts = concatenable ? [docs.slice(0, 120), docs.slice(120)] : [docs];
    const packed = concat(
      ...parts.map((part) => compress(binFile(part), codec)),
    );
    using reader = new DocReader(packed.subarray(0, 0.75 * packed.length));
    const read: Doc[] = [];
    const error = assertThrows(() => {
      for (const doc of reader) read.push(doc);
    }, RecordError);
    assert(error.message.includes("the package is corrupt"), error.message);
    assert(read.length >= 120, `${codec}: ${read.length}`);
    assertEquals(outline(read), outline(docs.slice(0, read.length)));
  }
});

Deno.test("openInput opens a path as a plain file, and closes its source after errors", () => {
  const { source, codec, packageCodec } = openInput(fixture("xz.bin"));
  assertEquals([codec, packageCodec], ["xz", "none"]);
  source.close();
  assertThrows(() => openInput(fixture("missing.bin")), FileError, "missing");
  let closed = 0;
  const broken: ByteSource = {
    size: 10,
    read() {
      throw new FileError("x", "no");
    },
    close: () => closed++,
  };
  assertThrows(() => openInput(broken), FileError, "no");
  assertEquals(closed, 1);
});

/** Keys that a scanner with recovery finds, and the regions that it skips. */
function recover(bytes: Uint8Array, codec: "none" | "gzip", from = 0) {
  const ranges: { offset: number; size: number; reason: string }[] = [];
  const { source } = openInput(memorySource(bytes), { codec });
  const scanner = new RecordScanner(source, {
    skipErrors: true,
    codec,
    onSkip: (range) => ranges.push(range),
  });
  scanner.position = from;
  const keys: string[] = [];
  while (scanner.next()) keys.push(scanner.name());
  scanner[Symbol.dispose]();
  return { keys, ranges };
}

Deno.test("a scanner with recovery finds what the strict one finds in undamaged files", () => {
  for (const codec of ["none", "gzip"] as const) {
    const bytes = binFile(numberedDocs(400), codec);
    const strict: string[] = [];
    const scanner = new RecordScanner(memorySource(bytes));
    while (scanner.next()) strict.push(scanner.name());
    scanner[Symbol.dispose]();
    assertEquals(recover(bytes, codec), { keys: strict, ranges: [] });
    const packed = compress(bytes, "lz4");
    assertEquals(recover(packed, codec), { keys: strict, ranges: [] });
  }
});

Deno.test("recovery skips only damaged records, in plain files and packages", () => {
  const docs = numberedDocs(400);
  const bytes = binFile(docs, "gzip");
  using reader = new DocReader(bytes);
  const entries = [...reader.entries()];
  const { offset, end } = entries[200];
  bytes[offset + 1] ^= 0x40;
  const expected = docs.map(({ name }) => name).filter((_, i) => i !== 200);
  for (const file of [bytes, compress(bytes, "xz")]) {
    const { keys, ranges } = recover(file, "gzip");
    assertEquals(keys, expected);
    assertEquals(ranges.map(({ offset, size }) => [offset, size]), [
      [offset, end - offset],
    ]);
  }
});

Deno.test("recovery keeps the records before the damage of a package, and reports the damage once", () => {
  const docs = noisyDocs(100);
  const packed = compress(binFile(docs), "zstd");
  const cut = packed.subarray(0, packed.length - 200_000);
  const { keys, ranges } = recover(cut, "none");
  assert(keys.length > 20 && keys.length < 100, `${keys.length}`);
  assertEquals(keys, docs.slice(0, keys.length).map(({ name }) => name));
  const last = ranges.at(-1)!;
  assert(last.reason.includes("the package is corrupt"), last.reason);
  assert(ranges.length <= 2, "the cut record, and the rest");
});

Deno.test("rejecting a record whose content is corrupt recovers the records that it overlapped", () => {
  const docs = numberedDocs(30);
  const bytes = binFile(docs, "gzip");
  using reader = new DocReader(bytes);
  const entries = [...reader.entries()];
  // The size of record 10 is changed so that it ends where record 12 ends.
  const { offset, key } = entries[10];
  const lie = entries[12].end - offset - key.length - 8;
  new DataView(bytes.buffer).setInt32(offset + 4 + key.length, lie, true);
  const skipped: number[] = [];
  const scanner = new RecordScanner(memorySource(bytes), {
    skipErrors: true,
    codec: "gzip",
    onSkip: ({ offset }) => skipped.push(offset),
  });
  const keys: string[] = [];
  while (scanner.next()) {
    if (scanner.offset === offset) scanner.reject(new RecordError("corrupt"));
    else keys.push(scanner.name());
  }
  scanner[Symbol.dispose]();
  assertEquals(skipped, [offset]);
  assertEquals(keys, docs.map(({ name }) => name).filter((_, i) => i !== 10));
});

Deno.test("a reader reads the standard input: it seeks in a file, and reads a pipe from start to end", async () => {
  using directory = new TemporaryDirectory();
  const program = fileURLToPath(
    new URL("programs/read_standard_input.ts", import.meta.url),
  );
  const large = directory.file("large.bin");
  const million = randomBytes(1_000_000);
  writeBinFile(
    large,
    Array.from({ length: 50 }, (_, i) => new Doc(`${i}`, million)),
  );
  const runs: [string, string][] = [
    [`cat "$2" | "$0" run -A "$1"`, "32 hello.txt\na\n"],
    [`"$0" run -A "$1" < "$2"`, "32 hello.txt\na\n"],
    [
      `cat "$3" | "$0" run -A "$1"`,
      "50 1\nCannot go back to offset 0 of standard input: " +
      "it can be read only once. Save it to a file first.\n",
    ],
  ];
  for (const [command, expected] of runs) {
    const { stdout } = await new Deno.Command("sh", {
      args: [
        ...["-c", command, Deno.execPath(), program],
        ...[fixture("bzip2.bin"), large],
      ],
      env: { NO_COLOR: "1", FORCE_COLOR: "" },
    }).output();
    assertEquals(new TextDecoder().decode(stdout), expected);
  }
});

Deno.test("reading a package takes memory independent of its decompressed size", async () => {
  const peak = await runProgram(
    new URL("programs/read_large_package.ts", import.meta.url),
    ["5000"],
  );
  const [count, megabytes] = peak.split(" ").map(Number);
  assertEquals(count, 5000);
  assert(megabytes < 150, `${megabytes} MB for 500 MB of records`);
});
