/** Compatibility with the reference programs, in both directions. */
import { assert, assertEquals } from "@std/assert";
import { type CodecName, compress, decompress } from "../../codec/mod.ts";
import { DocReader, repack } from "../../doc/mod.ts";
import {
  fixture,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";
import { isMissing } from "../support/is_missing.ts";

/** Programs by codec; all of them take these options. */
const programs: [CodecName, string][] = [
  ["gzip", "gzip"],
  ["bzip2", "bzip2"],
  ["xz", "xz"],
  ["lz4", "lz4"],
  ["zstd", "zstd"],
  ["brotli", "brotli"],
];

/** Sends bytes through a program. */
async function filter(
  program: string,
  option: "-dc" | "-c",
  input: Uint8Array,
): Promise<Uint8Array> {
  const child = new Deno.Command(program, {
    args: [option],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    writer.write(input).then(() => writer.close()),
  ]);
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

for (const [codec, program] of programs) {
  const ignore = isMissing(program);

  Deno.test({
    name:
      `${program} decompresses every record that binfiles writes with ${codec}`,
    ignore,
    async fn() {
      using directory = new TemporaryDirectory();
      const source = fixture("none.bin");
      const target = directory.file("target.bin");
      await repack({ source, target, targetCodec: codec });
      using plain = new DocReader(source, { codec: "none" });
      using packed = new DocReader(target, { codec: "none" });
      for (const { name, content } of plain) {
        const record = packed.read()!;
        assertEquals(record.name, name);
        assertEquals(await filter(program, "-dc", record.content), content);
      }
    },
  });

  Deno.test({
    name:
      `${program} unpacks a file of several blocks that binfiles packages with ${codec}`,
    ignore,
    async fn() {
      using directory = new TemporaryDirectory();
      const source = directory.file("source.bin");
      const target = directory.file("target.bin");
      // More than one block of 4 MiB, so that several streams follow each other.
      writeBinFile(source, numberedDocs(7000));
      await repack({ source, target, packageCodec: codec, workers: 2 });
      const unpacked = await filter(program, "-dc", Deno.readFileSync(target));
      const original = Deno.readFileSync(source);
      assertEquals(unpacked.length, original.length);
      assert(unpacked.every((byte, i) => byte === original[i]));
    },
  });

  Deno.test({
    name: `binfiles decompresses what ${program} compresses`,
    ignore,
    async fn() {
      for (const { content } of numberedDocs(12)) {
        const packed = await filter(program, "-c", content);
        assertEquals(decompress(packed, codec), content);
      }
      const large = Deno.readFileSync(fixture("none.bin"));
      assertEquals(
        decompress(await filter(program, "-c", large), codec),
        large,
      );
    },
  });

  Deno.test({
    name: `${program} reads every level of ${codec}`,
    ignore,
    async fn() {
      const content = numberedDocs(40).at(-1)!.content;
      const last = codec === "zstd" ? 19 : codec === "brotli" ? 11 : 9;
      for (let level = 1; level <= last; level++) {
        const packed = compress(content, codec, { level });
        assertEquals(await filter(program, "-dc", packed), content);
      }
    },
  });
}
