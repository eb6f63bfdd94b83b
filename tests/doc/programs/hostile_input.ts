/**
 * Reads input that claims or becomes much more than it is, and prints as JSON
 * by how many megabytes each way of reading it made the process grow.
 *
 * Needs `--v8-flags=--expose-gc`. Arguments: <bombs | claims | windows>
 */
import { crc32 } from "node:zlib";
import {
  type CodecName,
  codecNames,
  compress,
  compressionStream,
  createDecoder,
  decompress,
  decompressionStream,
} from "../../../codec/mod.ts";
import {
  DocReader,
  docStream,
  encodeRecord,
  repack,
} from "../../../doc/mod.ts";
import { concat } from "../../support/bytes.ts";
import { peakGrowth } from "../../support/peak_growth.ts";
import { fixture, TemporaryDirectory } from "../../support/files.ts";

const { gc } = globalThis as unknown as { gc(): void };
const grown: Record<string, number> = {};

/** Work to measure, which may end in an error of the library. */
type Work = () => unknown;

/** Does work. @returns The library's error, if it ended in one. */
async function quietly(work: Work): Promise<Error | undefined> {
  try {
    await work();
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith("Cannot")) throw error;
    return error as Error;
  }
}

async function measure(name: string, work: Work): Promise<void> {
  gc();
  const growth = await peakGrowth(async () => void await quietly(work));
  grown[name] = Math.round(growth / 1e6);
}

/** Does work that has to end in an error about a limit. */
async function expectLimit(name: string, work: Work): Promise<void> {
  const error = await quietly(work);
  if (!/limit/.test(error?.message ?? "")) {
    throw new Error(`${name} does not stop: ${error}`);
  }
}

async function readAll(
  file: Uint8Array,
  options: { codec: CodecName; maxSize?: number },
): Promise<void> {
  for await (const _ of docStream(ReadableStream.from([file]), options));
}

/** 200 MB of zeros, compressed. */
async function bombOf(codec: CodecName): Promise<Uint8Array<ArrayBuffer>> {
  const zeros = new Uint8Array(1 << 20);
  const stream = ReadableStream.from(Array.from({ length: 200 }, () => zeros))
    .pipeThrough(compressionStream(codec));
  return concat(...await Array.fromAsync(stream));
}

const cases: Record<string, (directory: TemporaryDirectory) => Promise<void>> =
  {
    async bombs(directory) {
      const maxSize = 1 << 20;
      for (const codec of codecNames) {
        if (codec === "none" || codec === "zip") continue;
        const bomb = await bombOf(codec);
        const file = encodeRecord(new Uint8Array([107]), bomb);
        const path = directory.file(codec);
        Deno.writeFileSync(path, file);
        const measureLimit = (name: string, work: Work) =>
          measure(name, () => expectLimit(name, work));
        await measureLimit(
          `${codec} decompress`,
          () => decompress(bomb, codec, { maxSize }),
        );
        await measureLimit(`${codec} DocReader`, () => {
          using reader = new DocReader(file, { codec, maxSize });
          reader.read();
        });
        await measureLimit(
          `${codec} docStream`,
          () => readAll(file, { codec, maxSize }),
        );
        const job = {
          source: path,
          target: `${path}.out`,
          sourceCodec: codec,
          maxSize,
          force: true,
          workers: 1,
        };
        await measureLimit(`${codec} repack`, () => repack(job));
        await measure(`${codec} repack, skipping errors`, async () => {
          const { skipped } = await repack({ ...job, skipErrors: true });
          if (!/limit/.test(skipped[0]?.reason)) {
            throw new Error(`${codec} is not reported`);
          }
        });
        await measure(`${codec} stream`, async () => {
          let passed = 0;
          const stream = ReadableStream.from([bomb])
            .pipeThrough(decompressionStream(codec));
          for await (const { length } of stream) {
            // What is held counts, not what waits to be collected.
            if ((passed += length) < 1 << 23) continue;
            passed = 0;
            gc();
          }
        });
      }
    },

    async claims(directory) {
      const header = new Uint8Array([1, 0, 0, 0, 107, 0, 0, 0, 0x40]);
      const claim = concat(header, Deno.readFileSync(fixture("none.bin")));
      await measure("DocReader", () => {
        using reader = new DocReader(claim, { codec: "none" });
        reader.read();
      });
      await measure("docStream", async () => {
        const slowly = ReadableStream.from(async function* () {
          for (let at = 0; at < 20_000; at += 1000) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            yield claim.subarray(at, at + 1000);
          }
        }());
        for await (const _ of docStream(slowly));
      });
      for (const packageCodec of ["none", "gzip", "zstd"] as const) {
        const source = directory.file(packageCodec);
        Deno.writeFileSync(source, compress(claim, packageCodec));
        for (const skipErrors of [false, true]) {
          const target = `${source}.out`;
          const sourceCodec = "none";
          await measure(`repack ${packageCodec} ${skipErrors}`, () =>
            repack({
              ...{ source, target, sourceCodec, skipErrors },
              ...{ force: true, workers: 1 },
            }));
        }
      }
    },

    async windows() {
      const claims: Partial<Record<CodecName, Uint8Array>> = {
        // A window of 128 MiB, then a raw block of one byte that is the last.
        zstd: Uint8Array.fromHex("28b52ffd008809000061"),
        // A block size of 900 kB.
        bzip2: compress(new Uint8Array(100), "bzip2").with(3, 0x39),
        xz: xzWithLargeDictionary(),
      };
      for (const [name, bytes] of Object.entries(claims)) {
        const codec = name as CodecName;
        await measure(`${codec} document`, () => decompress(bytes, codec));
        await measure(`${codec} stream`, () => {
          const decoder = createDecoder(codec);
          decoder.push(bytes, true, () => {});
          decoder.close?.();
        });
      }
    },
  };

/** An xz stream whose block header claims a dictionary of 3 GiB. */
function xzWithLargeDictionary(): Uint8Array {
  const xz = compress(new Uint8Array(100), "xz");
  const header = xz.subarray(12, 12 + (xz[12] + 1) * 4);
  // The filter is LZMA2 (0x21), with one byte of properties: the dictionary's size.
  const filter = header.findIndex((byte, i) =>
    byte === 0x21 && header[i + 1] === 1
  );
  header[filter + 2] = 39;
  const size = header.length - 4;
  new DataView(header.buffer, header.byteOffset)
    .setUint32(size, crc32(header.subarray(0, size)), true);
  return xz;
}

// What is loaded and compiled once does not count.
const content = Deno.readFileSync(fixture("none.bin"));
for (const codec of codecNames) decompress(compress(content, codec), codec);

using directory = new TemporaryDirectory();
await cases[Deno.args[0]](directory);
console.log(JSON.stringify(grown));
