import { assert, assertEquals, assertThrows } from "@std/assert";
import { SpoolFile } from "../../doc/job/spool_file.ts";
import { Doc, FileError, repack } from "../../doc/mod.ts";
import { TemporaryDirectory, writeBinFile } from "../support/files.ts";

const MIB = 1024 * 1024;

Deno.test("a spool file returns what was written, across segments and at several positions", () => {
  using directory = new TemporaryDirectory();
  using writer = new SpoolFile(directory.file("spool"), "write");
  using reader = new SpoolFile(directory.file("spool"), "read");
  const bytes = new Uint8Array(1000).map((_, i) => i * 7);
  const places = [0, 64 * MIB - 500, 64 * MIB + 500, 200 * MIB - 1];
  for (const place of places) writer.write(bytes, place);
  const back = new Uint8Array(1000);
  for (const place of places.toReversed()) {
    reader.read(back, 0, 1000, place);
    assertEquals(back, bytes);
  }
  writer.removeBefore(64 * MIB);
  assertEquals(directory.list(), ["spool.1", "spool.3"]);
  writer.removeBefore(191 * MIB);
  assertEquals(directory.list(), ["spool.3"]);
  reader.read(back, 0, 1000, places[3]);
  assertEquals(back, bytes);
  assertThrows(() => reader.read(back, 0, 1, 0), FileError, "Cannot read");
});

Deno.test("while a large package is unpacked, what was read is removed from the disk", async () => {
  using directory = new TemporaryDirectory();
  const plain = directory.file("plain.bin");
  const source = directory.file("source.bin.zst");
  const target = directory.file("target.bin");
  const large = new Uint8Array(60 * MIB);
  writeBinFile(
    plain,
    Array.from({ length: 6 }, (_, i) => new Doc(`${i}`, large)),
    { codec: "none" },
  );
  await repack({ source: plain, target: source, packageCodec: "zstd" });
  Deno.removeSync(plain);
  let wasRemoved = false;
  const watch = setInterval(() => {
    const segments = directory.list()
      .map((name) => /\.tmp\.(\d+)$/.exec(name)?.[1])
      .filter((segment) => segment !== undefined);
    wasRemoved ||= segments.length > 0 && !segments.includes("0");
  }, 2);
  const { documents } = await repack({ source, target, targetCodec: "zstd" })
    .finally(() => clearInterval(watch));
  assertEquals(documents, 6);
  assert(wasRemoved);
  assertEquals(directory.list(), ["source.bin.zst", "target.bin"]);
});
