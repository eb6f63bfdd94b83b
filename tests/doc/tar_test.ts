import { decodeKey } from "../../doc/bytes.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import { packTar, type TarEntry as Packed } from "../support/modern_tar.ts";
import { codecNames, compress } from "../../codec/mod.ts";
import { readTar, TarError, type TarOptions } from "../../doc/mod.ts";
import { concat, randomBytes } from "../support/bytes.ts";
import { TemporaryDirectory } from "../support/files.ts";

/** Entries as `type name: content`, and the offsets at which they start. */
async function read(
  chunks: Iterable<Uint8Array>,
  options?: TarOptions,
): Promise<{ entries: string[]; offsets: number[] }> {
  const entries: string[] = [];
  const offsets: number[] = [];
  let current = "";
  await readTar(chunks, {
    entry({ type, name, offset }) {
      offsets.push(offset);
      current = `${type} ${decodeKey(name)}: `;
      return true;
    },
    content: (bytes) => void (current += decodeKey(bytes)),
    end: () => void entries.push(current),
  }, options);
  return { entries, offsets };
}

/** Splits bytes into chunks. */
function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.slice(at, at + size);
  }
}

/** An archive of files, written by an independent library. */
function pack(files: Record<string, string>): Promise<Uint8Array> {
  return packTar(
    Object.entries(files).map(([name, body]): Packed => ({
      header: { name, size: new TextEncoder().encode(body).length },
      body,
    })),
  );
}

/** Changes fields of a header and corrects its checksum. */
function forge(
  archive: Uint8Array,
  fields: Record<number, string>,
  header = 0,
): Uint8Array {
  const forged = archive.slice();
  const block = forged.subarray(header, header + 512);
  const write = (at: number, text: string) =>
    new TextEncoder().encodeInto(text, block.subarray(at));
  for (const [at, text] of Object.entries(fields)) write(Number(at), text);
  write(148, "        ");
  const sum = block.reduce((sum, byte) => sum + byte);
  write(148, sum.toString(8).padStart(6, "0") + "\0 ");
  return forged;
}

const LONG = `${"directory/".repeat(30)}${"name".repeat(50)}.html`;

Deno.test("an archive is read the same from chunks of any size", async () => {
  const archive = await pack({
    "a.txt": "A",
    [LONG]: "long",
    "é/文": "",
    z: "Z",
  });
  const expected = [
    "file a.txt: A",
    `file ${LONG}: long`,
    "file é/文: ",
    "file z: Z",
  ];
  for (const size of [1, 100, 511, 512, 513, 100_000]) {
    assertEquals((await read(cut(archive, size))).entries, expected);
  }
});

Deno.test("any files in an archive are read as they were written", async () => {
  const names = fc.string({ minLength: 1, maxLength: 300 })
    .map((name) => name.replace(/[\0/]/g, "_").toWellFormed());
  await fc.assert(fc.asyncProperty(
    fc.dictionary(
      names,
      fc.string({ maxLength: 2000 }).map((s) => s.toWellFormed()),
    ),
    async (files) => {
      const { entries } = await read([await pack(files)]);
      assertEquals(
        entries,
        Object.entries(files).map(([name, body]) => `file ${name}: ${body}`),
      );
    },
  ));
});

Deno.test("a compressed archive is recognized by its first bytes, whatever the codec", async () => {
  const archive = await pack({ "a.txt": "A".repeat(5000), b: "B" });
  const expected = (await read([archive])).entries;
  for (const codec of codecNames) {
    const bytes = compress(archive, codec);
    assertEquals((await read(cut(bytes, 100))).entries, expected, codec);
    assertEquals((await read([bytes], { codec })).entries, expected, codec);
  }
  const br = compress(await pack({ a: "1" }), "brotli");
  assertEquals((await read([br], { file: "x.tar.br" })).entries, ["file a: 1"]);
});

Deno.test("an archive whose first name looks like a magic number is not mistaken for a compressed one", async () => {
  const archive = await pack({ "BZh91AY&SY": "content" });
  assertEquals((await read([archive])).entries, ["file BZh91AY&SY: content"]);
});

Deno.test("archives of GNU tar are read in all its formats", async () => {
  using directory = new TemporaryDirectory();
  const source = directory.file("source");
  Deno.mkdirSync(`${source}/${"deep/".repeat(25)}`, { recursive: true });
  const deep = `${"deep/".repeat(25)}${"n".repeat(120)}`;
  Deno.writeTextFileSync(`${source}/${deep}`, "deep");
  Deno.writeTextFileSync(`${source}/file`, "file");
  Deno.symlinkSync("file", `${source}/link`);
  Deno.linkSync(`${source}/file`, `${source}/other`);
  const sparse = Deno.openSync(`${source}/sparse`, {
    create: true,
    write: true,
  });
  for (let i = 0; i < 50; i++) {
    sparse.seekSync(i * 1_000_000, Deno.SeekMode.Start);
    sparse.writeSync(new Uint8Array(4096).fill(65));
  }
  sparse.close();
  for (const format of ["gnu", "posix"]) {
    const args = [`--format=${format}`, "--sparse", "--sort=name", "-cf", "-"];
    const { success, stdout } = await tar([...args, "-C", source, "."]);
    if (!success) return; // No GNU tar here; other tests write what it does.
    const { entries } = await read([stdout]);
    const files = entries.filter((entry) => !entry.startsWith("directory"));
    assertEquals(
      // A sparse file is stored as a map of its holes and the data between them.
      files.map((entry) => entry.replace(/^(sparse file .*?: )[^]*/, "$1")),
      [
        `file ./${deep}: deep`,
        "file ./file: file",
        "symbolic link ./link: ",
        "hard link ./other: ",
        "sparse file ./sparse: ",
      ],
      format,
    );
  }
});

async function tar(
  args: string[],
): Promise<{ success: boolean; stdout: Uint8Array }> {
  try {
    return await new Deno.Command("tar", { args, stderr: "null" }).output();
  } catch {
    return { success: false, stdout: new Uint8Array(0) };
  }
}

Deno.test("names that are not UTF-8 keep their bytes", async () => {
  const archive = forge(await pack({ "caf_": "x" }), {});
  archive[3] = 0xe9;
  const names: Uint8Array[] = [];
  await readTar([forge(archive, {})], {
    entry: ({ name }) => names.push(name) < 0,
  });
  assertEquals(names, [new Uint8Array([99, 97, 102, 0xe9])]);
});

Deno.test("concatenated archives are read as one", async () => {
  const both = concat(await pack({ a: "1" }), await pack({ b: "2" }));
  assertEquals((await read([both])).entries, ["file a: 1", "file b: 2"]);
});

Deno.test("an archive cut anywhere is an error, after the entries before the cut", async () => {
  const archive = await pack({ a: "1", b: "2".repeat(1000), c: "3" });
  // An archive ends with two blocks of zeros; one is enough.
  for (let size = 0; size <= archive.length - 1024; size += 64) {
    const error = await assertRejects(
      () => read([archive.subarray(0, size)], { file: "x.tar" }),
      TarError,
      "Cannot read the tar archive x.tar at offset",
    );
    assert(error.offset <= size);
  }
  const seen: string[] = [];
  await assertRejects(() =>
    readTar([archive.subarray(0, 1600)], {
      entry: ({ name }) => seen.push(decodeKey(name)) < 0,
    }), TarError);
  assertEquals(seen, ["a", "b"]);
});

Deno.test("a damaged header is an error with its offset", async () => {
  const archive = await pack({ a: "1", b: "2" });
  archive[1024] ^= 1;
  const error = await assertRejects(() => read([archive]), TarError);
  assertEquals([error.offset, error.reason], [
    1024,
    "wrong header checksum",
  ]);
});

Deno.test("damage in a compressed archive is an error that names the file and the codec", async () => {
  const bytes = compress(await pack({ a: "1".repeat(100_000) }), "gzip");
  bytes[bytes.length - 5] ^= 1;
  const error = await assertRejects(
    () => read([bytes], { file: "a.tar.gz" }),
    TarError,
  );
  assertStringIncludes(error.message, "a.tar.gz");
  assertStringIncludes(error.message, "gzip");
});

Deno.test("a file that is not an archive is reported as such", async () => {
  for (const bytes of [randomBytes(2000), new TextEncoder().encode("<html>")]) {
    await assertRejects(() => read([bytes]), TarError);
  }
  await assertRejects(
    () => read([randomBytes(2000)]),
    TarError,
    "not a tar archive",
  );
  await assertRejects(() => read([]), TarError, "the archive is empty");
});

Deno.test("sizes in headers are checked before they are used", async () => {
  const archive = await pack({ a: "1" });
  const cases: [Record<number, string>, string][] = [
    [{ 124: "77777777777\0" }, "unexpected end of data"],
    [{ 124: "7777777777x\0" }, "invalid size"],
    [{ 124: "\x7f\x7f" }, "invalid size"],
    [
      { 156: "L", 124: "77777777777\0" },
      "invalid header extension size 8589934591",
    ],
    [{ 156: "x", 124: "00000000001\0" }, "corrupt pax header"],
  ];
  for (const [fields, reason] of cases) {
    await assertRejects(() => read([forge(archive, fields)]), TarError, reason);
  }
  const negative = archive.slice();
  negative.fill(0xff, 124, 136);
  await assertRejects(
    () => read([forge(negative, {})]),
    TarError,
    "invalid size",
  );
});

Deno.test("a damaged pax header is an error, not ignored", async () => {
  const records = [
    "99 path=short\n",
    "0 path=a\n",
    "-5 path=a\n",
    "13 path=abcdef",
    "10 pathabc\n",
    "x",
    "1e1 path=a\n",
    "13 size=1x34\n",
  ];
  for (const record of records) {
    const pax = forge(await pack({ x: record }), { 156: "x" });
    const archive = concat(pax.subarray(0, 1024), await pack({ a: "1" }));
    await assertRejects(() => read([archive]), TarError, undefined, record);
  }
});

Deno.test("changing any bytes of an archive never causes a hang or an error other than TarError", async () => {
  const archive = await pack({ [LONG]: "1".repeat(700), b: "2", "文/é": "3" });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), {
        maxLength: 5,
      }),
      fc.boolean(),
      async (changes, repairs) => {
        const damaged = archive.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          await read([repairs ? forge(damaged, {}) : damaged], {
            codec: "none",
          });
        } catch (error) {
          if (!(error instanceof TarError)) throw error;
        }
      },
    ),
    { numRuns: 1000 },
  );
});
