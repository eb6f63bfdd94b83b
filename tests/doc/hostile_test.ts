/** Input that claims or becomes much more than it is must not take the memory for it. */
import { assert } from "@std/assert";
import { runScript } from "../support/bytes.ts";
import { fixture } from "../support/files.ts";

const root = new URL("../..", import.meta.url).href;

/** More than this must no input take, in megabytes. */
const LIMIT = 64;

/** Runs cases in a process of its own. @returns By how many megabytes each made it grow. */
async function growths(cases: string): Promise<Record<string, number>> {
  return JSON.parse(
    await runScript(
      `
      import { compress, codecNames, createDecoder, decompress,
        decompressionStream, OutputLimitError } from "${root}codec/mod.ts";
      import { DocReader, docStream, encodeRecord, repack }
        from "${root}doc/mod.ts";
      import { concat, peakGrowth } from "${root}tests/support/bytes.ts";
      const fixture = Deno.readFileSync("${fixture("none.bin")}");
      const directory = Deno.makeTempDirSync();
      const grown = {};
      const quietly = async (work) => {
        try { await work(); } catch (error) {
          if (!error.message.startsWith("Cannot")) throw error;
          return error;
        }
      };
      // What is loaded and compiled once does not count.
      for (const codec of codecNames) {
        decompress(compress(fixture, codec), codec);
      }
      const measure = async (name, work) => {
        gc();
        grown[name] = Math.round(await peakGrowth(() => quietly(work)) / 1e6);
      };
      ${cases}
      Deno.removeSync(directory, { recursive: true });
      console.log(JSON.stringify(grown));
    `,
      ["--allow-all", "--v8-flags=--expose-gc"],
    ),
  );
}

function assertSmall(grown: Record<string, number>): void {
  for (const [name, megabytes] of Object.entries(grown)) {
    // A block of bzip2 is 46 MB at most, which are there twice for a moment.
    const limit = name === "bzip2 stream" ? 2 * LIMIT : LIMIT;
    assert(megabytes <= limit, `${name} took ${megabytes} MB`);
  }
}

Deno.test("decompression bombs stop at the limit, wherever they come in", async () => {
  const grown = await growths(`
    const maxSize = 1 << 20;
    for (const codec of codecNames) {
      if (codec === "none" || codec === "zip") continue;
      // 200 MB of zeros.
      const parts = [];
      const zeros = new Uint8Array(1 << 20);
      await new ReadableStream({
        start(controller) { this.left = 200; },
        pull(controller) {
          if (this.left-- > 0) controller.enqueue(zeros);
          else controller.close();
        },
      }).pipeThrough((await import("${root}codec/mod.ts")).compressionStream(codec))
        .pipeTo(new WritableStream({ write: (part) => void parts.push(part) }));
      const bomb = concat(...parts);
      const file = encodeRecord(new Uint8Array([107]), bomb);
      const path = directory + "/" + codec;
      Deno.writeFileSync(path, file);
      const expectLimit = async (work) => {
        const error = await quietly(work);
        if (!/limit/.test(error?.message)) throw new Error(codec + " does not stop: " + error);
      };
      await measure(codec + " decompress", () =>
        expectLimit(() => decompress(bomb, codec, { maxSize })));
      await measure(codec + " DocReader", () => expectLimit(() => {
        using reader = new DocReader(file, { codec, maxSize });
        reader.read();
      }));
      await measure(codec + " docStream", () => expectLimit(async () => {
        const docs = docStream(ReadableStream.from([file]), { codec, maxSize });
        for await (const _ of docs);
      }));
      for (const skipErrors of [false, true]) {
        await measure(codec + " repack " + skipErrors, async () => {
          const work = () => repack({ source: path, target: path + ".out",
            sourceCodec: codec, maxSize, skipErrors, force: true, workers: 1 });
          if (!skipErrors) return expectLimit(work);
          const { skipped } = await work();
          if (!/limit/.test(skipped[0]?.reason)) throw new Error(codec + " is not reported");
        });
      }
      await measure(codec + " stream", async () => {
        let pieces = 0;
        const stream = ReadableStream.from([bomb]).pipeThrough(decompressionStream(codec));
        for await (const _ of stream) {
          // What is held counts, not what waits to be collected.
          if (++pieces % 64 === 0) gc();
        }
      });
    }
  `);
  assertSmall(grown);
});

Deno.test("what a header claims is not allocated before it has arrived", async () => {
  const grown = await growths(`
    const claim = concat(new Uint8Array([1, 0, 0, 0, 107, 0, 0, 0, 0x40]), fixture);
    const path = directory + "/claim";
    Deno.writeFileSync(path, claim);
    await measure("DocReader", () => {
      using reader = new DocReader(claim, { codec: "none" });
      reader.read();
    });
    await measure("docStream", async () => {
      const slowly = (async function* () {
        for (let at = 0; at < 20_000; at += 1000) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield claim.subarray(at, at + 1000);
        }
      })();
      for await (const _ of docStream(ReadableStream.from(slowly)));
    });
    for (const packageCodec of ["none", "gzip", "zstd"]) {
      const packed = path + packageCodec;
      Deno.writeFileSync(packed, compress(claim, packageCodec));
      for (const skipErrors of [false, true]) {
        await measure("repack " + packageCodec + " " + skipErrors, () =>
          repack({ source: packed, target: packed + ".out", sourceCodec: "none",
            skipErrors, force: true, workers: 1 }));
      }
    }
  `);
  assertSmall(grown);
});

Deno.test("large windows, dictionaries and blocks are not allocated before there is something to fill them", async () => {
  const grown = await growths(`
    const hex = (text) => Uint8Array.from(text.match(/../g), (byte) => parseInt(byte, 16));
    const claims = {
      // A window of 128 MiB, then a raw block of one byte that is the last.
      zstd: hex("28b52ffd008809000061"),
      // A block size of 900 kB.
      bzip2: compress(new Uint8Array(100), "bzip2").with(3, 0x39),
    };
    // A dictionary of 3 GiB: byte 16 of the header is its size, then comes the checksum of the header.
    const xz = compress(new Uint8Array(100), "xz");
    const view = new DataView(xz.buffer);
    const size = (xz[12] + 1) * 4;
    const at = 12 + xz.subarray(12, 12 + size).findIndex((byte, i, all) => byte === 0x21 && all[i + 1] === 1) + 2;
    xz[at] = 39;
    const { crc32 } = await import("node:zlib");
    view.setUint32(12 + size - 4, crc32(xz.subarray(12, 12 + size - 4)), true);
    claims.xz = xz;
    for (const [codec, bytes] of Object.entries(claims)) {
      await measure(codec + " document", () => decompress(bytes, codec));
      await measure(codec + " stream", () => {
        const decoder = createDecoder(codec);
        decoder.push(bytes, true, () => {});
        decoder.close?.();
      });
    }
  `);
  assertSmall(grown);
});
