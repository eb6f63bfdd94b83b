/**
 * What is fuzzed. To add a target, add an entry to {@linkcode targets}: valid
 * inputs to start from, and a function that may throw only errors of binfiles.
 */
import {
  type Codec,
  CodecError,
  type CodecName,
  codecs,
  compress,
  type Engine,
  listEngines,
} from "../../codec/mod.ts";
import { engines as brotliEngines } from "../../codec/brotli/engine.ts";
import { engines as bzip2Engines } from "../../codec/bzip2/engine.ts";
import { engines as gzipEngines } from "../../codec/gzip/engine.ts";
import { engines as lz4Engines } from "../../codec/lz4/engine.ts";
import { engines as xzEngines } from "../../codec/xz/engine.ts";
import { engines as zstdEngines } from "../../codec/zstd/engine.ts";
import { fflateEngine } from "../../codec/gzip/fflate.ts";
import { fzstdEngine } from "../../codec/zstd/fzstd.ts";
import { createLz4jsEngine } from "../../codec/lz4/lz4js.ts";
import {
  detectSource,
  DocReader,
  docStream,
  encodeRecord,
  memorySource,
  readTar,
  RecordError,
  TarError,
} from "../../doc/mod.ts";
import lz4js from "lz4js";
import { packTar } from "../support/modern_tar.ts";
import { concat, randomBytes, text } from "../support/bytes.ts";
import { repackInMemory, tilingProblem } from "../support/damage.ts";
import type { Random } from "./random.ts";

/** Code that reads untrusted bytes. */
export interface Target {
  name: string;
  /** How many inputs it gets for each one of gzip's decoder: slow targets get fewer. */
  share: number;
  /** Valid inputs. */
  seeds(): Uint8Array[];
  /**
   * Reads an input. Throwing anything but an error of binfiles is a failure.
   *
   * @param random For choices such as where to split a stream.
   */
  run(input: Uint8Array, random: Random): void | Promise<void>;
}

/** Limit of decompressed sizes, in bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

const documents = [
  new Uint8Array(0),
  text(3),
  text(200),
  text(3000, 2),
  randomBytes(500),
  new Uint8Array(20_000),
];

function file(codec: CodecName): Uint8Array {
  return concat(...documents.map((document, i) => {
    const key = new TextEncoder().encode(`doc-${i}`);
    return encodeRecord(key, compress(document, codec));
  }));
}

/** The decompressor of an engine, for whole documents, and its decoder, for streams. */
function decoderTargets(codec: Codec, engine: Engine, share: number): Target[] {
  const seeds = () => [
    ...documents.map((document) => compress(document, codec.name)),
    concat(...[1, 2].map((i) => compress(documents[i], codec.name))),
  ];
  const name = `${codec.name}/${engine.name}`;
  const targets: Target[] = [];
  if (engine.createDecompressor !== undefined) {
    const decompressor = engine.createDecompressor();
    targets.push({
      name: `${name} documents`,
      share,
      seeds,
      run(input) {
        for (let room = 1024; room <= MAX_SIZE; room *= 8) {
          const output = new Uint8Array(room);
          if (decompressor.decompress(input, output, 0) !== undefined) return;
        }
      },
    });
  }
  if (engine.createDecoder !== undefined) {
    targets.push({
      name: `${name} streams`,
      share: share / 2,
      seeds,
      run(input, random) {
        const decoder = engine.createDecoder!();
        let size = 0;
        try {
          for (let at = 0; at < input.length && size <= MAX_SIZE;) {
            const end = at + 1 + random.below(1024);
            const chunk = input.subarray(at, end);
            decoder.push(chunk, false, (bytes) => size += bytes.length);
            at = end;
          }
          if (size <= MAX_SIZE) {
            decoder.push(new Uint8Array(0), true, () => {});
          }
        } finally {
          decoder.close?.();
        }
      },
    });
  }
  return targets;
}

const portable: Partial<Record<string, Engine>> = {
  gzip: fflateEngine,
  zstd: fzstdEngine,
  lz4: createLz4jsEngine(lz4js),
};

/** The engines of each codec. */
const ownEngines: Record<string, readonly Engine[]> = {
  gzip: gzipEngines,
  bzip2: bzip2Engines,
  brotli: brotliEngines,
  lz4: lz4Engines,
  xz: xzEngines,
  zstd: zstdEngines,
};

const usable = listEngines().filter(({ decompresses }) => decompresses);

/** An archive with every kind of entry that has fields of its own. */
const archive = await packTar([
  { header: { name: "short.txt", size: 200 }, body: text(200) },
  { header: { name: "directory", type: "directory", size: 0 } },
  { header: { name: `${"long/".repeat(60)}name`, size: 3 }, body: text(3) },
  { header: { name: "link", type: "symlink", linkname: "short.txt", size: 0 } },
  { header: { name: "unicode 键", size: 3000 }, body: text(3000, 2) },
]);

/** Shares of the slow decoders. */
const shares: Partial<Record<string, number>> = {
  "bzip2/binfiles": 0.2,
  "xz/binfiles": 0.2,
  "brotli/binfiles": 0.3,
  "lz4/lz4js": 0.1,
};

/** All targets. */
export const targets: readonly Target[] = [
  {
    name: "records",
    share: 1,
    seeds: () => [file("none"), concat(...documents)],
    run(input) {
      using reader = new DocReader(input, { codec: "none" });
      let end = 0;
      for (const { key, content } of reader) {
        end += 8 + key.length + content.length;
        if (end !== reader.position || end > input.length) {
          throw new Error(`position ${reader.position} after ${end} bytes`);
        }
      }
    },
  },
  {
    name: "stream of records",
    share: 0.3,
    seeds: () => [file("none")],
    async run(input, random) {
      const chunks = ReadableStream.from(function* () {
        for (let at = 0; at < input.length;) {
          const end = at + 1 + random.below(4096);
          yield input.subarray(at, end);
          at = end;
        }
      }());
      for await (const _ of docStream(chunks)) { /* Reading is all. */ }
    },
  },
  {
    name: "detection",
    share: 0.3,
    seeds: () => (["none", "gzip", "brotli"] as const).map(file),
    run: (input) => void detectSource(memorySource(input)),
  },
  {
    name: "tar archives",
    share: 0.3,
    seeds: () => [archive, compress(archive, "gzip")],
    async run(input) {
      let left = 0;
      await readTar([input], {
        entry({ size }) {
          left = size;
          return true;
        },
        content: (bytes) => left -= bytes.length,
        end() {
          if (left !== 0) {
            throw new Error(`${left} bytes of an entry are missing`);
          }
        },
      });
    },
  },
  ...(["none", "gzip", "brotli", "zstd"] as const).map((codec): Target => ({
    name: `skipping damage of ${codec}`,
    share: 0.2,
    seeds: () => [file(codec)],
    async run(input, random) {
      const blockSize = 256 << random.below(8);
      const outcome = await repackInMemory(input, codec, true, {
        blockSize,
        maxSize: MAX_SIZE,
      });
      const problem = tilingProblem(outcome, input.length);
      if (problem !== undefined) throw new Error(problem);
    },
  })),
  ...codecs
    .filter(({ name }) => name !== "none" && name !== "zip")
    .flatMap((codec) => {
      const engines = ownEngines[codec.name].filter(({ name }) =>
        usable.some((info) => info.codec === codec.name && info.engine === name)
      );
      const other = portable[codec.name];
      if (other !== undefined) engines.push(other);
      return engines.flatMap((engine) =>
        decoderTargets(
          codec,
          engine,
          shares[`${codec.name}/${engine.name}`] ?? 1,
        )
      );
    }),
];

/** Whether an error is one that invalid input may cause. */
export function isExpected(error: unknown): boolean {
  return error instanceof CodecError ||
    error instanceof RecordError || error instanceof TarError;
}
