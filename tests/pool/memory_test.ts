/** The purpose of the pool: no work for the garbage collector. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import {
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Pressure {
  collections: number;
  /** Growth of the heap, and of the memory outside of it, in bytes. */
  heap: number;
  external: number;
}

async function pressure(
  kind: "pooled" | "original",
  codec: string,
  count: number,
): Promise<Pressure> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--v8-flags=--expose-gc,--trace-gc",
      `${root}tests/pool/programs/gc_pressure.ts`,
      ...[kind, codec, String(count)],
    ],
  }).output();
  assert(success);
  const output = new TextDecoder().decode(stdout);
  return {
    collections: output.match(/Scavenge|Mark-Compact/g)?.length ?? 0,
    ...JSON.parse(/\{"heap".*\}/.exec(output)![0]),
  };
}

for (const codec of ["gzip", "zstd", "lz4"]) {
  Deno.test(`thousands of documents through pooled ${codec} leave the garbage collector idle`, async () => {
    const few = await pressure("pooled", codec, 5_000);
    const many = await pressure("pooled", codec, 50_000);
    assert(many.collections <= few.collections + 2, JSON.stringify(many));
    assert(many.heap < 1e6 && many.external < 1e6, JSON.stringify(many));
    const original = await pressure("original", codec, 20_000);
    assert(
      original.collections > 2 * many.collections,
      `${many.collections} collections with the pool, ` +
        `${original.collections} without, for fewer documents`,
    );
  });
}

/** Counts the collections of a repack, all threads taken together. */
async function collections(source: string, target: string): Promise<number> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--v8-flags=--trace-gc",
      `${root}cli/repack.ts`,
      ...[source, target, "-i", "none", "-t", "lz4", "-w", "2", "-f", "-q"],
    ],
  }).output();
  assert(success);
  return new TextDecoder().decode(stdout).match(/Scavenge|Mark-Compact/g)
    ?.length ?? 0;
}

Deno.test("ten times the documents do not make a repack collect more garbage", async () => {
  using directory = new TemporaryDirectory();
  const docs = numberedDocs(40);
  const write = (name: string, times: number) => {
    const path = directory.file(name);
    writeBinFile(path, Array.from({ length: times }, () => docs).flat());
    return path;
  };
  const target = directory.file("target.bin");
  const few = await collections(write("few.bin", 250), target);
  const many = await collections(write("many.bin", 2500), target);
  assert(many <= few + 4, `${few} collections became ${many}`);
  assertEquals(directory.list().length, 3);
});
