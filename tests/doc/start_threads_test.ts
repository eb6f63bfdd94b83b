/** Jobs where worker threads cannot be started: the calling thread does everything. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  merge,
  packageFiles,
  repack,
  repackDirectory,
  scan,
} from "../../doc/mod.ts";
import {
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** A module that does not exist. */
const workerUrl = new URL("programs/missing.ts", import.meta.url);

const COUNT = 12_000;

/** A directory with a bin file, a package of it, and files. */
async function sources(directory: TemporaryDirectory) {
  const source = directory.file("source.bin");
  writeBinFile(source, numberedDocs(COUNT));
  const archive = directory.file("source.bin.gz");
  await repack({ source, target: archive, packageCodec: "gzip", workers: 1 });
  return { source, archive, target: directory.file("target.bin") };
}

/** Runs a job twice, with threads that do not start and with one thread, and compares what it writes. */
async function compare(
  target: string,
  job: (
    options: {
      workers: number;
      workerUrl?: URL;
      force: true;
      onWarning(message: string): void;
    },
  ) => Promise<unknown>,
) {
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  await job({ workers: 1, force: true, onWarning });
  const expected = Deno.readFileSync(target);
  assertEquals(warnings, []);
  await job({ workers: 3, workerUrl, force: true, onWarning });
  assertEquals(Deno.readFileSync(target), expected);
  assertEquals(warnings.length, 1);
  assertMatch(
    warnings[0],
    /^Cannot start a worker thread \(.*\): the calling thread works alone\. In a bundle, specify `workerUrl`\.$/s,
  );
}

Deno.test("a file is repacked where threads cannot be started", async () => {
  using directory = new TemporaryDirectory();
  const { source, target } = await sources(directory);
  await compare(
    target,
    (options) => repack({ ...options, source, target, targetCodec: "gzip" }),
  );
});

Deno.test("a package is repacked where threads cannot be started", async () => {
  using directory = new TemporaryDirectory();
  const { archive, target } = await sources(directory);
  await compare(
    target,
    (options) =>
      repack({ ...options, source: archive, target, targetCodec: "lz4" }),
  );
  assertEquals(directory.list(), ["source.bin", "source.bin.gz", "target.bin"]);
});

Deno.test("files are merged where threads cannot be started", async () => {
  using directory = new TemporaryDirectory();
  const { source, archive, target } = await sources(directory);
  // Each source is a job of its own, but the first failure is enough to know.
  const warnings: string[] = [];
  const { documents } = await merge({
    sources: [source, archive],
    target,
    targetCodec: "gzip",
    workers: 3,
    workerUrl,
    onWarning: (warning) => void warnings.push(warning),
  });
  assertEquals(documents, 2 * COUNT);
  assertEquals(new Set(warnings).size, 1);
});

Deno.test("files are packaged where threads cannot be started", async () => {
  using directory = new TemporaryDirectory();
  const folder = directory.file("folder");
  Deno.mkdirSync(folder);
  for (let i = 0; i < 300; i++) {
    Deno.writeFileSync(`${folder}/${i}`, new Uint8Array(20_000).fill(i));
  }
  const target = directory.file("target.bin");
  await compare(
    target,
    (options) => packageFiles({ ...options, source: folder, target }),
  );
  assertEquals(directory.list(), ["folder", "target.bin"]);
});

Deno.test("a package is scanned where threads cannot be started", async () => {
  using directory = new TemporaryDirectory();
  const { archive } = await sources(directory);
  const warnings: string[] = [];
  const { documents } = await scan({
    source: archive,
    workers: 3,
    workerUrl,
    onWarning: (warning) => void warnings.push(warning),
  });
  assertEquals([documents, warnings.length], [COUNT, 1]);
});

Deno.test("a directory is repacked where threads cannot be started", async () => {
  using directory = new TemporaryDirectory();
  const folder = directory.file("folder");
  Deno.mkdirSync(folder);
  for (let i = 0; i < 8; i++) {
    writeBinFile(`${folder}/${i}.bin`, numberedDocs(100));
  }
  const warnings: string[] = [];
  const { results } = await repackDirectory({
    source: folder,
    target: directory.file("target"),
    workers: 3,
    workerUrl,
    onWarning: (warning) => void warnings.push(warning),
  });
  assertEquals(results.map(({ documents }) => documents), Array(8).fill(100));
  assertEquals(warnings.length, 1);
});
